"""The pages show values with their uncertainty, and escape what they did not write."""

from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd

from hall2net.figures.style import left_out, save
from hall2net.report.comparison import comparison_table
from hall2net.report.overview import overview_page
from hall2net.report.page import render
from hall2net.study.figures import figure_of
from hall2net.study.published import published_numbers

REPORT = Path(__file__).parents[2] / "workflow/report"
FACTS = {"label": "<b>film</b>", "spacer": "none", "thickness_nm": 0, "width_um": 5,
         "length_um": 30, "stack_nm": 15, "heavy_metal_nm": 9, "ferromagnet_nm": 6}  # fmt: skip
PUBLISHED = published_numbers(REPORT.parents[1] / "reference/published.yaml")
LUT = pd.DataFrame(
    {"state": [1, 2], "resistance_ohm": [0.33, 0.57], "resistance_u_ohm": [4e-4, 7e-4],
     "level": [-1.0, 1.0]}
)  # fmt: skip
RUN = {
    "run": "mlp-mnist-lut6-std-paper-seed0", "network": {"model": "mlp"}, "source": "MNIST",
    "precision": "lut6", "mapping": "std", "recipe": "paper", "seed": 0, "epochs": 50,
    "settings": {"average_epochs": 2},
    "test_accuracy": 0.9, "test_images": 10_000, "stand_in": False,
}  # fmt: skip


def page(tables, comparison=None, confusion=None, figures=None, study="ruo2", runs=(RUN,)):
    if comparison is None:
        comparison = pd.DataFrame(
            {"study": [study] * 2, "quantity": ["torque.theta_sh_t0p5", "r"],
             "published": ["0.36", "1"], "ours": ["0.358", "2"], "ours_u": [0.001, None],
             "ratio": [0.994, 2.0], "z": [-0.7, 12.3], "tolerance": ["10 %", "10 %"],
             "independent": [True, True], "verdict": ["agrees", "differs"],
             "source": ["torque.csv", ""], "remark": ["", ""]}
        )  # fmt: skip
    return overview_page(
        (REPORT / "overview.html.j2").read_text(encoding="utf-8"),
        {study: {"data_source": "emulated raw data", "samples": {"a": FACTS}}},
        {study: tables},
        comparison,
        PUBLISHED,
        pd.DataFrame() if confusion is None else confusion,
        list(runs),
        {study: figures or []},
        "laptop",
    )


def test_the_page_says_what_was_found_and_where_from():
    torque = pd.DataFrame(
        {"sample": ["a"], "theta_sh": [0.3581], "theta_sh_u": [0.0013], "j_c_a_m2": [7.36e10],
         "j_c_u_a_m2": [2e8]}
    )  # fmt: skip
    found = page({"lut": LUT, "torque": torque})
    for words in (
        "emulated raw data", "0.358(1)", "0.736(2)", "0.3300(4)", "MNIST",
        "2 here: 1 agrees, 1 differs, 0 cannot tell",
        "&lt;b&gt;film&lt;/b&gt;", "laptop", "spin Hall angle, 0.5 nm", "5 × 30",
        # sqrt(0.9 * 0.1 / 10000) is 0.3 points.
        "90.0(3)", "Not compared",
    ):  # fmt: skip
        assert words in found, words
    assert "<b>film</b>" not in found


def test_a_study_without_torque_shows_its_hall_loops():
    temperatures = np.arange(240.0, 330, 10)
    r = np.where(temperatures > 275, 0.075, -0.075)
    loops = pd.DataFrame(
        {"sample": "a", "kind": "ahe_loop", "status": "ok", "temperature_k": temperatures,
         "r_ahe_ohm": r, "r_ahe_u_ohm": 1e-3, "h_c_oe": 4000 / abs(temperatures - 275),
         "h_c_u_oe": 1.0, "h_step_u_oe": 0.5}
    )  # fmt: skip
    found = page({"lut": LUT, "loops": loops}, study="own")
    for words in ("T_M (K)", "0.075(1)", "160(1)", "275(3)"):
        assert words in found, words


def test_matrices_and_figures_are_shown(tmp_path):
    path = tmp_path / "fig4a_states.png"
    matplotlib.image.imsave(path, np.zeros((10, 1000)))
    confusion = pd.DataFrame(
        {"matrix": ["S1a"], "network": ["float32"], "epoch_printed": [25], "epoch": [2],
         "accuracy_printed": [0.8669], "accuracy": [0.8], "cells_beyond_noise": [7],
         "cells": [100], "largest": ["cat told as dog: 1 printed, 90 ours"], "p_matrix": [1e-9]}
    )  # fmt: skip
    found = page({"lut": LUT}, confusion=confusion, figures=[path])
    for words in ("86.69", "7 of 100", "cat told as dog", "1e-09", 'alt="fig4a_states"', "360px"):
        assert words in found, words
    assert figure_of("fig4a_states").caption in found


def test_what_was_refused_flagged_or_left_out_is_listed_with_its_reason(tmp_path):
    reasons = {"ok": "", "refused": "one-sided sweep", "flagged": "noisy"}
    switching = pd.DataFrame(
        {"id": [f"loop_{k}" for k in range(90)], "sample": "a", "status": [*reasons] * 30}
    )
    switching["reason"] = switching["status"].map(reasons)
    path = tmp_path / "fig3b_field_free_switching.png"
    reason = "no field-free switching loop"
    save(left_out(name=path.stem, reason=reason), path, tmp_path / "a.pdf", reason)
    found = page({"lut": LUT, "switching": switching}, figures=[path])
    for words in ("loop_1<", "one-sided sweep", "noisy", "loop_59<", path.stem, reason):
        assert f">{words}" in found, words
    assert "the first 40 of 60" in found
    assert "loop_0<" not in found and "loop_61<" not in found
    assert f'alt="{path.stem}"' not in found


def compared(*verdicts):
    return pd.DataFrame(
        {"study": "ruo2", "quantity": [f"q{k}" for k in range(len(verdicts))], "published": "1",
         "ours": "1", "ours_u": np.nan, "ratio": 1.0, "z": 0.0, "tolerance": "10 %",
         "verdict": verdicts, "independent": [verdict == "agrees" for verdict in verdicts],
         "source": "", "remark": ""}
    )  # fmt: skip


def test_the_first_sentence_counts_independent_numbers_only():
    found = page({"lut": LUT}, compared(*["recovered"] * 30, "not recovered"))
    assert "No number here is independent of the papers" in found
    assert "31 published numbers, and 30 of them are recovered" in found
    assert "agree within" not in found
    found = page({"lut": LUT}, compared("recovered", "agrees", "contradicted by the emulation"))
    assert "1 here: 1 agrees, 0 differs, 0 cannot tell" in found
    assert "that the emulation contradicts: 1." in found
    assert 'class="contradicted-by-the-emulation"' in found


def test_stand_in_accuracies_have_a_table_of_their_own():
    drawn = RUN | {"stand_in": True, "source": "stand-in data: drawn shapes", "run": "drawn",
                   "test_accuracy": 0.8}  # fmt: skip
    confusion = pd.DataFrame(
        {"matrix": ["S1a"], "network": ["float32"], "epoch_printed": [25], "epoch": [2],
         "run": ["drawn"], "accuracy_printed": [0.8669], "accuracy": [0.8],
         "cells_beyond_noise": [7], "cells": [100], "largest": ["x"], "p_matrix": [1e-9]}
    )  # fmt: skip
    found = page({"lut": LUT}, confusion=confusion, runs=[RUN, drawn])
    real, _, stand_in = found.partition('id="stand-in"')
    assert "90.0(3)" in real and "90.0(3)" not in stand_in
    assert "80.0(4)" in stand_in and "80.0(4)" not in real
    assert "86.69" not in found


def test_headlines_are_published_numbers():
    table = comparison_table(PUBLISHED, {"cotb": {}, "ruo2": {}}, {}, provenance={})
    found = page({"lut": LUT}, comparison=table.assign(ours_u=np.nan))
    headlines = [number for number in PUBLISHED if number.headline and number.study == "ruo2"]
    assert len(headlines) == 12
    for number in headlines:
        assert f"<td>{number.headline}</td>" in found


def test_provenance_names_versions_and_files():
    content = {
        "machine": "x86_64", "cpu_cores": 2, "python": "3.12.1", "versions": {"numpy": "2.4.0"},
        "training_seconds": {"a": 12.34, "b": 7.0},
    }  # fmt: skip
    template = (REPORT / "provenance.html.j2").read_text(encoding="utf-8")
    files = {"cotb": [{"file": "<i>.csv", "sha256": "ab" * 32}]}
    found = render(template, files=files, **content)
    for words in ("numpy 2.4.0", "12.3", "<td>19</td>", "&lt;i&gt;.csv", "abab", "1 files"):
        assert words in found, words
