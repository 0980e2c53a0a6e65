"""Trainings as a table: what each run was, how well it did, and where it is found."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hall2net.errors import Hall2netError
from hall2net.files import read_csv, read_json


def read_runs(paths: Iterable[str | Path]) -> dict[str, dict[str, Any]]:
    """The trainings whose files are given, by the name of their folder.

    Parameters
    ----------
    paths : files that `hall2net.networks.train.write_run` wrote, of any number of runs

    Returns
    -------
    dict of run name to `history` and `histogram` (tables), `metrics` (mapping) and `confusions`
    (recorded epoch to table)
    """
    runs: dict[str, dict[str, Any]] = {}
    for path in map(Path, paths):
        run = runs.setdefault(path.parent.name, {"confusions": {}})
        if path.name == "metrics.json":
            run["metrics"] = read_json(path)
        elif path.name == "history.csv":
            run["history"] = read_csv(path)
        elif path.name == "weight_histogram.csv":
            run["histogram"] = read_csv(path)
        elif path.stem.startswith("confusion_epoch"):
            # Digits are names of classes here, as they are in the columns.
            table = read_csv(path, dtype={"true": str})
            run["confusions"][int(path.stem.removeprefix("confusion_epoch"))] = table
    return runs


def run_table(runs: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """What each training was and how well it did, one row a run.

    Parameters
    ----------
    runs : run name to its `history` (table), `metrics` (mapping), `confusions` (epoch to table
        with the column `true`) and `histogram` (table)

    Returns
    -------
    DataFrame with the parts of the run's name (`network, dataset, precision, mapping, recipe,
    seed`), `epochs, source, stand_in, scale`, `test_accuracy` (a fraction) and its 1-sigma
    counting error `test_accuracy_u` = sqrt(a(1 - a)/n), n the number of test images.

    Raises
    ------
    Hall2netError
        If a name does not have six parts.
    """
    rows = []
    for run, parts in runs.items():
        names = run.split("-")
        if len(names) != 6:
            raise Hall2netError(
                f"run {run!r}: expected <network>-<dataset>-<precision>-<mapping>-<recipe>-seed<N>"
            )
        metrics = parts["metrics"]
        accuracy = metrics["test_accuracy"]
        rows.append(
            {
                "run": run,
                "network": names[0],
                "dataset": names[1],
                "precision": names[2],
                "mapping": names[3],
                "recipe": names[4],
                "seed": int(names[5].removeprefix("seed")),
                "epochs": metrics["epochs"],
                "source": metrics["source"],
                "stand_in": metrics["stand_in"],
                "scale": metrics["scale"],
                "test_accuracy": accuracy,
                "test_accuracy_u": np.sqrt(accuracy * (1 - accuracy) / metrics["test_images"]),
            }
        )
    columns = [
        "run", "network", "dataset", "precision", "mapping", "recipe", "seed", "epochs", "source",
        "stand_in", "scale", "test_accuracy", "test_accuracy_u",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def counts(confusion: pd.DataFrame) -> pd.DataFrame:
    """A confusion table as a square: true classes as the index, predicted ones as columns."""
    return confusion.set_index("true")


def recorded_epoch(run: Mapping[str, Any], fraction: float) -> int:
    """The recorded epoch nearest to a fraction of the whole training."""
    wanted = fraction * run["metrics"]["epochs"]
    return min(run["confusions"], key=lambda epoch: abs(epoch - wanted))


def find_run(
    table: pd.DataFrame, dataset: str, precision: str, mapping: str | None = None
) -> str | None:
    """Name of the first run of `run_table` with this data set, precision and mapping.

    Parameters
    ----------
    table : of `run_table`
    dataset : name of the data set
    precision : `float32`, `binary`, or `lut` for any number of device states
    mapping : None takes `maxabs`, the papers' way, for quantized weights
    """
    if precision == "float32":
        mapping = "none"
    found = table[
        (table["dataset"] == dataset)
        & table["precision"].str.startswith(precision)
        & (table["mapping"] == (mapping or "maxabs"))
    ].sort_values("seed", kind="stable")
    return None if found.empty else str(found["run"].iloc[0])
