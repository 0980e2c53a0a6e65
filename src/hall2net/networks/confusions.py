"""The printed confusion matrices of CIFAR-10 against ours, cell by cell."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import (
    binom,
    chi2,
    chi2_contingency,
    combine_pvalues,
    false_discovery_control,
    norm,
)

from hall2net.networks.runs import Run, at_every_seed, find_run

_COUNTED = 10
"""Fewest images in a cell of two matrices together for the dispersion: below, a count is far from
normal and its square over the expectation has a long tail."""


def confusion_comparison(printed: pd.DataFrame, runs: Sequence[Run]) -> pd.DataFrame:
    """The printed confusion matrices of CIFAR-10 against ours, cell by cell.

    For one cell, two Poisson counts a (printed) and b (ours) with equal expectations make b
    binomial with a + b trials and probability 1/2 (for equal row sums); `p_value` is the exact
    two-sided probability of a split at least as uneven. `p_row` is Pearson's chi-square test of
    a whole row. Two trainings of one network differ by more than counting (another seed) and by
    less (the same test images). `dispersion` is their mean squared difference over that of
    counting, from all pairs of own seeds, and no less than 1, since the printed network was
    trained elsewhere: z of a cell is divided by its root and chi-square of a row by it.

    Parameters
    ----------
    printed : table with `matrix, epoch_printed, true, <classes>, network_inferred`
    runs : the trainings

    Returns
    -------
    DataFrame, one row a cell: `matrix, network, epoch_printed, run, epoch, source, true,
    predicted, printed, ours, difference, pairs, dispersion, p_value, p_adjusted`
    (Benjamini-Hochberg over one matrix), `beyond_noise` (p_adjusted < 0.05), `p_row`. `ours` is
    the run of the lowest seed. With one seed there is no pair: dispersion, `beyond_noise` and all
    p are empty, since nothing can be judged. A matrix is left out where ours was made
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
        "printed", "ours", "difference", "pairs", "dispersion", "p_value", "p_adjusted",
        "beyond_noise", "p_row",
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
    if not (same_images and run.full_size and epoch == epoch_printed):
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
    cells["difference"] = cells["ours"] - cells["printed"]
    names = at_every_seed([one.name for one in runs], run.name)
    seeds = [one.confusions[epoch] for one in runs if one.name in names and epoch in one.confusions]
    cells = _judged(cells, ours, theirs, *dispersion_of_seeds(seeds))
    return cells.assign(
        matrix=matrix,
        network="float32" if network == "ideal_float" else "device",
        epoch_printed=epoch_printed,
        run=str(run.name),
        epoch=epoch,
        source=run.metrics["source"],
    )


def dispersion_of_seeds(matrices: Sequence[pd.DataFrame]) -> tuple[int, float]:
    """How much confusion matrices of one network differ between seeds, in units of counting.

    Parameters
    ----------
    matrices : one a seed, of the same test images

    Returns
    -------
    Number of pairs, and the mean of (a - b)^2 / (a + b) over the pairs and their cells of
    `_COUNTED` images or more: 1 for independent Poisson counts. NaN without a pair or such a cell.
    """
    squares: list[float] = []
    pairs = list(combinations([one.to_numpy().ravel() for one in matrices], 2))
    for one, other in pairs:
        both = one + other
        filled = both >= _COUNTED
        squares += ((one - other)[filled] ** 2 / both[filled]).tolist()
    return len(pairs), float(np.mean(squares)) if squares else np.nan


def _judged(
    cells: pd.DataFrame, ours: pd.DataFrame, theirs: pd.DataFrame, pairs: int, dispersion: float
) -> pd.DataFrame:
    """Cells with their probabilities, where pairs of own seeds say how much networks scatter."""
    cells = cells.assign(pairs=pairs, dispersion=dispersion)
    if not np.isfinite(dispersion):
        return cells.assign(p_value=np.nan, p_adjusted=np.nan, beyond_noise=np.nan, p_row=np.nan)
    factor = max(dispersion, 1.0)
    fraction = ours.sum(axis=1) / (ours.sum(axis=1) + theirs.sum(axis=1))
    probability = np.repeat(fraction, ours.shape[1])
    total = cells["printed"] + cells["ours"]
    lower = binom.cdf(cells["ours"], total, probability)
    upper = binom.sf(cells["ours"] - 1, total, probability)
    counting = np.minimum(1.0, 2 * np.minimum(lower, upper))
    cells["p_value"] = 2 * norm.sf(norm.isf(counting / 2) / np.sqrt(factor))
    cells["p_adjusted"] = false_discovery_control(cells["p_value"])
    cells["beyond_noise"] = cells["p_adjusted"] < 0.05
    p_row = [_chi_square(theirs.loc[name], ours.loc[name], factor) for name in ours.index]
    return cells.assign(p_row=np.repeat(p_row, ours.shape[1]))


def _chi_square(printed: pd.Series, ours: pd.Series, dispersion: float) -> float:
    pair = np.array([printed, ours])
    found = chi2_contingency(pair[:, pair.sum(axis=0) > 0], correction=False)
    return float(chi2.sf(found.statistic / dispersion, found.dof))


def confusion_summary(cells: pd.DataFrame) -> pd.DataFrame:
    """Summary of `confusion_comparison`, one row a matrix.

    Returns
    -------
    DataFrame with `matrix, network, epoch_printed, run, epoch, source, accuracy_printed, accuracy`
    (fractions), `pairs`, `dispersion`, `cells_beyond_noise`, `cells`, `p_matrix` (Fisher's
    combination of the rows' chi-square tests: the probability of differences at least this large
    between two seeds), `largest` (the cell with the largest difference over its counting error,
    in words), `largest_p` (its adjusted p). What was not judged is empty.
    """
    rows = []
    for matrix, part in cells.groupby("matrix", sort=True):
        correct = part[part["true"] == part["predicted"]]
        judged = part["p_adjusted"].notna().all()
        counted = np.sqrt(np.maximum(part["ours"] + part["printed"], 1))
        least = part.loc[(part["difference"].abs() / counted).idxmax()]
        p_rows = part.drop_duplicates("true")["p_row"].clip(lower=np.finfo(float).tiny)
        first = part.iloc[0]
        rows.append(
            {
                "matrix": matrix,
                **first[["network", "epoch_printed", "run", "epoch", "source"]],
                "accuracy_printed": correct["printed"].sum() / part["printed"].sum(),
                "accuracy": correct["ours"].sum() / part["ours"].sum(),
                **first[["pairs", "dispersion"]],
                "cells_beyond_noise": int(part["beyond_noise"].sum()) if judged else np.nan,
                "cells": len(part),
                "p_matrix": float(combine_pvalues(p_rows).pvalue) if judged else np.nan,
                "largest": f"{least['true']} classified as {least['predicted']}: "
                f"{least['printed']:.0f} printed, {least['ours']:.0f} ours",
                "largest_p": least["p_adjusted"],
            }
        )
    columns = [
        "matrix", "network", "epoch_printed", "run", "epoch", "source", "accuracy_printed",
        "accuracy", "pairs", "dispersion", "cells_beyond_noise", "cells", "p_matrix", "largest",
        "largest_p",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
