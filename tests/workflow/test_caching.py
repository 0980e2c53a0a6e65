"""What a change makes again: what depends on it, and nothing else."""

import json
import os
import re

import pytest
from project import Project

AFTER_LOOPS = {
    "fit_loops", "figure", "pulse_widths", "switching", "switching_map", "magnetometry",
    "magnetometry_as_printed", "torque", "torque_as_printed", "compensation", "systematics",
    "harmonic", "torque_methods", "hardware", "comparison", "inspector", "provenance", "report",
    "all",
}  # fmt: skip


def planned(project, **environment):
    """Rules and jobs that a dry-run would run."""
    done = project.snakemake("--dry-run", "--", "all", **environment)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    if "Nothing to be done" in text:
        return {}
    return project.planned(done)


@pytest.fixture(scope="module")
def finished_dry(tmp_path_factory):
    """The whole project, every output a word and recorded as made (`--touch`): what is made anew
    depends on Snakemake's records alone."""
    project = Project(tmp_path_factory.mktemp("caching"))
    images = project.folder / "images"
    for name in ("MNIST", "FashionMNIST", "cifar10"):
        (images / name).mkdir(parents=True)
    environment = {"HALL2NET_DATA": str(images)}
    listed = project.snakemake("--summary", "--", "all", **environment)
    names = [line.split("\t")[0] for line in listed.stdout.splitlines()[1:]]
    for name in names + [_benchmark(name) for name in names if name.endswith("metrics.json")]:
        path = project.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    done = project.snakemake("--touch", "--forceall", "--", "all", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def _benchmark(metrics):
    """A training's benchmark, which Snakemake's summary leaves out."""
    return metrics.replace("results/", "results/benchmarks/").replace("/metrics.json", ".tsv")


@pytest.fixture
def copy(finished_dry, tmp_path):
    """That project in another folder, as on another machine."""
    return finished_dry.copied_to(tmp_path / "elsewhere")


def data(project):
    return {"HALL2NET_DATA": str(project.folder / "images")}


def append(project, name, text):
    with (project.folder / name).open("a", encoding="utf-8") as file:
        file.write(text)


def test_moved_and_touched_reruns_nothing(copy):
    """In another folder, image data elsewhere, every file of code and data newer than results."""
    (copy.folder / "images").rename(copy.folder / "pictures")
    for path in copy.folder.rglob("*"):
        if ".snakemake" not in path.parts and path.is_file():
            os.utime(path)
    assert planned(copy, HALL2NET_DATA=str(copy.folder / "pictures")) == {}


def test_large_files_are_told_by_content_too(copy):
    name = next(copy.folder.glob("results/ruo2/measurements/*_0p5.nc"))
    name.write_bytes(b"\0" * 2_000_000)
    jobs = planned(copy, **data(copy))
    assert "fit_loops" in jobs and "read_measurements" not in jobs


def test_loops_rerun_the_fits_and_what_follows(copy):
    append(copy, "src/hall2net/physics/loops.py", "\n_EDITED = True\n")
    assert set(planned(copy, **data(copy))) == AFTER_LOOPS


def test_a_figure_module_reruns_its_figures(copy):
    append(copy, "src/hall2net/figures/torque.py", "\n_EDITED = True\n")
    jobs = planned(copy, **data(copy))
    assert set(jobs) == {"figure", "provenance", "report", "all"}
    assert jobs["figure"] == 6


def test_a_table_reruns_the_figures_that_take_it(copy):
    (copy.folder / "results/cotb/switching.csv").write_text("another")
    jobs = planned(copy, **data(copy))
    # Figure 4b, and by its own table the map of polarities.
    assert jobs["figure"] == 2 and jobs["switching_map"] == 1
    assert not {"torque", "lut", "fit_loops"} & set(jobs)


def test_a_script_reruns_its_rule(copy):
    append(copy, "workflow/scripts/torque.py", "\n# edited\n")
    jobs = planned(copy, **data(copy))
    assert jobs["torque"] == 1 and not {"switching", "fit_loops", "lut"} & set(jobs)


def test_a_network_block_reruns_that_network(copy):
    config = copy.folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    network, rest = text.split("  resnet18:\n    study")
    assert "learning_rate: 0.1" in rest
    rest = rest.replace("learning_rate: 0.1", "learning_rate: 0.05", 1)
    config.write_text(f"{network}  resnet18:\n    study{rest}", encoding="utf-8")
    jobs = planned(copy, **data(copy))
    assert jobs["train_resnet18"] == 3 and "train_mlp" not in jobs
    assert not {"fit_loops", "lut", "dataset"} & set(jobs)


def test_a_sample_in_the_sheet_rereads_that_sample(copy):
    """A temperature corrected in one row."""
    sheet = copy.folder / "raw/cotb/measurements.csv"
    text = sheet.read_text(encoding="utf-8")
    assert "as_grown,150," in text
    sheet.write_text(text.replace("as_grown,150,", "as_grown,151,", 1), encoding="utf-8")
    assert planned(copy, **data(copy))["read_measurements"] == 1


def test_other_image_data_rerun_what_is_trained_with_them(copy):
    (copy.folder / "images/cifar10").rename(copy.folder / "images/cifar-10-batches-py")
    jobs = planned(copy, **data(copy))
    assert jobs["dataset"] == 1 and jobs["train_resnet18"] == 3 and "train_mlp" not in jobs


def test_every_rule_has_its_script_and_the_library_as_inputs(finished_dry):
    """Else an edit would leave stale results."""
    scripts = set()
    for record in (finished_dry.folder / ".snakemake/metadata").rglob("*"):
        if not record.is_file():
            continue
        content = json.loads(record.read_text(encoding="utf-8"))
        if found := re.search(r"scripts/(\w+)\.py", content["code"] or ""):
            scripts.add(found[1])
            assert f"workflow/{found[0]}" in content["input"], content["rule"]
            library = [name for name in content["input"] if name.startswith("src/hall2net/")]
            assert library or found[1] == "provenance", content["rule"]
    assert {"fit_loops", "train", "report"} < scripts


def test_a_file_of_the_library_that_no_training_needs_trains_nothing(copy):
    append(copy, "src/hall2net/tables.py", "\n_EDITED = True\n")
    jobs = planned(copy, **data(copy))
    assert "torque" in jobs and not {"dataset", "read_measurements"} & set(jobs)
