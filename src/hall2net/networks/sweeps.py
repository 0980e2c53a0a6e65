"""Sweeps: every combination of some settings, and one table of their results."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from hall2net.networks.runs import model_of

AXES = {
    "dataset": "data set",
    "precision": "float32, binary, lut<K>, pair<K> or uniform<K>",
    "mapping": "how levels become weights; float32 has none",
    "recipe": "name of a recipe of the network",
    "epochs": "passes over the training images",
    "seed": "of the training",
    "noise": "standard deviation of every weight at the test, in units of its layer's scale",
}
"""Axes of a sweep; any other axis is a key of the recipe."""

_RESULTS = (
    "states", "validation_accuracy", "test_accuracy", "test_accuracy_u", "best_epoch",
    "test_accuracy_at_best", "trained_epochs", "stand_in",
)  # fmt: skip


def grid(over: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Every combination, one row a training.

    Float weights are there once, for all mappings; `noise` is left out, since one training serves
    every noise.
    """
    axes = {axis: values for axis, values in over.items() if axis != "noise"}
    table = pd.DataFrame(list(product(*axes.values())), columns=list(axes))
    if {"precision", "mapping"} <= set(axes):
        table.loc[table["precision"] == "float32", "mapping"] = "none"
    return table.drop_duplicates(ignore_index=True)


def choices_at(
    point: Mapping[str, Any], block: Mapping[str, Any], scale: str, seed: int
) -> dict[str, Any]:
    """Settings at one point of a sweep: its axes, and the network's own where it has no axis.

    Parameters
    ----------
    point : axis to its value, a row of `grid`
    block : of the network in the configuration
    scale : ``laptop``, ``workstation`` or ``published``
    seed : where `seed` is not an axis
    """
    return {
        "dataset": block["datasets"][0],
        "precision": "float32",
        "mapping": "none",
        "recipe": block["recipe"],
        "epochs": block["epochs"][scale],
        "seed": seed,
        **point,
    }


def settings_at(choices: Mapping[str, Any], block: Mapping[str, Any], scale: str) -> dict[str, Any]:
    """Arguments of `hall2net.networks.train.Training.of` at one point of a sweep.

    Parameters
    ----------
    choices : from `choices_at`
    block, scale : as `choices_at` takes them
    """
    changes = {key: value for key, value in choices.items() if key not in AXES}
    return {
        "network": model_of(block, scale),
        "recipe": {**block["recipes"][choices["recipe"]], **changes},
        **{key: choices[key] for key in ("precision", "mapping", "epochs", "seed")},
    }


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
