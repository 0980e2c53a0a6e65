"""The workflow as a user runs it: dry-run, the smallest whole run, single figures, bad input."""

import json
import re

import pandas as pd
import pytest
import yaml

MINIMAL = ("--configfile", "tests/workflow/minimal.yaml", "--")


def figures(project):
    config = yaml.safe_load((project.folder / "config.yaml").read_text(encoding="utf-8"))
    return [
        f"results/{study}/figures/laptop/{name}.{suffix}"
        for study, block in config["studies"].items()
        for name in block["figures"]
        for suffix in ("png", "pdf")
    ]


def rules_planned(done):
    """Rules of Snakemake's table of jobs, without its last line."""
    rows = re.findall(r"^(\w+) +\d+$", done.stdout + done.stderr, flags=re.MULTILINE)
    return set(rows) - {"total"}


def test_dry_run_plans_both_studies(project):
    done = project.snakemake("--dry-run", "--", "all")
    assert done.returncode == 0, done.stderr
    for rule in ("fit_loops", "torque", "lut", "train_mlp", "train_resnet18", "report"):
        assert rule in rules_planned(done)


def test_every_figure_comparison_and_report_is_made(finished):
    for name in [*figures(finished), "results/comparison-laptop.csv"]:
        assert (finished.folder / name).stat().st_size > 0, name
    report = (finished.folder / "results/report-laptop.html").read_text(encoding="utf-8")
    assert "fig4e_confusion_mnist" in report
    metrics = json.loads(
        next(
            finished.folder.glob("results/networks/laptop/mlp-mnist-lut6-*/metrics.json")
        ).read_text()
    )
    assert metrics["stand_in"] and "stand-in data" in metrics["source"]


def test_the_loss_attribution_has_every_step_of_its_networks(finished):
    runs = finished.folder / "results/networks/laptop"
    tables = sorted(runs.glob("*/attribution.csv"))
    assert len(tables) == 3
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
    assert rules_planned(done) == {"figure_torque"}
    assert [file.read_bytes() for file in both] == before


def test_a_table_that_is_missing_is_made_by_its_rule_before_the_figure(project):
    figure = "results/ruo2/figures/laptop/fig4a_states.png"
    done = project.snakemake("--dry-run", "--", figure)
    assert {"verify_raw", "read_measurements", "lut", "figure_states"} <= rules_planned(done)
    done = project.snakemake("--allowed-rules", "figure_states", "--", figure)
    assert done.returncode != 0
    assert "Missing input files for rule figure_states" in done.stderr
    assert "results/ruo2/lut.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_figure_that_a_study_cannot_have_is_told(project):
    done = project.snakemake("--", "results/cotb/figures/laptop/fig2f_critical_current.png")
    assert done.returncode != 0
    assert "No rule to produce results/cotb/figures/laptop/fig2f" in done.stderr
    assert "Traceback" not in done.stderr


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
        assert rows.at[quantity, "verdict"] == "agrees", rows.loc[quantity]


def test_a_wrong_config_key_is_told_before_anything_runs(project):
    with (project.folder / "config.yaml").open("a") as config:
        config.write("\nscal: laptop\n")
    done = project.snakemake("--", "all")
    assert done.returncode != 0
    assert "'scal'; did you mean 'scale'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project.folder / "results").exists()


def test_a_missing_sheet_is_told_before_anything_runs(project):
    (project.folder / "raw/ruo2/measurements.csv").unlink()
    done = project.snakemake("--", "all")
    assert done.returncode != 0
    assert "raw/ruo2/measurements.csv" in done.stderr
    assert "Traceback" not in done.stderr


def first_raw_file(project):
    sheet = pd.read_csv(project.folder / "raw/cotb/measurements.csv")
    return "raw/cotb/" + sheet["file"].iloc[0].split(";")[0]


def test_a_missing_raw_file_is_named(project):
    name = first_raw_file(project)
    (project.folder / name).unlink()
    done = project.snakemake("--", "all")
    assert done.returncode != 0
    assert name.removeprefix("raw/cotb/") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_changed_raw_file_stops_its_study(project):
    name = first_raw_file(project)
    with (project.folder / name).open("ab") as file:
        file.write(b"\n")
    done = project.snakemake("--", "results/cotb/loops.csv")
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and name.removeprefix("raw/cotb/") in lines[0]
    assert not list(project.folder.glob("results/cotb/*.csv"))


def test_a_data_root_without_the_data_set_is_one_clear_line(project):
    empty = project.folder / "no-images"
    empty.mkdir()
    done = project.snakemake("--", "results/datasets/laptop/mnist.pt", HALL2NET_DATA=str(empty))
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1 and "mnist" in lines[0].lower() and "no-images" in lines[0]
    assert not (project.folder / "results/datasets/laptop/mnist.pt").exists()
