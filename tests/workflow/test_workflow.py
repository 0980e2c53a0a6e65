"""The workflow as a user runs it: dry-run, single figures, bad input."""

import pandas as pd


def test_dry_run_plans_both_studies(project):
    done = project.snakemake("--dry-run", "--", "all")
    assert done.returncode == 0, done.stderr
    for rule in ("fit_loops", "torque", "lut", "train_mlp", "train_resnet18", "report"):
        assert rule in project.planned(done)


def test_a_table_that_is_missing_is_made_by_its_rule_before_the_figure(project):
    figure = "results/ruo2/figures/laptop/fig4a_states.png"
    done = project.snakemake("--dry-run", "--", figure)
    rules = {"verify_raw", "read_measurements", "lut", "figure"}
    assert rules <= set(project.planned(done))
    done = project.snakemake("--allowed-rules", "figure", "--", figure)
    assert done.returncode != 0
    assert "Missing input files for rule figure" in done.stderr
    assert "results/ruo2/lut.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_figure_that_a_study_cannot_have_is_told(project):
    done = project.snakemake("--", "results/cotb/figures/laptop/fig2f_critical_current.png")
    assert done.returncode != 0
    assert "Missing input files for rule figure" in done.stderr
    assert "results/cotb/torque.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_config_key_is_told_before_anything_runs(project):
    with (project.folder / "config.yaml").open("a") as config:
        config.write("\nscal: laptop\n")
    done = project.snakemake("--", "all")
    assert done.returncode != 0
    assert "'scal'; did you mean 'scale'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project.folder / "results").exists()


def test_a_key_that_stands_twice_is_told_before_anything_runs(project):
    path = project.folder / "config.yaml"
    with path.open("a") as config:
        config.write("\nscale: published\n")
    line = len(path.read_text().splitlines())
    done = project.snakemake("--", "all")
    assert done.returncode != 0
    assert f"config.yaml, line {line}: key 'scale' stands in line" in done.stderr
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
