"""Figures of the trained networks: accuracy, loss, weights."""

from collections.abc import Collection, Mapping
from string import ascii_lowercase
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hall2net.errors import Hall2netError
from hall2net.figures.runs import (
    MAPPING_WORDS,
    Runs,
    data_words,
    mean_history,
    needed_run,
    network_words,
    precision_words,
    states_words,
)
from hall2net.figures.style import (
    COLOURS,
    DATASETS,
    DOUBLE,
    GREY,
    LINES,
    MARKERS,
    SINGLE,
    figure,
    grid_of,
    merged_legend,
    new_figure,
    outer_labels,
    panel,
    published_points,
    stamp,
)
from hall2net.networks.runs import Run, at_every_seed, find_run, run_table
from hall2net.synapse.precision import KINDS

_MLP_DATASETS = ("mnist", "fashion_mnist")
_MAPPING_LINES = {"none": "-", "maxabs": "-", "std": "--", "learned": ":"}
_MAPPING_MARKERS = {"none": "o", "maxabs": "s", "std": "^", "learned": "D"}


@figure
def fig5bc_device_count(*, runs: Runs, hardware: pd.DataFrame) -> Figure:
    """Devices for one weight and for the whole network: a differential pair, and one device if its
    states have both signs after the Hall offset.
    """
    run = needed_run(runs, "cifar10", "lut")
    weights = run.metrics["weights"]
    polarity = str(hardware["polarity"].iloc[0])
    drawn = new_figure(SINGLE, 60)
    for axes, letter, unit, scale, digits in zip(
        drawn.subplots(1, 2),
        "bc",
        ("per weight", r"for all weights ($\mathrm{10^6}$)"),
        (1, weights / 1e6),
        ("%.0f", "%.2f"),
        strict=True,
    ):
        heights = [2 * scale, _DEVICES_OF_ONE.get(polarity, np.nan) * scale]
        bars = axes.bar([0, 1], heights, width=0.6, color=[GREY, COLOURS[3]], edgecolor="black")
        bars[0].set_hatch("//")
        shown = np.isfinite(heights)
        axes.bar_label(bars, [digits % h if s else "" for h, s in zip(heights, shown, strict=True)],
                       padding=2)  # fmt: skip
        if not shown[1]:
            axes.text(1, 0.5 * heights[0], "sign of the states:\n" + polarity, ha="center",
                      va="center", color=GREY)  # fmt: skip
        axes.set_ylim(0, 1.18 * heights[0])
        axes.set_xlim(-0.55, 1.55)
        axes.set_ylabel(f"devices {unit}")
        axes.set_xticks([0, 1], ["differential\npair", _ONE_WORDS.get(polarity, "one\ndevice")])
        axes.tick_params(axis="x", length=0)
        panel(axes, letter)
    stamp(drawn, f"{network_words(run)}, {weights:,} weights; states: {polarity}")
    return drawn


_DEVICES_OF_ONE = {"bipolar": 1, "unipolar": 2}
_ONE_WORDS = {"bipolar": "bipolar\ndevice", "unipolar": "unipolar\ndevices"}


@figure(highlight=True)
def fig5d_accuracy_loss(*, runs: Runs, published: Mapping[str, Any]) -> Figure:
    """Accuracy and training loss against epoch, float32 and device weights, and what the loss of
    device weights is above that of float32.
    """
    ideal = needed_run(runs, "cifar10", "float32")
    series = [
        ("float32", ideal),
        ("device, max-abs", needed_run(runs, "cifar10", "lut")),
        ("device, std", find_run(runs, "cifar10", "lut", "std")),
    ]
    drawn = new_figure(DOUBLE, 72)
    accuracy, loss, more = drawn.subplots(1, 3)
    float32, _ = mean_history(runs, ideal)
    for number, (label, run) in enumerate(series):
        if run is None:
            continue
        history, _ = mean_history(runs, run)
        style = {"color": COLOURS[number], "linestyle": LINES[number]}
        accuracy.plot(history["epoch"], history["test_accuracy"] * 100, **style, label=label)
        accuracy.plot(history["epoch"], history["train_accuracy"] * 100, **style, alpha=0.4, lw=0.7)
        loss.plot(history["epoch"], history["train_loss"], **style)
        if number:
            more.plot(history["epoch"], history["train_loss"] - float32["train_loss"], **style)
    more.axhline(0, color=COLOURS[0], lw=0.7)
    paper = published.get("resnet18_cifar10", {})
    for number, network in enumerate(("ideal", "device") if _as_long(ideal, paper) else ()):
        values = {epoch: paper[f"epoch{epoch}"][network] for epoch in (25, 75)}
        if network == "device":
            values[paper["epochs"]] = paper["accuracy_device"]
        published_points(
            accuracy,
            list(values),
            [100 * value for value in values.values()],
            series=number,
            label=f"published, {_short(network)}",
        )
    for axes, letter, label in (
        (accuracy, "a", "accuracy (%)"),
        (loss, "b", "training loss (nat)"),
        (more, "c", "training loss above float32 (nat)"),
    ):
        _epoch_axis(axes)
        axes.set_ylabel(label)
        panel(axes, letter)
    accuracy.plot([], [], color=GREY, alpha=0.6, lw=0.7, label="faint: training accuracy")
    merged_legend(drawn, 3)
    stamp(drawn, f"{_seed_words(runs, ideal)}; {data_words(run for _, run in series if run)}")
    return drawn


@figure
def fig5g_weight_histograms(*, runs: Runs) -> Figure:
    """Share of the weights on each level of the device as the training goes on."""
    run = needed_run(runs, "cifar10", "lut")
    table = run.histogram
    table = table[table["layer"] == "all"]
    epochs = sorted(table["epoch"].unique())
    drawn, panels = grid_of(DOUBLE, len(epochs), 5, 50, sharex=True, sharey=True)
    for axes, letter, epoch in zip(panels, ascii_lowercase, epochs, strict=False):
        _draw_histogram(axes, table[table["epoch"] == epoch])
        panel(axes, letter, f"epoch {epoch}")
    _finish_histograms(panels)
    stamp(drawn, data_words([run]))
    return drawn


@figure
def figS3_layer_histograms(*, runs: Runs) -> Figure:  # noqa: N802
    """Share of the weights on each level in the first four convolutions, after the last epoch."""
    run = needed_run(runs, "cifar10", "lut")
    table = run.histogram
    table = table[(table["epoch"] == table["epoch"].max()) & (table["layer"] != "all")]
    layers = list(table["layer"].unique())[:4]
    drawn, panels = grid_of(DOUBLE, len(layers), 4, 55, sharex=True, sharey=True)
    for axes, letter, layer in zip(panels, ascii_lowercase, layers, strict=False):
        _draw_histogram(axes, table[table["layer"] == layer])
        panel(axes, letter, layer)
    _finish_histograms(panels)
    stamp(drawn, f"epoch {table['epoch'].iloc[0]}; {data_words([run])}")
    return drawn


@figure(highlight=True)
def fig4c_accuracy_mnist(*, runs: Runs, published: Mapping[str, Any]) -> Figure:
    """Validation accuracy against epoch on MNIST, three precisions."""
    return _validation_curves(runs, "mnist", published.get("mlp", {}))


@figure
def fig4d_accuracy_fashion_mnist(*, runs: Runs, published: Mapping[str, Any]) -> Figure:
    """Validation accuracy against epoch on Fashion-MNIST, three precisions."""
    return _validation_curves(runs, "fashion_mnist", published.get("mlp", {}))


@figure
def figS6_training_loss(*, runs: Runs) -> Figure:  # noqa: N802
    """Training loss against epoch, both data sets, three precisions."""
    drawn = new_figure(DOUBLE, 72)
    used: list[Run] = []
    for axes, letter, dataset in zip(drawn.subplots(1, 2), "ab", _MLP_DATASETS, strict=True):
        used += _draw_curves(axes, runs, dataset, "train_loss", 1)
        axes.set_yscale("log")
        _epoch_axis(axes)
        axes.set_ylabel("training loss (nat)")
        panel(axes, letter, DATASETS[dataset])
    merged_legend(drawn, 5)
    stamp(drawn, f"{_seed_words(runs, used[0])}; {data_words(used, tested=False)}")
    return drawn


@figure
def figS7_final_accuracies(*, runs: Runs, published: Mapping[str, Any]) -> Figure:  # noqa: N802
    """Test accuracy after the last epoch, both data sets, three precisions, in the paper's mapping
    of levels to weights as we read it. Figure mapping_comparison has the others.
    """
    if not any(run.name.dataset in _MLP_DATASETS for run in runs):
        needed_run(runs, _MLP_DATASETS[0], "float32")
    drawn = new_figure(DOUBLE, 66)
    used: list[Run] = []
    for axes, letter, dataset in zip(drawn.subplots(1, 2), "ab", _MLP_DATASETS, strict=True):
        read = [run for run in runs if run.name.mapping in ("none", "maxabs")]
        drawn_here = _draw_accuracies(axes, read, dataset, ("float32", "lut", "binary"))
        used += drawn_here
        paper = published.get("mlp", {})
        beside = any(_as_long(run, paper) for run in drawn_here)
        paper = paper.get(dataset, {}) if beside else {}
        for position, precision in enumerate(("float32", "six_state", "binary")):
            if precision in paper:
                value, spread = _middle(paper[precision])
                published_points(
                    axes, [position], [value], yerr=[spread] if spread else None, label=None
                )
        panel(axes, letter, DATASETS[dataset])
    if any(_as_long(run, published.get("mlp", {})) for run in used):
        published_points(axes, [], [])
    merged_legend(drawn, 4)
    stamp(drawn, f"{_bar_words(used)}; {data_words(used)}")
    return drawn


@figure
def mapping_comparison(*, runs: Runs) -> Figure:
    """Test accuracy of every mapping of levels to weights, at each precision and data set."""
    table = run_table(runs)
    if table.empty:
        raise Hall2netError("figure mapping_comparison: no run; train networks first")
    datasets = [name for name in DATASETS if (table["dataset"] == name).any()]
    drawn = new_figure(SINGLE if len(datasets) == 1 else DOUBLE, 66)
    panels = drawn.subplots(1, len(datasets), squeeze=False)[0]
    for axes, letter, dataset in zip(panels, ascii_lowercase, datasets, strict=False):
        _draw_accuracies(axes, runs, dataset)
        panel(axes, letter, DATASETS[dataset])
    merged_legend(drawn, 4)
    stamp(drawn, f"{_bar_words(runs)}; {data_words(runs)}")
    return drawn


def _short(network: str) -> str:
    return "float32" if network == "ideal" else "device"


def _middle(published: float | list[float]) -> tuple[float, float]:
    """Middle and half width of a published number or range, in per cent."""
    low, high = published if isinstance(published, list) else (published, published)
    return 50 * (low + high), 50 * (high - low)


def _bar_words(runs: Collection[Run]) -> str:
    """What the bars of `_draw_accuracies` are."""
    seeds = len({run.name.seed for run in runs})
    return (
        f"bars: standard deviation of {seeds} seeds"
        if seeds > 1
        else ("bars: counting error only, one seed")
    )


def _seed_words(runs: Runs, run: Run) -> str:
    """What a curve is, of the seeds that there are."""
    seeds = len(at_every_seed([one.name for one in runs], run.name))
    return f"mean of {seeds} seeds, ±1σ of a seed" if seeds > 1 else f"one seed ({run.name.seed})"


def _as_long(run: Run, paper: Mapping[str, Any]) -> bool:
    """Whether a paper's accuracies belong beside a run: the same epochs, and no stand-in images."""
    return not run.metrics["stand_in"] and run.metrics["epochs"] == paper.get("epochs")


def _epoch_axis(axes: Axes) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def _curve_runs(runs: Runs, dataset: str) -> list[tuple[int, Run]]:
    """Runs to draw as curves of one data set, with the number of their precision."""
    found = []
    for number, kind in enumerate(("float32", "lut", "binary")):
        mappings = [None] if kind == "float32" else ["maxabs", "std"]
        for mapping in mappings:
            run = find_run(runs, dataset, kind, mapping)
            if run is not None:
                found.append((number, run))
    if not found:
        needed_run(runs, dataset, "float32")
    return found


def _draw_curves(axes: Axes, runs: Runs, dataset: str, column: str, scale: float) -> list[Run]:
    series = _curve_runs(runs, dataset)
    for number, run in series:
        history, spread = mean_history(runs, run)
        if spread is not None:
            low, high = (history[column] + sign * spread[column] for sign in (-1, 1))
            axes.fill_between(
                history["epoch"], low * scale, high * scale, color=COLOURS[number], alpha=0.2, lw=0
            )
        axes.plot(
            history["epoch"],
            history[column] * scale,
            color=COLOURS[number],
            linestyle=_MAPPING_LINES[run.name.mapping],
            marker=MARKERS[number],
            markersize=2.5,
            markevery=max(1, len(history) // 10),
            label=precision_words(run),
        )
    return [run for _, run in series]


def _validation_curves(runs: Runs, dataset: str, paper: Mapping[str, Any]) -> Figure:
    drawn = new_figure(SINGLE, 80)
    axes = drawn.subplots()
    shown = _draw_curves(axes, runs, dataset, "validation_accuracy", 100)
    label: str | None = "published"
    accuracies = paper[dataset] if _as_long(shown[0], paper) else {}
    for number, precision in enumerate(("float32", "six_state", "binary")):
        if precision in accuracies:
            value, spread = _middle(accuracies[precision])
            published_points(
                axes,
                [paper["epochs"]],
                [value],
                series=number,
                yerr=[spread] if spread else None,
                label=label,
            )
            label = None
    _epoch_axis(axes)
    axes.set_ylabel("validation accuracy (%)")
    panel(axes, {"mnist": "c", "fashion_mnist": "d"}[dataset], f"MLP, {DATASETS[dataset]}")
    merged_legend(drawn, 2)
    stamp(drawn, f"{_seed_words(runs, shown[0])}; {data_words(shown)}")
    return drawn


def _draw_accuracies(
    axes: Axes, runs: Runs, dataset: str, kinds: Collection[str] = KINDS
) -> list[Run]:
    """Mean final accuracy over seeds against precisions of these kinds, one marker a mapping.

    The bars are the standard deviation of the seeds, of one seed the counting error.
    """
    shown = [
        run for run in runs if run.name.dataset == dataset and run.name.precision.kind in kinds
    ]
    shown = [run for run in shown if run.name.recipe == "paper"] or shown
    table = run_table(shown)
    precisions = sorted({run.name.precision for run in shown})
    places = {str(precision): place for place, precision in enumerate(precisions)}
    for number, mapping in enumerate(_MAPPING_MARKERS):
        rows = table[table["mapping"] == mapping].groupby("precision")
        if not len(rows):
            continue
        mean, count = rows["test_accuracy"].mean(), rows["test_accuracy"].size()
        spread = rows["test_accuracy"].std().where(count > 1, rows["test_accuracy_u"].mean())
        shift = 0.0 if mapping == "none" else 0.12 * (number - 2)
        axes.errorbar(
            [places[name] + shift for name in mean.index],
            mean * 100,
            yerr=spread * 100,
            linestyle="none",
            marker=_MAPPING_MARKERS[mapping],
            color=COLOURS[number],
            label=(MAPPING_WORDS[mapping] + " mapping") if number else "float32",
        )
    axes.set_xticks(range(len(precisions)), map(states_words, precisions))
    axes.set_xlim(-0.5, len(precisions) - 0.5)
    axes.set_xlabel("weights")
    axes.set_ylabel("test accuracy (%)")
    return shown


def _draw_histogram(axes: Axes, table: pd.DataFrame) -> None:
    centre = (table["bin_left"] + table["bin_right"]) / 2
    level = table["level"].fillna(centre) if "level" in table else centre
    share = 100 * table["count"] / table["count"].sum()
    axes.vlines(level, 0, share, color=COLOURS[1], lw=1.0)
    axes.plot(level, share, linestyle="none", marker="o", markersize=2.2, color=COLOURS[1])


def _finish_histograms(panels: list[Axes]) -> None:
    highest = max(axes.dataLim.y1 for axes in panels)
    panels[0].set_ylim(0, 1.06 * highest)
    outer_labels(panels, len(panels), "level", "share of weights (%)")
