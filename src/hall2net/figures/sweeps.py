"""Sweeps: accuracy against one axis, a line for every other choice."""

import re

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hall2net.figures.style import (
    COLOURS,
    DATASETS,
    DOUBLE,
    GREY,
    LINES,
    MARKERS,
    SINGLE,
    merged_legend,
    new_figure,
    panel,
    styled,
)

_LABELS = {
    "states": "number of states",
    "noise": "noise of a weight / scale of its layer",
    "epochs": "epochs",
    "learning_rate": "learning rate",
    "weight_decay": "weight decay",
    "batch": "images a step",
}
_NO_CHOICE = (
    "states", "test_accuracy", "test_accuracy_u", "test_accuracy_sd", "test_accuracy_at_best",
    "test_accuracy_at_best_sd", "validation_accuracy", "n_seeds",
)  # fmt: skip


@styled
def sweep(*, means: pd.DataFrame, x: str) -> Figure:
    """Test accuracy against `x`, means over seeds with their standard error; a panel a data set.

    Parameters
    ----------
    means : of `hall2net.networks.sweeps.over_seeds`
    x : the axis, or `states`; float weights are then a level without markers
    """
    choices = [name for name in means.columns if name not in (*_NO_CHOICE, x, "dataset")]
    if x == "states":
        choices = [name for name in choices if name not in ("precision", "mapping")] + ["mapping"]
        choices = [name for name in choices if name in means]
    # Float weights have no mapping: that alone is no choice.
    values = {
        name: set(means[name]) - ({"none"} if name == "mapping" else set()) for name in choices
    }
    choices = [name for name in choices if len(values[name]) > 1]
    datasets = sorted(set(means["dataset"])) if "dataset" in means and x != "dataset" else [None]
    groups = _grouped(means, choices)
    wide = len(datasets) > 1 or len(groups) > 6
    drawn = new_figure(DOUBLE if wide else SINGLE, max(70, 18 + 4.5 * len(groups)))
    for number, (axes, dataset) in enumerate(
        zip(drawn.subplots(1, len(datasets), squeeze=False).flat, datasets, strict=True)
    ):
        part = means if dataset is None else means[means["dataset"] == dataset]
        _draw(axes, part, x, choices, list(groups))
        if len(datasets) > 1:
            panel(axes, "abcdefgh"[number], DATASETS.get(dataset, dataset))
        if number == 0:
            axes.set_ylabel("test accuracy (%)")
    title = ", ".join(name.replace("_", " ") for name in choices) or None
    merged_legend(drawn, 1, place="right upper", title=title)
    return drawn


def _grouped(means: pd.DataFrame, choices: list[str]) -> dict[tuple, pd.DataFrame]:
    if not choices:
        return {(): means}
    return dict(iter(means.groupby(choices, dropna=False, sort=False)))


def _draw(axes: Axes, means: pd.DataFrame, x: str, choices: list[str], known: list[tuple]) -> None:
    numeric = pd.api.types.is_numeric_dtype(means[x])
    names = sorted(set(means[x]), key=_in_order) if not numeric else []
    for values, part in _grouped(means, choices).items():
        k = known.index(values)
        colour, line = COLOURS[k % len(COLOURS)], LINES[(k // len(COLOURS)) % len(LINES)]
        label = ", ".join(str(value) for value in values if value != "none")
        y, error = 100 * part["test_accuracy"], 100 * part["test_accuracy_u"]
        if x == "states" and part["states"].isna().all():
            axes.axhline(float(y.iloc[0]), color=GREY, ls=":", lw=0.8, label="float32")
            continue
        at = part[x] if numeric else [names.index(value) for value in part[x]]
        # Beside each other where lines do not tell them apart.
        aside = 0 if numeric else min(0.1, 0.8 / len(known)) * (k - (len(known) - 1) / 2)
        at = np.asarray(at, float) + aside
        order = np.argsort(at)
        axes.errorbar(
            at[order], np.asarray(y)[order], np.asarray(error)[order], color=colour,
            ls=line if numeric else "none",
            marker=MARKERS[k % len(MARKERS)], label=label or None,
        )  # fmt: skip
    if numeric:
        at = np.sort(means[x].dropna().unique().astype(float))
        if x == "states" or (at.size > 2 and at[0] > 0 and at[-1] / at[0] > 30):
            axes.set_xscale("log", base=2 if x == "states" else 10)
        if x == "states":
            axes.set_xticks(at, [f"{value:g}" for value in at])
            axes.minorticks_off()
    else:
        axes.set_xticks(range(len(names)), [str(name) for name in names])
    axes.set_xlabel(_LABELS.get(x, x.replace("_", " ")))
    axes.margins(x=0.06, y=0.08)


def _in_order(name: object) -> list[tuple[int, str]]:
    """`uniform3` before `uniform12`."""
    parts = re.split(r"(\d+)", str(name))
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]
