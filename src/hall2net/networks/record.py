"""What a study's trainings were and gave, as a few text tables that a repository can keep."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from hall2net.files import write_csv, write_json


def write_record(runs: Mapping[str, Mapping[str, Any]], folder: str | Path) -> None:
    """Write ``metrics.json``, ``history.csv``, ``confusion.csv`` and ``weight_histogram.csv``.

    Each table is that of the runs one under the other, with the column `run`. Of the histograms
    it keeps every recorded epoch for all weights together, and every layer after the last epoch.
    A confusion matrix is a row a cell that is not empty: run, epoch, true, predicted, count.

    Parameters
    ----------
    runs : from `hall2net.networks.runs.read_runs`
    folder : made where it is missing
    """
    folder = Path(folder)
    write_json({run: parts["metrics"] for run, parts in runs.items()}, folder / "metrics.json")
    histories = {run: parts["history"] for run, parts in runs.items()}
    write_csv(_stacked(histories), folder / "history.csv")
    confusions = {run: _cells(parts["confusions"]) for run, parts in runs.items()}
    write_csv(_stacked(confusions), folder / "confusion.csv")
    histograms = {run: _kept(parts["histogram"]) for run, parts in runs.items()}
    write_csv(_stacked(histograms), folder / "weight_histogram.csv")


def _stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, names=["run"]).reset_index("run").reset_index(drop=True)


def _cells(confusions: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    long = [
        table.melt("true", var_name="predicted", value_name="count").assign(epoch=epoch)
        for epoch, table in sorted(confusions.items())
    ]
    return pd.concat(long).query("count > 0")[["epoch", "true", "predicted", "count"]]


def _kept(histogram: pd.DataFrame) -> pd.DataFrame:
    last = histogram["epoch"] == histogram["epoch"].max()
    return histogram[last | (histogram["layer"] == "all")].query("count > 0")
