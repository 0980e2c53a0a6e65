"""Figures of confusion matrices: right and wrong answers by class, beside the printed ones."""

from collections.abc import Sequence
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from hall2net.figures.runs import (
    Runs,
    data_words,
    needed_run,
    network_words,
    precision_words,
)
from hall2net.figures.style import (
    COLOURS,
    DATASETS,
    DOUBLE,
    MARKERS,
    SINGLE,
    figure,
    new_figure,
    panel,
    stamp,
)
from hall2net.networks.confusions import confusion_comparison
from hall2net.networks.runs import Run


@figure
def fig5e_confusion_float32(*, runs: Runs) -> Figure:
    """Confusion matrix of the float32 network after the last epoch."""
    return _one_confusion(needed_run(runs, "cifar10", "float32"), "e")


@figure
def fig5f_confusion_device(*, runs: Runs) -> Figure:
    """Confusion matrix of the network made of measured states after the last epoch."""
    return _one_confusion(needed_run(runs, "cifar10", "lut"), "f")


@figure
def figS1_confusion_epoch25(*, runs: Runs, printed: pd.DataFrame) -> Figure:  # noqa: N802
    """Confusion matrices after a quarter of the training; where images, epoch and width are the
    paper's, also their difference to the printed.
    """
    return _confusions_against_printed(runs, printed, 25)


@figure
def figS2_confusion_epoch75(*, runs: Runs, printed: pd.DataFrame) -> Figure:  # noqa: N802
    """Confusion matrices after three quarters of the training; where images, epoch and width are
    the paper's, also their difference to the printed.
    """
    return _confusions_against_printed(runs, printed, 75)


@figure
def fig4e_confusion_mnist(*, runs: Runs) -> Figure:
    """Confusion matrix on MNIST with six-state weights."""
    return _one_confusion(needed_run(runs, "mnist", "lut"), "e")


@figure
def figS8_confusion_mnist(*, runs: Runs) -> Figure:  # noqa: N802
    """Confusion matrices on MNIST with float32 and binary weights."""
    shown = [needed_run(runs, "mnist", kind) for kind in ("float32", "binary")]
    drawn = new_figure(DOUBLE, 120)
    for axes, letter, run in zip(drawn.subplots(1, 2), "bc", shown, strict=True):
        _draw_confusion(axes, run, letter, run.last_epoch)
    stamp(drawn, data_words(shown))
    return drawn


@figure
def figS9_confusion_fashion_mnist(*, runs: Runs) -> Figure:  # noqa: N802
    """Confusion matrices on Fashion-MNIST at three precisions, and the recall of each class."""
    shown = [needed_run(runs, "fashion_mnist", kind) for kind in ("float32", "lut", "binary")]
    drawn = new_figure(DOUBLE, 212)
    *panels, last = drawn.subplots(2, 2).flat
    for axes, letter, run in zip(panels, "def", shown, strict=True):
        _draw_confusion(axes, run, letter, run.last_epoch)
    _draw_recalls(last, "g", shown)
    stamp(drawn, data_words(shown))
    return drawn


def _one_confusion(run: Run, letter: str) -> Figure:
    lines = _confusion_title(run, run.last_epoch).count("\n")
    drawn = new_figure(SINGLE, 104 + 4 * lines)
    _draw_confusion(drawn.subplots(), run, letter, run.last_epoch)
    stamp(drawn, data_words([run]))
    return drawn


def _confusion_title(run: Run, epoch: int) -> str:
    square = run.confusions[epoch].to_numpy()
    accuracy = 100 * np.trace(square) / square.sum()
    dataset = DATASETS.get(run.name.dataset, run.name.dataset)
    source = run.metrics["source"]
    lines = [
        f"{network_words(run)}",
        f"weights: {precision_words(run)}",
        *wrap(source if source.startswith(dataset) else f"{dataset}, {source}", 36),
        f"epoch {epoch}, accuracy {accuracy:.2f} %",
    ]
    return "\n".join(lines)


def _draw_confusion(axes: Axes, run: Run, letter: str, epoch: int) -> None:
    table = run.confusions[epoch]
    share = table.div(table.sum(axis=1).clip(lower=1), axis=0).to_numpy()
    # A power below 1 lets the few confusions show beside the many right answers.
    axes.pcolormesh(share, cmap="Blues", norm=PowerNorm(0.5, 0, 1), edgecolors="white", lw=0.3)
    _cell_text(axes, table.to_numpy(), np.where(share > 0.3, "white", "black"), "{:d}")
    _class_axes(axes, list(map(str, table.columns)))
    panel(axes, letter, _confusion_title(run, epoch))


def _draw_difference(axes: Axes, cells: pd.DataFrame, letter: str) -> None:
    """Ours less printed, framed where the scatter of our own seeds does not explain it."""
    names = list(dict.fromkeys(cells["true"]))
    shape = (len(names), len(names))
    ours, theirs = (cells[name].to_numpy().reshape(shape) for name in ("ours", "printed"))
    pairs = cells["pairs"].iloc[0]
    beyond = cells["beyond_noise"].fillna(0).astype(bool).to_numpy().reshape(shape)
    # Difference of two Poisson counts, at least one standing for an empty cell.
    z = (ours - theirs) / np.sqrt(np.maximum(ours + theirs, 1))
    mesh = axes.pcolormesh(z, cmap="PuOr", vmin=-10, vmax=10, edgecolors="white", lw=0.3)
    # Luminance of each cell (ITU-R BT.709): white digits on the dark ones alone.
    luminance = mesh.to_rgba(z)[..., :3] @ (0.2126, 0.7152, 0.0722)
    _cell_text(axes, ours - theirs, np.where(luminance < 0.4, "white", "black"), "{:+d}")
    for row, column in np.argwhere(beyond):
        axes.add_patch(Rectangle((column + 0.04, row + 0.04), 0.92, 0.92, fill=False, lw=0.8))
    _class_axes(axes, names)
    accuracy = 100 * np.trace(theirs) / theirs.sum()
    judged = (
        f"framed: beyond the scatter of seeds, {beyond.sum()} of {beyond.size}"
        if pairs
        else "one seed: no cell can be judged"
    )
    panel(
        axes,
        letter,
        f"ours less printed (printed: {accuracy:.2f} %)\ncolour: difference / counting error, ±10"
        f"\n{judged}",
    )


def _cell_text(axes: Axes, values: np.ndarray, colours: np.ndarray, form: str) -> None:
    for (row, column), value in np.ndenumerate(values):
        if value or "+" in form:
            text = form.format(int(value)).replace("-", "\N{MINUS SIGN}").replace("+0", "0")
            axes.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", color=colours[row, column]
            )


def _class_axes(axes: Axes, names: list[str]) -> None:
    ticks = np.arange(len(names)) + 0.5
    long = max(map(len, names)) > 2
    axes.set_xticks(ticks, names, rotation=45 if long else 0, ha="right" if long else "center",
                    rotation_mode="anchor" if long else "default")  # fmt: skip
    axes.set_yticks(ticks, names)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")


def _draw_recalls(axes: Axes, letter: str, series: Sequence[Run]) -> None:
    for number, run in enumerate(series):
        table = run.confusions[run.last_epoch]
        total = table.sum(axis=1).clip(lower=1)
        recall = pd.Series(np.diag(table), index=table.index) / total
        axes.errorbar(
            recall * 100,
            np.arange(len(recall)) + 0.2 * (number - 1),
            xerr=100 * np.sqrt(recall * (1 - recall) / total),
            linestyle="none",
            marker=MARKERS[number],
            color=COLOURS[number],
            label=precision_words(run),
        )
    axes.set_yticks(range(len(table)), list(map(str, table.index)))
    axes.set_ylim(len(table) + 2, -0.6)
    axes.set_xlabel("recall (%)")
    axes.legend(loc="lower left")
    panel(axes, letter, "right answers in each class")


def _confusions_against_printed(runs: Runs, printed: pd.DataFrame, epoch_printed: int) -> Figure:
    shown = {
        "ideal_float": needed_run(runs, "cifar10", "float32"),
        "device": needed_run(runs, "cifar10", "lut"),
    }
    cells = {
        network: confusion_comparison(
            printed[
                (printed["network_inferred"] == network)
                & (printed["epoch_printed"] == epoch_printed)
            ],
            runs,
        )
        for network in shown
    }
    rows = 1 if all(part.empty for part in cells.values()) else 2
    drawn = new_figure(DOUBLE, 108 * rows)
    panels = drawn.subplots(rows, 2, squeeze=False)
    for column, (network, run) in enumerate(shown.items()):
        epoch = run.recorded_epoch(epoch_printed / 100)
        _draw_confusion(panels[0, column], run, "ab"[column], epoch)
        if not cells[network].empty:
            _draw_difference(panels[1, column], cells[network], "cd"[column])
        elif rows == 2:
            panels[1, column].set_axis_off()
    stamp(drawn, data_words(shown.values()))
    return drawn
