"""The whole study at the smallest size: its files, run once more, and its report in a browser."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from browser import browse, in_browser
from PIL import Image
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
        against = ["drift, reference column"] if table.at["drift", "n"] else []
        assert list(table.index) == [
            "float32", *even, "measured states", "programming error", "read noise",
            "device to device", "drift", *against, "stuck devices",
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


def why(project, path):
    """The reason for which a figure is left out, if it is."""
    with Image.open(project.folder / path) as image:
        return image.info.get("Description")


@pytest.fixture(scope="module")
def page(finished, tmp_path_factory):
    """What a reader finds in the report."""
    report = finished.folder / "results/report-laptop.html"
    return browse(report, tmp_path_factory.mktemp("report"), HERE / "report_check.js")


@in_browser
def test_every_figure_has_its_caption_and_its_files(finished, page):
    results = finished.folder / "results"
    drawn = {
        path for path in figures(finished) if path.endswith(".png") and not why(finished, path)
    }
    assert set(page["figures"]) == {f"{Path(p).parts[1]}-{Path(p).stem}" for p in drawn}
    for name, figure in page["figures"].items():
        assert figure["width"] > 500 and "emulated raw data" in figure["caption"], name
        assert len(figure["links"]) > 2, name
    # Every link of the page leads to a place on it or to a file that is there.
    assert page["targets"] == []
    files = {link.partition("#")[0] for link in page["links"]} - {""}
    assert [link for link in files if not (results / link).is_file()] == []
    assert {"provenance-laptop.html", "cotb/inspector.html", "ruo2/inspector.html"} <= files


@in_browser
def test_every_claim_has_a_picture_and_numbers(page):
    assert len(page["claims"]) == 11 and all(claim["rows"] for claim in page["claims"])
    widths = [claim["width"] for claim in page["claims"] if "width" in claim]
    assert len(widths) > 5 and min(widths) > 500
    for words in ("What was measured", "Against the papers, in short", "Parameters and states",
                  "Networks", "On stand-in images", "Refused, flagged, decided",
                  "Every published number"):  # fmt: skip
        assert words in page["headings"], words


@in_browser
def test_the_verdicts_are_in_sight_and_a_figure_opens_in_full_size(page):
    assert page["width"] >= 1300 and page["beyond"] == 0 and page["wider"] <= 0
    zoom, names = page["zoom"], [name.replace("-", ", ", 1) for name in page["figures"]]
    assert zoom["open"]
    assert [zoom["first"], zoom["second"], zoom["last"]] == [names[0], names[1], names[-1]]
    assert zoom["full"] == pytest.approx(zoom["natural"], rel=0.01)
    filtered = page["filtered"]
    assert 0 < len(filtered["shown"]) < filtered["all"] == filtered["again"]
    assert all("taken as input" in text for text in filtered["shown"])


@in_browser
def test_snakemakes_own_report_stands_beside_it(finished, tmp_path):
    found = browse(
        finished.folder / "results/provenance-laptop.html", tmp_path, HERE / "provenance_check.js"
    )
    stages = ["0 Provenance", "1 Hall loops", "2 Torque", "3 Switching", "4 States", "5 Networks"]
    assert sorted(found["categories"]) == stages
    for words in ("Made by rule figure", "from results/", "emulated raw data", "laptop"):
        assert words in found["caption"], words


def number(text):
    """A cell as a number: of "2.41 × 10¹¹" the whole, of "0.36(1)" the value."""
    plain = text.replace(" × 10", "e").translate(str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789"))
    found = re.match(r"-?\d+\.?\d*(e[+-]?\d+)?", plain)
    return float(found.group()) if found else None


@in_browser
def test_every_table_is_sorted_by_every_column(page):
    assert len(page["tables"]) >= 15
    numeric = 0
    for column in (column for table in page["tables"] for column in table):
        assert sorted(column["up"]) == sorted(column["before"]) == sorted(column["down"])
        values = [number(text) for text in column["up"]]
        if None not in values and len(set(values)) > 1:
            numeric += 1
            assert values == sorted(values), column["name"]
            down = [number(text) for text in column["down"]]
            assert down == sorted(down, reverse=True), column["name"]
    assert numeric > 20


def test_the_pages_ask_for_nothing_from_a_network(finished):
    for name in ("report", "versions"):
        page = (finished.folder / f"results/{name}-laptop.html").read_text(encoding="utf-8")
        assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
