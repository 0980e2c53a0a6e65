"""The report shows values with their uncertainty, and escapes what it did not write."""

from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from hall2net.errors import FileError
from hall2net.figures.style import left_out, measured, save
from hall2net.networks.runs import Run
from hall2net.report.claims import Claim, number_rows, read_claims
from hall2net.report.comparison import comparison_table
from hall2net.report.facts import merit_table
from hall2net.report.page import render
from hall2net.report.study_report import StudyFacts, report_page
from hall2net.report.trainings import accuracy_rows
from hall2net.report.verdict import MEANINGS
from hall2net.study.figures import STAGES, all_figures, figure_of
from hall2net.study.published import PublishedNumber, published_numbers

ROOT = Path(__file__).parents[2]
FACTS = {"label": "<b>film</b>", "spacer": "none", "thickness_nm": 0, "width_um": 5,
         "length_um": 30, "stack_nm": 15, "heavy_metal_nm": 9, "ferromagnet_nm": 6}  # fmt: skip
PUBLISHED = published_numbers(ROOT / "reference/published.yaml")
CLAIMS = read_claims(ROOT / "reference/claims.yaml")
LUT = pd.DataFrame(
    {"state": [1, 2], "resistance_ohm": [0.33, 0.57], "resistance_u_ohm": [4e-4, 7e-4],
     "level": [-1.0, 1.0]}
)  # fmt: skip
METRICS = {
    "run": "mlp-mnist-lut6-std-paper-seed0", "network": {"model": "mlp"}, "source": "MNIST",
    "precision": "lut6", "mapping": "std", "recipe": "paper", "seed": 0, "epochs": 50,
    "settings": {"average_epochs": 2},
    "test_accuracy": 0.9, "test_images": 10_000, "stand_in": False,
}  # fmt: skip


def trained(wrong=range(1000), **more):
    """A training that takes these test images for others."""
    accuracy = {"test_accuracy": 1 - len(wrong) / METRICS["test_images"]}
    images = pd.DataFrame({"image": list(wrong)})
    nothing = pd.DataFrame()
    return Run(nothing, {}, nothing, images, METRICS | accuracy | more)


def row(quantity="q", verdict="agrees", **more):
    """A row of the comparison."""
    return {
        "study": "ruo2", "quantity": quantity, "published": "1", "ours": "1", "ours_u": np.nan,
        "ours_sys": np.nan, "ratio": 1.0, "z": 0.0, "tolerance": "10 %", "verdict": verdict,
        "independent": verdict == "agrees", "source": "", "remark": "",
    } | more  # fmt: skip


def page(tables, comparison=None, confusion=None, figures=(), study="ruo2", runs=None, **more):
    if comparison is None:
        comparison = pd.DataFrame(
            [row("torque.theta_sh_t0p5", published="0.36", ours="0.358", ours_u=0.001,
                 ours_sys=0.012, ratio=0.994, z=-0.2),
             row("torque.jc_reduction_t0p5", "differs", ours="2", z=12.3)]
        ).assign(study=study, independent=True)  # fmt: skip
    facts = {"data_source": "emulated raw data", "raw_files": 7, "kinds": {"ahe_loop": 5}}
    facts |= {"samples": {"a": FACTS}, "tables": tables, "figures": figures} | more
    return report_page(
        {study: StudyFacts(**facts)},
        comparison,
        PUBLISHED,
        CLAIMS,
        pd.DataFrame() if confusion is None else confusion,
        [trained()] if runs is None else runs,
        scale="laptop",
        folder="results",
    )


def test_the_page_says_what_was_found_and_where_from():
    torque = pd.DataFrame(
        {"sample": ["a"], "theta_sh": [0.3581], "theta_sh_u": [0.0013], "j_c_a_m2": [7.36e10],
         "j_c_u_a_m2": [2e8]}
    )  # fmt: skip
    found = page({"lut": LUT, "torque": torque})
    for words in (
        "emulated raw data", "0.358(1)", "0.358 ± 0.001 ± 0.012", "0.736(2)", "0.3300(4)", "MNIST",
        "Hall loops: 5", "not measured on a device", "−0.2", "12.3",
        "2 here: 1 agrees, 1 differs, 0 cannot tell",
        "&lt;b&gt;film&lt;/b&gt;", "laptop", "spin Hall angle, 0.5 nm", "5 × 30",
        # sqrt(0.9 * 0.1 / 10000) is 0.3 points.
        "90.0(3)", "Not compared: no training",
    ):  # fmt: skip
        assert words in found, words
    assert "<b>film</b>" not in found


def test_a_study_without_torque_shows_its_hall_loops():
    temperatures = np.arange(240.0, 330, 10)
    r = np.where(temperatures > 275, 0.075, -0.075)
    loops = pd.DataFrame(
        {"sample": "a", "kind": "ahe_loop", "status": "ok", "temperature_k": temperatures,
         "r_ahe_ohm": r, "r_ahe_u_ohm": 1e-3, "h_c_oe": 4000 / abs(temperatures - 275),
         "h_c_u_oe": 1.0, "h_step_u_oe": 0.5, "reason": ""}
    )  # fmt: skip
    compensation = pd.DataFrame(
        {"sample": ["a"], "t_m_k": [275.0], "t_m_u_k": [0.1], "t_m_sys_k": [4.0]}
    )
    parts = {"field calibration": 0.3, "field step": -0.4}
    systematics = pd.DataFrame(
        [{"sample": "a", "quantity": "h_c_oe", "value": 160.0, "source": source, "kind": "model",
          "sigma": 1.0, "sigma_unit": "%", "known": "model", "common": False, "change": change,
          "fraction": change**2 / 0.25} for source, change in parts.items()]
    )  # fmt: skip
    tables = {"loops": loops, "compensation": compensation, "systematics": systematics}
    found = page({"lut": LUT, **tables}, study="own")
    # H_c is that of 300 K; its systematic parts add in squares.
    for words in ("T_M (K)", "75(1)", "160.0 ± 1.0 ± 0.5", "275.0 ± 0.1 ± 4.0"):
        assert words in found, words


@pytest.mark.parametrize("empty", ["", np.nan])
def test_a_bound_is_shown_as_one(empty):
    merit = pd.DataFrame(
        [
            ("distinguishable_states", 31.0, np.nan, "at most", "1", "of the states"),
            ("misread_rate", 0.002, np.nan, "at least", "1", "of the reads"),
            ("dynamic_range", -0.24, 0.004, empty, "Ω", "highest less lowest"),
            ("drift", np.nan, np.nan, empty, "1/decade", "not measured"),
        ],
        columns=["quantity", "value", "value_u", "bound", "unit", "definition"],
    )
    assert [row[:3] for row in merit_table(merit)["rows"]] == [
        ["distinguishable states", "at most 31", ""],
        ["misread rate", "at least 0.002", ""],
        ["dynamic range", "−0.240(4)", "Ω"],
    ]


def picture(folder, name):
    path = folder / f"{name}.png"
    matplotlib.image.imsave(path, np.zeros((10, 1000)))
    return path


def test_a_figure_has_its_caption_its_files_and_its_width_in_print(tmp_path):
    path = picture(tmp_path, "fig4a_states")
    found = page({"lut": LUT}, figures=[path], sources={str(path): ["results/ruo2/lut.csv"]})
    for words in ("fig4a_states.pdf", "fig4a_states.png", 'href="ruo2/lut.csv"', "--mm: 85"):
        assert words in found, words
    assert figure_of("fig4a_states").caption in found
    # The claim that it shows has its picture too, from the same bytes.
    assert 'data-of="ruo2-fig4a_states"' in found and found.count("data:image/png") == 1


def test_a_figure_of_many_files_lists_them_folded(tmp_path):
    path = picture(tmp_path, "figS6_training_loss")
    runs = [f"results/networks/laptop/run{k}/history.csv" for k in range(20)]
    found = page({"lut": LUT}, figures=[path], sources={str(path): runs})
    assert "20 files behind it" in found and 'href="networks/laptop/run7/history.csv"' in found


def test_matrices_are_judged_where_there_are_two_seeds():
    confusion = pd.DataFrame(
        {"matrix": ["S1a", "S1b"], "network": ["float32"] * 2, "epoch_printed": [25, 75],
         "epoch": [25, 75], "accuracy_printed": [0.8669, 0.9], "accuracy": [0.8, 0.9],
         "pairs": [3, 0], "dispersion": [1.25, np.nan], "cells_beyond_noise": [7, np.nan],
         "cells": [100, 100], "largest": ["cat classified as dog: 1 printed, 90 ours"] * 2}
    )  # fmt: skip
    found = page({"lut": LUT}, confusion=confusion)
    for words in ("86.69", "1.25", "7 of 100", "cat classified as dog", "not judged: one seed"):
        assert words in found, words


def test_what_was_refused_flagged_decided_or_left_out_is_listed_with_its_reason(tmp_path):
    reasons = {"ok": "", "refused": "one-sided sweep", "flagged": "noisy"}
    switching = pd.DataFrame(
        {"id": [f"loop {k}" for k in range(90)], "sample": "a", "status": [*reasons] * 30}
    )
    switching["reason"] = switching["status"].map(reasons)
    switching.loc[2, "reason"] = "residuals are 2.5 times the noise"
    switching.loc[5, "reason"] = "residuals are 1.3e-05 times the noise"
    path = tmp_path / "fig3b_field_free_switching.png"
    reason = "no field-free switching loop"
    save(left_out(name=path.stem, reason=reason), path, tmp_path / "a.pdf", reason)
    decision = {"id": "loop 1", "decision": "leave_out", "value": None, "reason": "bad contact",
                "who": "R. T.", "date": ""}  # fmt: skip
    found = page({"lut": LUT, "switching": switching}, figures=[path], decisions=[decision])
    for words in ("loop 89", "one-sided sweep", "noisy", path.stem, reason, "bad contact", "R. T."):
        assert f">{words}" in found, words
    # All of them, each with its way to the inspector, in one row where the words are the same.
    assert found.count('href="ruo2/inspector.html#loop%20') == 60 + 1
    assert found.count(">one-sided sweep<") == 1 and "30 rows" in found and "28 rows" in found
    assert ">residuals are … times the noise<" in found and "1.3e-05 times" in found
    assert "<td>30</td><td>30</td><td>30</td>" in found
    assert f'id="ruo2-{path.stem}"' not in found


def test_the_first_sentence_counts_independent_numbers_only():
    found = page({"lut": LUT}, pd.DataFrame([row(verdict="recovered")] * 30
                                            + [row(verdict="not recovered")]))  # fmt: skip
    assert "No number here is independent of the papers" in found
    assert "31 published numbers, and 30 of them are recovered" in found
    assert "agree within" not in found
    verdicts = ("recovered", "agrees", "contradicted by the emulation")
    found = page({"lut": LUT}, pd.DataFrame([row(verdict=verdict) for verdict in verdicts]))
    assert "1 here: 1 agrees, 0 differs, 0 cannot tell" in found
    assert "that the emulation contradicts: 1." in found
    assert all(MEANINGS[verdict] in found for verdict in verdicts)


def test_stand_in_accuracies_have_a_table_of_their_own():
    drawn = trained(
        range(2000), stand_in=True, source="stand-in data: drawn shapes",
        run="mlp-fashion_mnist-lut6-std-paper-seed0",
    )  # fmt: skip
    confusion = pd.DataFrame(
        {"matrix": ["S1a"], "network": ["float32"], "epoch": [2], "run": [str(drawn.name)],
         "accuracy_printed": [0.8669], "accuracy": [0.8]}
    )  # fmt: skip
    found = page({"lut": LUT}, confusion=confusion, runs=[trained(), drawn])
    real, _, stand_in = found.partition('id="stand-in"')
    assert "90.0(3)" in real and "90.0(3)" not in stand_in
    assert "80.0(4)" in stand_in and "80.0(4)" not in real
    assert "86.69" not in found


def test_accuracies_are_means_over_seeds_and_costs_are_paired():
    def run(precision, seed, wrong):
        mapping = "none" if precision == "float32" else "std"
        name = f"mlp-mnist-{precision}-{mapping}-paper-seed{seed}"
        return trained(wrong, run=name, seed=seed)

    # All seeds lose about 2 points, though they differ by 1 point among themselves. The device
    # misclassifies what float32 does, and more.
    ideal = [run("float32", seed, range(wrong)) for seed, wrong in enumerate([300, 200, 100])]
    device = [run("lut6", seed, range(wrong)) for seed, wrong in enumerate([500, 410, 320])]
    float32, lut6 = accuracy_rows(ideal + device)
    assert (float32["accuracy"], float32["cost"], float32["seeds"]) == ("98(1)", "", 3)
    # 2.0, 2.1, 2.2 points: mean 2.1, standard error 0.1 / sqrt(3).
    assert (lut6["accuracy"], lut6["cost"]) == ("95.9(9)", "2.10(6)")
    one = accuracy_rows([ideal[0], device[0]])
    # 200 of 10,000 images differ, all for the worse: sqrt(200 - 4) / 100 points.
    assert one[1]["cost"] == "2.0(1), one seed" and one[1]["accuracy"] == "95.0(2)"


def test_every_claim_has_its_figure_and_its_numbers():
    quantities = [number.quantity for number in PUBLISHED]
    for study, claims in CLAIMS.items():
        for claim in claims:
            assert figure_of(claim.figure).study in (None, study)
            carried = [one for one in PUBLISHED if one.study == study and claim.carries(one)]
            assert carried and all(number.headline for number in carried), claim.words
            for name in claim.numbers:
                assert any(f"{one}.".startswith(f"{name}.") for one in quantities), name


def test_every_figure_has_a_stage():
    assert {one.family for one in all_figures().values()} <= set(STAGES)


def test_claims_show_their_numbers():
    table = comparison_table(PUBLISHED, {"cotb": {}, "ruo2": {}}, {}, provenance={})
    found = page({"lut": LUT}, comparison=table)
    numbers = [number for number in PUBLISHED if number.study == "ruo2"]
    headlines = {one.headline for claim in CLAIMS["ruo2"] for one in numbers if claim.carries(one)}
    assert len(headlines) > 18
    for headline in headlines:
        assert f"<td>{headline}" in found
    for claim in CLAIMS["ruo2"]:
        assert claim.words in found
    assert "level of state 3" in found and ">0.3333<" in found


def test_words_of_a_number():
    numbers = [
        PublishedNumber("s.epoch25.ideal", 0.8669, headline="accuracy", percent=True),
        PublishedNumber("s.epoch25.device", 0.8571, headline="accuracy", percent=True),
        PublishedNumber("s.states.1", 0.33, headline="state"),
        PublishedNumber("s.states.2", [0.46, 0.5], headline="state"),
        PublishedNumber("s.switches", True, headline="it switches"),
        PublishedNumber("s.big_j", 2.41e11),
        PublishedNumber("s.not_compared", 1),
    ]  # fmt: skip
    shown = [
        dict(published="0.8669", ours="0.861", ours_u=0.003, ours_sys=0.01,
             tolerance="0.01", z=-2.5),
        dict(published="0.8571", ours="", ours_u=np.nan, tolerance=np.nan, z=np.nan),
        dict(published="0.33", ours="0.3301", ours_u=0.0004),
        dict(published="0.46 to 0.5", ours="0.4 to 0.45"),
        dict(published="true", ours="false"),
        dict(published="2.41e+11", ours="2.4e+11"),
    ]  # fmt: skip
    table = pd.DataFrame(
        [row(one.quantity, **more) for one, more in zip(numbers, shown, strict=False)]
    ).assign(study="s")
    found = number_rows(numbers, table)
    assert [(one["words"], one["published"], one["ours"]) for one in found] == [
        ("accuracy: ideal", "86.69 %", "86.1 ± 0.3 ± 1.0 %"),
        ("accuracy: device", "85.71 %", "–"),
        ("state 1", "0.33", "0.3301(4)"),
        ("state 2", "0.46 to 0.5", "0.4 to 0.45"),
        ("it switches", "yes", "no"),
        ("big j", "2.41 × 10¹¹", "2.4 × 10¹¹"),
    ]
    assert (found[0]["tolerance"], found[0]["z"]) == ("1 points", "−2.5")


@pytest.mark.parametrize(
    ("value", "statistical", "systematic", "words"),
    [
        (38.24, 0.41, 1.9, "38.2 ± 0.4 ± 1.9"),
        (276.04, 0.094, 4.0, "276.0 ± 0.1 ± 4.0"),
        (90.0013, 0.031, 4.5, "90.00 ± 0.03 ± 4.50"),
        (36.5, 0.0001, 4.0, "36.50 ± <0.01 ± 4.00"),
        (-0.35812, 0.0013, 0.0004, "−0.3581 ± 0.0013 ± 0.0004"),
        (275.2, np.nan, 4.0, "275.2 ± 4.0 (systematic)"),
        (275.2, 0.0, 4.0, "275.2 ± 4.0 (systematic)"),
        (275.2, 2.0, np.nan, "275(2)"),
        (275.2, 2.0, 0.0, "275(2)"),
        (0.07504, 8.9e-5, 0.0011, "0.0750 ± 0.0001 ± 0.0011"),
        (1534.0, 120.0, 35.0, "1534 ± 120 ± 35"),
    ],
)
def test_a_value_with_two_kinds_of_uncertainty_shows_both(value, statistical, systematic, words):
    assert measured(value, statistical, systematic=systematic) == words
    assert measured(value, statistical, "K", systematic=systematic) == f"{words} K"


def test_an_entry_that_is_no_claim_is_named(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text("a:\n  - {claim: it works, figure: temperature, number: [x]}\n")
    with pytest.raises(FileError, match=r"claims.yaml.* claim 1 of a has .*expected claim, fig"):
        read_claims(path)
    assert Claim("", "", ("a.b",)).carries(PublishedNumber("s.a.b.c", 1))
    assert not Claim("", "", ("a.b",)).carries(PublishedNumber("s.a.bc", 1))


def test_provenance_names_versions_and_files():
    content = {
        "machine": "x86_64", "cpu_cores": 2, "python": "3.12.1", "versions": {"numpy": "2.4.0"},
        "training_seconds": {"a": 12.34, "b": 7.0},
    }  # fmt: skip
    template = (ROOT / "workflow/report/versions.html.j2").read_text(encoding="utf-8")
    files = {"cotb": [{"file": "<i>.csv", "sha256": "ab" * 32}]}
    found = render(template, files=files, **content)
    for words in ("numpy 2.4.0", "12.3", "<td>19</td>", "&lt;i&gt;.csv", "abab", "1 files"):
        assert words in found, words
