"""Trainings are named, read back as they were written, and found by their parts."""

from dataclasses import replace

import made_tables
import numpy as np
import pandas as pd
import pytest

from hall2net.errors import Hall2netError
from hall2net.networks.runs import (
    RunName,
    at_every_seed,
    device_runs,
    file_names,
    find_run,
    model_of,
    paired_difference,
    read_runs,
    recorded_epochs,
    run_table,
    runs_of_networks,
    settings_of,
    write_run,
)
from hall2net.synapse.precision import Precision

NETWORKS = {
    "mlp": {
        "model": "mlp",
        "datasets": ["mnist", "fashion_mnist"],
        "shape": {"laptop": {"layers": [784, 10]}, "published": {"layers": [784, 256, 10]}},
        "epochs": {"laptop": 6, "published": 50},
        "weights": {"float32": ["none"], "lut6": ["maxabs", "std"], "uniform6": ["std"]},
        "recipe": "paper",
        "recipes": {"paper": {"batch": 64}, "best": {"batch": 32}},
    },
    "resnet18": {
        "model": "resnet18",
        "datasets": ["cifar10"],
        "weights": {"lut32": ["maxabs"]},
        "recipe": "ours",
    },
}
RUNS = runs_of_networks(NETWORKS, [0, 1])


def test_a_name_is_read_as_it_is_written():
    for run in RUNS:
        assert RunName.of(str(run)) == run
    assert str(RUNS[0]) == "mlp-mnist-float32-none-paper-seed0"


@pytest.mark.parametrize("end", ["", "-paper", "-paper-seed", "-paper-0x1", "-paper-seed0-copy"])
def test_other_names_are_refused(end):
    with pytest.raises(Hall2netError, match="expected <network>-<dataset>-<precision>"):
        RunName.of(f"mlp-mnist-lut6-std{end}")


def test_a_configuration_asks_for_every_combination():
    assert len(RUNS) == len(set(RUNS)) == 2 * (2 * 4 + 1)
    assert {run.recipe for run in RUNS if run.network == "mlp"} == {"paper"}
    assert {run.mapping for run in RUNS if run.precision.kind == "float32"} == {"none"}


def test_runs_of_every_seed_and_in_float():
    run = RunName.of("mlp-mnist-lut6-std-paper-seed1")
    assert at_every_seed(RUNS, run) == [replace(run, seed=0), run]
    assert at_every_seed(RUNS, run.in_float()) == [
        RunName.of(f"mlp-mnist-float32-none-paper-seed{seed}") for seed in (0, 1)
    ]
    evenly = replace(run, precision=run.precision.evenly_spaced())
    assert [str(run.precision) for run in at_every_seed(RUNS, evenly)] == ["uniform6"] * 2
    assert at_every_seed(RUNS, replace(run, precision=Precision.of("uniform7"))) == []


def test_device_runs_are_one_a_data_set_with_std_first():
    assert list(map(str, device_runs(RUNS))) == [
        "mlp-mnist-lut6-std-paper-seed0",
        "mlp-fashion_mnist-lut6-std-paper-seed0",
    ]
    weights = {"float32": ["none"], "lut6": ["maxabs", "learned"]}
    runs = runs_of_networks({"mlp": NETWORKS["mlp"] | {"weights": weights}}, [3])
    assert [run.mapping for run in device_runs(runs)] == ["maxabs", "maxabs"]


@pytest.mark.parametrize("epochs", [1, 2, 3, 10, 50, 100])
def test_quarters_of_a_training_are_recorded(epochs):
    recorded = recorded_epochs(epochs)
    assert recorded[0] == 0 and recorded[-1] == epochs
    assert recorded == sorted(set(recorded)) and len(recorded) == min(5, epochs + 1)
    for quarter in range(5):
        assert min(abs(epoch - epochs * quarter / 4) for epoch in recorded) <= 0.5


def test_settings_are_those_of_scale_and_recipe():
    run = RunName.of("mlp-mnist-lut6-std-best-seed1")
    settings = settings_of(run, NETWORKS["mlp"], "laptop")
    assert settings["network"] == {"model": "mlp", "layers": [784, 10]}
    assert settings["recipe"] == {"batch": 32}
    assert (settings["precision"], settings["mapping"], settings["seed"]) == ("lut6", "std", 1)
    assert settings["record_epochs"][-1] == settings["epochs"] == 6
    assert model_of(NETWORKS["mlp"], "published")["layers"] == [784, 256, 10]


@pytest.mark.parametrize(("easy", "gain"), [(0.5, 0.0), (0.9, 0.02), (0.0, 0.3)])
def test_paired_difference_has_the_spread_of_drawn_test_sets(easy, gain):
    """Images that both networks get right for sure, and others that each gets by chance."""
    rng, images, found = np.random.default_rng(3), 2000, []
    for _ in range(400):
        hard = rng.random(images) > easy
        wrong = [np.flatnonzero(hard & (rng.random(images) > p)) for p in (0.4 + gain, 0.4)]
        found.append(paired_difference(*wrong, images))
    difference, sigma = np.array(found).T
    assert abs(difference.mean() - gain * (1 - easy)) < 4 * difference.std() / 20
    # 400 draws know a standard deviation to 3.5 %.
    assert abs(difference.std() / np.sqrt((sigma**2).mean()) - 1) < 0.14


def test_runs_are_read_back(tmp_path):
    runs = made_tables.ruo2_runs()[:3]
    for run in runs:
        write_run(run, tmp_path / str(run.name))
        written = sorted(path.name for path in (tmp_path / str(run.name)).iterdir())
        assert written == sorted(file_names(run.confusions))
    again = read_runs(path for run in runs for path in (tmp_path / str(run.name)).iterdir())
    for run, read in zip(runs, again, strict=True):
        assert read.name == run.name and read.metrics == run.metrics
        assert sorted(read.confusions) == sorted(run.confusions)
        for epoch, counts in run.confusions.items():
            pd.testing.assert_frame_equal(read.confusions[epoch], counts)
        pd.testing.assert_frame_equal(read.history, run.history)
        pd.testing.assert_frame_equal(read.histogram, run.histogram, check_dtype=False)
        pd.testing.assert_frame_equal(read.misclassified, run.misclassified)


def test_runs_are_found_by_their_parts():
    runs = made_tables.ruo2_runs()
    assert str(find_run(runs, "mnist", "lut").name) == "mlp-mnist-lut6-maxabs-paper-seed0"
    assert str(find_run(runs, "mnist", "lut", "std").name) == "mlp-mnist-lut6-std-paper-seed0"
    assert find_run(runs, "cifar10", "lut") is None
    seeds = [
        replace(runs[0], metrics=runs[0].metrics | {"run": f"mlp-mnist-float32-none-paper-seed{n}"})
        for n in (10, 2)
    ]
    assert find_run(seeds, "mnist", "float32").name.seed == 2


def test_table_of_runs():
    table = run_table(made_tables.ruo2_runs()).set_index("run")
    row = table.loc["mlp-mnist-float32-none-paper-seed0"]
    assert row["test_accuracy_u"] == pytest.approx(np.sqrt(0.9879 * 0.0121 / 10_000))
    assert (row["network"], row["precision"], row["seed"]) == ("mlp", "float32", 0)
    nameless = replace(made_tables.ruo2_runs()[0], metrics={"test_accuracy": 0.9})
    with pytest.raises(Hall2netError, match="expected <network>-<dataset>"):
        run_table([nameless])
