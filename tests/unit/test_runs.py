"""Trainings are read back as they were written, and found by what they are."""

import made_tables
import numpy as np
import pandas as pd
import pytest

from hall2net.errors import Hall2netError
from hall2net.files import write_csv, write_json
from hall2net.networks.runs import find_run, read_runs, run_table


def test_runs_are_read_back(tmp_path):
    runs = made_tables.ruo2_runs()
    name = "mlp-mnist-lut6-maxabs-paper-seed0"
    folder = tmp_path / name
    write_csv(runs[name]["history"], folder / "history.csv")
    write_csv(runs[name]["histogram"], folder / "weight_histogram.csv")
    write_json(runs[name]["metrics"], folder / "metrics.json")
    for epoch, table in runs[name]["confusions"].items():
        write_csv(table, folder / f"confusion_epoch{epoch:03d}.csv")
    read = read_runs(sorted(folder.iterdir()))
    assert list(read) == [name]
    assert sorted(read[name]["confusions"]) == sorted(runs[name]["confusions"])
    pd.testing.assert_frame_equal(read[name]["confusions"][50], runs[name]["confusions"][50])
    assert read[name]["metrics"] == runs[name]["metrics"]


def test_runs_are_found_by_what_they_are():
    table = run_table(made_tables.ruo2_runs())
    assert find_run(table, "mnist", "lut") == "mlp-mnist-lut6-maxabs-paper-seed0"
    assert find_run(table, "mnist", "lut", "std") == "mlp-mnist-lut6-std-paper-seed0"
    assert find_run(table, "cifar10", "lut") is None
    row = table.set_index("run").loc["mlp-mnist-float32-none-paper-seed0"]
    assert row["test_accuracy_u"] == pytest.approx(np.sqrt(0.9879 * 0.0121 / 10_000))
    with pytest.raises(Hall2netError, match="expected <network>-<dataset>"):
        run_table({"mlp-mnist": {}})
