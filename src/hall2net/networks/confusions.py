"""The printed confusion matrices of CIFAR-10 against ours, cell by cell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import binom, chi2_contingency, combine_pvalues, false_discovery_control

from hall2net.networks.runs import Run, find_run

_WIDTH = 64
"""Channels of the first stage of a ResNet-18; the paper names no other width."""


def confusion_comparison(printed: pd.DataFrame, runs: Sequence[Run]) -> pd.DataFrame:
    """The printed confusion matrices of CIFAR-10 against ours, cell by cell.

    For one cell, two Poisson counts a (printed) and b (ours) with equal expectations make b
    binomial with a + b trials and probability 1/2 (for equal row sums); `p_value` is the exact
    two-sided probability of a split at least as uneven. `p_row` is Pearson's chi-square test of
    a whole row. Both networks saw the same test images, so the counts of one truth scatter less
    than independent ones: the test is conservative.

    Parameters
    ----------
    printed : table with `matrix, epoch_printed, true, <classes>, network_inferred`
    runs : the trainings

    Returns
    -------
    DataFrame, one row a cell: `matrix, network, epoch_printed, run, epoch, source, true,
    predicted, printed, ours, difference, p_value, p_adjusted` (Benjamini-Hochberg over one
    matrix), `beyond_noise` (p_adjusted < 0.05), `p_row`. A matrix is left out where ours was made
    of other images, at another epoch or by a network of another width: the cells would differ for
    that alone.
    """
    parts = [
        cells
        for matrix, rows in printed.groupby("matrix", sort=True)
        if (cells := _compare_matrix(str(matrix), rows, runs)) is not None
    ]
    columns = [
        "matrix", "network", "epoch_printed", "run", "epoch", "source", "true", "predicted",
        "printed", "ours", "difference", "p_value", "p_adjusted", "beyond_noise", "p_row",
    ]  # fmt: skip
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def _compare_matrix(matrix: str, rows: pd.DataFrame, runs: Sequence[Run]) -> pd.DataFrame | None:
    network = rows["network_inferred"].iloc[0]
    epoch_printed = int(rows["epoch_printed"].iloc[0])
    run = find_run(runs, "cifar10", "float32" if network == "ideal_float" else "lut")
    if run is None:
        return None
    epoch = run.recorded_epoch(epoch_printed / 100)
    ours = run.confusions[epoch]
    same_images = set(ours.columns) == set(rows["true"]) and not run.metrics["stand_in"]
    same_width = run.metrics["network"].get("base_width") == _WIDTH
    if not (same_images and same_width and epoch == epoch_printed):
        return None
    theirs = rows.set_index("true")[list(ours.columns)].loc[list(ours.index)]
    cells = pd.DataFrame(
        {
            "true": np.repeat(ours.index, ours.shape[1]),
            "predicted": np.tile(ours.columns, ours.shape[0]),
            "printed": theirs.to_numpy().ravel(),
            "ours": ours.to_numpy().ravel(),
        }
    )
    fraction = ours.sum(axis=1) / (ours.sum(axis=1) + theirs.sum(axis=1))
    probability = np.repeat(fraction, ours.shape[1])
    total = cells["printed"] + cells["ours"]
    lower = binom.cdf(cells["ours"], total, probability)
    upper = binom.sf(cells["ours"] - 1, total, probability)
    cells["difference"] = cells["ours"] - cells["printed"]
    cells["p_value"] = np.minimum(1.0, 2 * np.minimum(lower, upper))
    cells["p_adjusted"] = false_discovery_control(cells["p_value"])
    cells["beyond_noise"] = cells["p_adjusted"] < 0.05
    p_row = [_chi_square(theirs.loc[name], ours.loc[name]) for name in ours.index]
    cells["p_row"] = np.repeat(p_row, ours.shape[1])
    return cells.assign(
        matrix=matrix,
        network="float32" if network == "ideal_float" else "device",
        epoch_printed=epoch_printed,
        run=str(run.name),
        epoch=epoch,
        source=run.metrics["source"],
    )


def _chi_square(printed: pd.Series, ours: pd.Series) -> float:
    pair = np.array([printed, ours])
    return float(chi2_contingency(pair[:, pair.sum(axis=0) > 0], correction=False).pvalue)


def confusion_summary(cells: pd.DataFrame) -> pd.DataFrame:
    """Summary of `confusion_comparison`, one row a matrix.

    Returns
    -------
    DataFrame with `matrix, network, epoch_printed, run, epoch, source, accuracy_printed, accuracy`
    (fractions), `cells_beyond_noise`, `cells`, `p_matrix` (Fisher's combination of the rows'
    chi-square tests: the probability of differences at least this large from counting alone),
    `largest` (the cell with the smallest p, in words), `largest_p` (its adjusted p).
    """
    rows = []
    for matrix, part in cells.groupby("matrix", sort=True):
        correct = part[part["true"] == part["predicted"]]
        least = part.loc[part["p_adjusted"].idxmin()]
        p_rows = part.drop_duplicates("true")["p_row"].clip(lower=np.finfo(float).tiny)
        first = part.iloc[0]
        rows.append(
            {
                "matrix": matrix,
                **first[["network", "epoch_printed", "run", "epoch", "source"]],
                "accuracy_printed": correct["printed"].sum() / part["printed"].sum(),
                "accuracy": correct["ours"].sum() / part["ours"].sum(),
                "cells_beyond_noise": int(part["beyond_noise"].sum()),
                "cells": len(part),
                "p_matrix": float(combine_pvalues(p_rows, method="fisher").pvalue),
                "largest": f"{least['true']} classified as {least['predicted']}: "
                f"{least['printed']:.0f} printed, {least['ours']:.0f} ours",
                "largest_p": least["p_adjusted"],
            }
        )
    columns = [
        "matrix", "network", "epoch_printed", "run", "epoch", "source", "accuracy_printed",
        "accuracy", "cells_beyond_noise", "cells", "p_matrix", "largest", "largest_p",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
