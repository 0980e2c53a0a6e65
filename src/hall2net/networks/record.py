"""Settings and results of a study's trainings, as a few text tables for a repository."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from hall2net.files import write_csv, write_json
from hall2net.networks.runs import Run


def write_record(runs: Sequence[Run], folder: str | Path) -> None:
    """Write ``metrics.json``, ``history.csv``, ``confusion.csv`` and ``weight_histogram.csv``.

    Each table has the rows of all runs, with the column `run`. The histograms are those of all
    weights together at every recorded epoch, and of every layer after the last. A confusion matrix
    has one row a cell that is not empty: run, epoch, true, predicted, count.

    Parameters
    ----------
    runs : the trainings
    folder : made where it is missing
    """
    folder = Path(folder)
    write_json({str(run.name): run.metrics for run in runs}, folder / "metrics.json")
    histories = {str(run.name): run.history for run in runs}
    write_csv(_stacked(histories), folder / "history.csv")
    confusions = {str(run.name): _cells(run.confusions) for run in runs}
    write_csv(_stacked(confusions), folder / "confusion.csv")
    histograms = {str(run.name): _kept(run.histogram) for run in runs}
    write_csv(_stacked(histograms), folder / "weight_histogram.csv")


def _stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, names=["run"]).reset_index("run").reset_index(drop=True)


def _cells(confusions: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    long = []
    for epoch, counts in sorted(confusions.items()):
        cells = counts.reset_index().melt("true", var_name="predicted", value_name="count")
        long.append(cells.assign(epoch=epoch))
    return pd.concat(long).query("count > 0")[["epoch", "true", "predicted", "count"]]


def _kept(histogram: pd.DataFrame) -> pd.DataFrame:
    last = histogram["epoch"] == histogram["epoch"].max()
    return histogram[last | (histogram["layer"] == "all")].query("count > 0")
