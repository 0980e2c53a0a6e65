"""The whole study at the smallest size: its files, run once more, and its report in a browser."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from browser import browse, in_browser
from project import MINIMAL

HERE = Path(__file__).parent


def figures(project):
    config = yaml.safe_load((project.folder / MINIMAL[1]).read_text(encoding="utf-8"))
    return [
        f"results/{study}/figures/laptop/{name}.{suffix}"
        for study, block in config["studies"].items()
        for name in block["figures"]
        for suffix in ("png", "pdf")
    ]


def test_every_figure_comparison_and_report_is_made(finished):
    for name in [*figures(finished), "results/comparison-laptop.csv"]:
        assert (finished.folder / name).stat().st_size > 0, name
    report = (finished.folder / "results/report-laptop.html").read_text(encoding="utf-8")
    assert "figS8_confusion_mnist" in report
    metrics = json.loads(
        next(
            finished.folder.glob("results/networks/laptop/mlp-mnist-lut6-*/metrics.json")
        ).read_text()
    )
    assert metrics["stand_in"] and "stand-in data" in metrics["source"]


def test_the_loss_attribution_has_every_step_of_its_networks(finished):
    runs = finished.folder / "results/networks/laptop"
    tables = sorted(runs.glob("*/attribution.csv"))
    assert len(tables) == 2
    for path in tables:
        table = pd.read_csv(path).set_index("step")
        # The perceptron alone is trained with evenly spaced states too.
        even = ["evenly spaced states"] if path.parent.name.startswith("mlp") else []
        assert list(table.index) == [
            "float32", *even, "measured states", "programming error", "read noise", "drift",
            "stuck devices",
        ]  # fmt: skip
        metrics = json.loads((path.parent / "metrics.json").read_text())
        expected = pytest.approx(metrics["test_accuracy"])
        assert table.at["measured states", "accuracy"] == expected


def test_a_second_run_has_nothing_to_do(finished):
    done = finished.snakemake(*MINIMAL, "all")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


def test_one_figure_is_made_again_alone(finished):
    figure = finished.folder / "results/ruo2/figures/laptop/fig2f_critical_current.png"
    both = [figure, figure.with_suffix(".pdf")]
    before = [file.read_bytes() for file in both]
    for file in both:
        file.unlink()
    done = finished.snakemake(*MINIMAL, str(figure.relative_to(finished.folder)))
    assert done.returncode == 0, done.stderr
    assert set(finished.planned(done)) == {"figure"}
    assert [file.read_bytes() for file in both] == before


def test_the_published_half_nanometre_film_is_recovered(finished):
    """Efficiency and spin Hall angle within 3 sigma of truth, and the paper's four numbers."""
    truth = json.loads((finished.folder / "raw/ruo2/truth.json").read_text())
    torque = pd.read_csv(finished.folder / "results/ruo2/torque.csv").set_index("sample")
    for name in ("xi_dl_j", "theta_sh"):
        error = torque.at["ruo2_0p5", name] - truth["samples"]["ruo2_0p5"][name]
        assert abs(error) < 3 * torque.at["ruo2_0p5", f"{name}_u"]
    comparison = pd.read_csv(finished.folder / "results/comparison-laptop.csv")
    rows = comparison[comparison["study"] == "ruo2"].set_index("quantity")
    for quantity in (
        "torque.xi_enhancement_t0p5",
        "torque.theta_sh_t0p5",
        "torque.theta_ratio_to_reference",
        "torque.jc_reduction_t0p5",
    ):
        assert rows.at[quantity, "verdict"] == "recovered", rows.loc[quantity]


@in_browser
def test_every_section_opens_and_every_image_is_decoded(finished, tmp_path):
    found = browse(
        finished.folder / "results/report-laptop.html", tmp_path, HERE / "report_check.js"
    )
    sections = ["0 Overview", "1 Hall loops", "2 Torque", "3 Switching", "4 States", "5 Networks"]
    assert sorted(found["sections"]) == sections
    drawn = {path for path in figures(finished) if path.endswith(".png")}
    assert len(found["images"]) == len(drawn)
    assert all(width > 500 for width in found["images"].values())
    assert drawn < set(found["captions"])
    assert not any("System Message" in caption for caption in found["captions"].values())
    for path in drawn:
        caption = found["captions"][path]
        for words in ("Made by rule figure", "from results/", "emulated raw data", "laptop"):
            assert words in caption, path
    for words in ("the study in two minutes", "provenance and run times"):
        assert words in found["pages"]


def number(text):
    found = re.match(r"[−-]?\d+\.?\d*(e[−+-]?\d+)?", text)
    return float(found.group().replace("−", "-")) if found else None


@in_browser
def test_the_overview_shows_its_pictures_and_sorts_its_tables(finished, tmp_path):
    found = browse(
        finished.folder / "results/overview-laptop.html", tmp_path, HERE / "overview_check.js"
    )
    assert len(found["images"]) > 5 and all(width > 500 for width in found["images"])
    for words in ("In short", "cotb", "ruo2", "Networks", "confusion", "Against the papers"):
        assert any(words in heading for heading in found["headings"]), words
    assert len(found["tables"]) >= 10
    numeric = 0
    for column in (column for table in found["tables"] for column in table):
        assert sorted(column["up"]) == sorted(column["before"]) == sorted(column["down"])
        values = [number(text) for text in column["up"]]
        if None not in values and len(set(values)) > 1:
            numeric += 1
            assert values == sorted(values), column["name"]
            down = [number(text) for text in column["down"]]
            assert down == sorted(down, reverse=True), column["name"]
    assert numeric > 20


def test_the_report_asks_for_nothing_from_a_network(finished):
    for name in ("overview", "provenance"):
        page = (finished.folder / f"results/{name}-laptop.html").read_text(encoding="utf-8")
        assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
