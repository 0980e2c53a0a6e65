"""Sweeps: every combination of some settings, and one table of what came of them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

AXES = {
    "dataset": "data set",
    "precision": "float32, binary, lut<K>, pair<K> or uniform<K>",
    "mapping": "how levels become weights; float32 has none",
    "recipe": "name of a recipe of the network",
    "epochs": "passes over the training images",
    "seed": "of the training",
    "noise": "standard deviation of every weight at the test, over its layer's scale",
}
"""What a sweep may vary; any other axis is a key of the recipe."""

_RESULTS = (
    "states", "validation_accuracy", "test_accuracy", "test_accuracy_u", "best_epoch",
    "test_accuracy_at_best", "trained_epochs", "stand_in",
)  # fmt: skip


def grid(over: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Every combination, one row a training; float weights once, whatever the mappings."""
    table = pd.DataFrame(list(product(*over.values())), columns=list(over))
    if {"precision", "mapping"} <= set(over):
        table.loc[table["precision"] == "float32", "mapping"] = "none"
    return table.drop_duplicates(ignore_index=True)


def sweep_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a training, ordered by its axes."""
    table = pd.DataFrame(list(rows))
    axes = [name for name in table.columns if name not in _RESULTS]
    return table.sort_values(axes, ignore_index=True)


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Means over the seeds of a sweep.

    Returns
    -------
    One row a combination of all axes but the seed: `states`, `test_accuracy`, its
    `test_accuracy_u` (standard error over seeds; of a single one, that of its row),
    `test_accuracy_sd` (scatter of single trainings), `test_accuracy_at_best` with its `_sd`,
    `validation_accuracy`, `n_seeds`.
    """
    axes = [name for name in table.columns if name not in (*_RESULTS, "seed")]
    rows = []
    groups = table.groupby(axes, dropna=False, sort=False) if axes else [((), table)]
    for values, part in groups:
        n = len(part)
        sd = part["test_accuracy"].std(ddof=1) if n > 1 else np.nan
        rows.append(
            dict(zip(axes, values, strict=True))
            | {
                "states": part["states"].iloc[0],
                "test_accuracy": part["test_accuracy"].mean(),
                "test_accuracy_u": sd / np.sqrt(n) if n > 1 else part["test_accuracy_u"].iloc[0],
                "test_accuracy_sd": sd,
                "test_accuracy_at_best": part["test_accuracy_at_best"].mean(),
                "test_accuracy_at_best_sd": part["test_accuracy_at_best"].std(ddof=1),
                "validation_accuracy": part["validation_accuracy"].mean(),
                "n_seeds": n,
            }
        )
    return pd.DataFrame(rows)
