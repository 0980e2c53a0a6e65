"""Figures of the trained networks: accuracy, loss, confusion matrices, weights."""

from collections.abc import Iterable, Mapping
from string import ascii_lowercase
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from hall2net.errors import Hall2netError
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
from hall2net.networks.confusions import confusion_comparison
from hall2net.networks.runs import counts, find_run, recorded_epoch, run_table

Runs = Mapping[str, Mapping[str, Any]]

_NETWORKS = {"mlp": "MLP", "resnet18": "ResNet-18"}
_MLP_DATASETS = ("mnist", "fashion_mnist")
_MAPPING_LINES = {"none": "-", "maxabs": "-", "std": "--", "learned": ":"}
_MAPPING_MARKERS = {"none": "o", "maxabs": "s", "std": "^", "learned": "D"}
_MAPPING_WORDS = {"maxabs": "max-abs", "std": "std", "learned": "learned", "none": ""}


@figure
def fig5bc_device_count(*, runs: Runs, published: Mapping[str, Any]) -> Figure:
    """Devices for one weight and for the whole network: differential pair and bipolar device."""
    name = _need(runs, "cifar10", "lut")
    weights = runs[name]["metrics"]["weights"]
    devices = published.get("devices_per_weight", {"differential_pair": 2, "this_work": 1})
    labels = ["differential pair", "bipolar device"]
    drawn = new_figure(SINGLE, 52)
    for axes, letter, unit, scale in zip(
        drawn.subplots(1, 2),
        "bc",
        ("per weight", r"for all weights ($\mathrm{10^6}$)"),
        (1, weights / 1e6),
        strict=True,
    ):
        heights = [devices["differential_pair"] * scale, devices["this_work"] * scale]
        bars = axes.bar(labels, heights, width=0.6, color=[GREY, COLOURS[3]], edgecolor="black")
        for bar, hatch in zip(bars, ("//", ""), strict=True):
            bar.set_hatch(hatch)
        axes.bar_label(bars, fmt="%.3g", padding=2)
        axes.set_ylim(0, 1.18 * heights[0])
        axes.set_ylabel(f"devices {unit}")
        axes.set_xticks([0, 1], ["differential\npair", "bipolar\ndevice"])
        axes.tick_params(axis="x", length=0)
        panel(axes, letter)
    stamp(drawn, f"{_network_words(runs[name])}, {weights:,} weights")
    return drawn


@figure(highlight=True)
def fig5d_accuracy_loss(
    *, runs: Runs, published: Mapping[str, Any], printed: pd.DataFrame | None = None
) -> Figure:
    """Accuracy and training loss against epoch, float32 and device weights."""
    series = [
        ("float32", _need(runs, "cifar10", "float32")),
        ("device, max-abs", _need(runs, "cifar10", "lut")),
        ("device, std", find_run(run_table(runs), "cifar10", "lut", "std")),
    ]
    drawn = new_figure(DOUBLE, 72)
    accuracy, loss = drawn.subplots(1, 2)
    for number, (label, name) in enumerate(series):
        if name is None:
            continue
        history = runs[name]["history"]
        style = {"color": COLOURS[number], "linestyle": LINES[number]}
        accuracy.plot(history["epoch"], history["test_accuracy"] * 100, **style, label=label)
        accuracy.plot(history["epoch"], history["train_accuracy"] * 100, **style, alpha=0.4, lw=0.7)
        loss.plot(history["epoch"], history["train_loss"], **style)
    paper = published.get("resnet18_cifar10", {})
    share = runs[series[0][1]]["metrics"]["epochs"] / paper.get("epochs", 100)
    for number, network in enumerate(("ideal", "device") if paper else ()):
        values = {epoch: paper[f"epoch{epoch}"][network] for epoch in (25, 75)}
        if network == "device":
            values[100] = paper["accuracy_device"]
        published_points(
            accuracy,
            [epoch * share for epoch in values],
            [100 * value for value in values.values()],
            series=number,
            label=_published_words(share, f", {_short(network)}"),
        )
    for axes, letter, label in (
        (accuracy, "a", "accuracy (%)"),
        (loss, "b", "training loss (nat)"),
    ):
        _epoch_axis(axes)
        axes.set_ylabel(label)
        panel(axes, letter)
    accuracy.plot([], [], color=GREY, alpha=0.6, lw=0.7, label="faint: training accuracy")
    merged_legend(drawn, 3)
    stamp(drawn, _data_words(runs, [name for _, name in series if name]))
    return drawn


@figure
def fig5e_confusion_float32(*, runs: Runs) -> Figure:
    """Confusion matrix of the float32 network after the last epoch."""
    return _one_confusion(runs, _need(runs, "cifar10", "float32"), "e")


@figure
def fig5f_confusion_device(*, runs: Runs) -> Figure:
    """Confusion matrix of the network with device weights after the last epoch."""
    return _one_confusion(runs, _need(runs, "cifar10", "lut"), "f")


@figure
def fig5g_weight_histograms(*, runs: Runs) -> Figure:
    """Share of the weights on each level of the device as the training goes on."""
    name = _need(runs, "cifar10", "lut")
    table = runs[name]["histogram"]
    table = table[table["layer"] == "all"]
    epochs = sorted(table["epoch"].unique())
    drawn, panels = grid_of(DOUBLE, len(epochs), 5, 50, sharex=True, sharey=True)
    for axes, letter, epoch in zip(panels, ascii_lowercase, epochs, strict=False):
        _draw_histogram(axes, table[table["epoch"] == epoch])
        panel(axes, letter, f"epoch {epoch}")
    _finish_histograms(panels)
    stamp(drawn, _data_words(runs, [name]))
    return drawn


@figure
def figS1_confusion_epoch25(*, runs: Runs, printed: pd.DataFrame) -> Figure:  # noqa: N802
    """Confusion matrices after a quarter of the training, and their difference to the printed."""
    return _confusions_against_printed(runs, printed, 25)


@figure
def figS2_confusion_epoch75(*, runs: Runs, printed: pd.DataFrame) -> Figure:  # noqa: N802
    """Confusion matrices after three quarters, and their difference to the printed."""
    return _confusions_against_printed(runs, printed, 75)


@figure
def figS3_layer_histograms(*, runs: Runs) -> Figure:  # noqa: N802
    """Share of the weights on each level in the first four convolutions, after the last epoch."""
    name = _need(runs, "cifar10", "lut")
    table = runs[name]["histogram"]
    table = table[(table["epoch"] == table["epoch"].max()) & (table["layer"] != "all")]
    layers = list(table["layer"].unique())[:4]
    drawn, panels = grid_of(DOUBLE, len(layers), 4, 55, sharex=True, sharey=True)
    for axes, letter, layer in zip(panels, ascii_lowercase, layers, strict=False):
        _draw_histogram(axes, table[table["layer"] == layer])
        panel(axes, letter, layer)
    _finish_histograms(panels)
    stamp(drawn, f"epoch {table['epoch'].iloc[0]}; {_data_words(runs, [name])}")
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
def fig4e_confusion_mnist(*, runs: Runs) -> Figure:
    """Confusion matrix on MNIST with six-state weights."""
    return _one_confusion(runs, _need(runs, "mnist", "lut"), "e")


@figure
def figS6_training_loss(*, runs: Runs) -> Figure:  # noqa: N802
    """Training loss against epoch, both data sets, three precisions."""
    drawn = new_figure(DOUBLE, 72)
    used = []
    for axes, letter, dataset in zip(drawn.subplots(1, 2), "ab", _MLP_DATASETS, strict=True):
        used += _draw_curves(axes, runs, dataset, "train_loss", 1)
        axes.set_yscale("log")
        _epoch_axis(axes)
        axes.set_ylabel("training loss (nat)")
        panel(axes, letter, DATASETS[dataset])
    merged_legend(drawn, 5)
    stamp(drawn, _data_words(runs, used, tested=False))
    return drawn


@figure
def figS7_final_accuracies(*, runs: Runs, published: Mapping[str, Any]) -> Figure:  # noqa: N802
    """Test accuracy after the last epoch, both data sets, three precisions."""
    drawn = new_figure(DOUBLE, 66)
    used = []
    for axes, letter, dataset in zip(drawn.subplots(1, 2), "ab", _MLP_DATASETS, strict=True):
        used += _draw_accuracies(axes, runs, dataset, ("float32", "lut", "binary"))
        paper = published.get("mlp", {}).get(dataset, {})
        for position, precision in enumerate(("float32", "six_state", "binary")):
            if precision in paper:
                value, spread = _middle(paper[precision])
                published_points(
                    axes, [position], [value], yerr=[spread] if spread else None, label=None
                )
        panel(axes, letter, DATASETS[dataset])
    if "mlp" in published:
        published_points(axes, [], [])
    merged_legend(drawn, 4)
    stamp(drawn, _data_words(runs, used))
    return drawn


@figure
def figS8_confusion_mnist(*, runs: Runs) -> Figure:  # noqa: N802
    """Confusion matrices on MNIST with float32 and binary weights."""
    names = [_need(runs, "mnist", precision) for precision in ("float32", "binary")]
    drawn = new_figure(DOUBLE, 120)
    for axes, letter, name in zip(drawn.subplots(1, 2), "bc", names, strict=True):
        _draw_confusion(axes, runs[name], letter, _last(runs[name]))
    stamp(drawn, _data_words(runs, names))
    return drawn


@figure
def figS9_confusion_fashion_mnist(*, runs: Runs) -> Figure:  # noqa: N802
    """Confusion matrices on Fashion-MNIST at three precisions, and the recall of each class."""
    names = [_need(runs, "fashion_mnist", precision) for precision in ("float32", "lut", "binary")]
    drawn = new_figure(DOUBLE, 212)
    *panels, last = drawn.subplots(2, 2).flat
    for axes, letter, name in zip(panels, "def", names, strict=True):
        _draw_confusion(axes, runs[name], letter, _last(runs[name]))
    _draw_recalls(last, "g", [runs[name] for name in names])
    stamp(drawn, _data_words(runs, names))
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
    stamp(drawn, _data_words(runs, list(runs)))
    return drawn


def _need(runs: Runs, dataset: str, precision: str) -> str:
    name = find_run(run_table(runs), dataset, precision) if runs else None
    if name is None:
        raise Hall2netError(
            f"no run with {precision} weights on {dataset}; found {', '.join(runs) or 'none'}; "
            "add it under `networks` in the configuration"
        )
    return name


def _last(run: Mapping[str, Any]) -> int:
    return max(run["confusions"])


def _short(network: str) -> str:
    return "float32" if network == "ideal" else "device"


def _middle(published: float | list[float]) -> tuple[float, float]:
    """Middle and half width of a published number or range, in per cent."""
    low, high = published if isinstance(published, list) else (published, published)
    return 50 * (low + high), 50 * (high - low)


def _precision_words(run: Mapping[str, Any]) -> str:
    precision, mapping = run["metrics"]["precision"], run["metrics"]["mapping"]
    if precision == "float32":
        return "float32"
    return f"{_states_words(precision)}, {_MAPPING_WORDS[mapping]}"


def _states_words(precision: str) -> str:
    kind = precision.rstrip("0123456789")
    count = precision.removeprefix(kind)
    words = {"lut": f"{count} states", "pair": f"pairs, {count} states", "uniform": f"{count} even"}
    return words.get(kind, precision)


def _network_words(run: Mapping[str, Any]) -> str:
    network = run["metrics"]["network"]
    words = _NETWORKS[network["model"]]
    if width := network.get("base_width"):
        words += f" (base width {width})"
    return words


def _data_words(runs: Runs, names: Iterable[str], tested: bool = True) -> str:
    """Data sources and scale of the runs shown, and the averaging of what was tested, once each."""
    metrics = [runs[name]["metrics"] for name in names]
    parts = [one["source"] for one in metrics]
    parts += ["laptop scale" for one in metrics if one["scale"] == "laptop"]
    if tested:
        spans = (one["settings"]["average_epochs"] for one in metrics)
        parts += [f"weights averaged over {span:g} epochs" for span in spans if span]
    return "; ".join(dict.fromkeys(parts))


def _published_words(share: float, more: str = "") -> str:
    """Label of published points, which lie at the same share of a shorter training."""
    return f"published{more}" + ("" if share == 1 else ", epoch scaled")


def _epoch_axis(axes: Axes) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def _curve_runs(runs: Runs, dataset: str) -> list[tuple[int, str]]:
    """Runs to draw as curves of one data set, with the number of their precision."""
    table = run_table(runs)
    found = []
    for number, precision in enumerate(("float32", "lut", "binary")):
        mappings = [None] if precision == "float32" else ["maxabs", "std"]
        for mapping in mappings:
            name = find_run(table, dataset, precision, mapping)
            if name is not None:
                found.append((number, name))
    if not found:
        _need(runs, dataset, "float32")
    return found


def _draw_curves(axes: Axes, runs: Runs, dataset: str, column: str, scale: float) -> list[str]:
    series = _curve_runs(runs, dataset)
    for number, name in series:
        run = runs[name]
        axes.plot(
            run["history"]["epoch"],
            run["history"][column] * scale,
            color=COLOURS[number],
            linestyle=_MAPPING_LINES[run["metrics"]["mapping"]],
            marker=MARKERS[number],
            markersize=2.5,
            markevery=max(1, len(run["history"]) // 10),
            label=_precision_words(run),
        )
    return [name for _, name in series]


def _validation_curves(runs: Runs, dataset: str, paper: Mapping[str, Any]) -> Figure:
    drawn = new_figure(SINGLE, 80)
    axes = drawn.subplots()
    names = _draw_curves(axes, runs, dataset, "validation_accuracy", 100)
    share = runs[names[0]]["metrics"]["epochs"] / paper.get("epochs", 1)
    label = _published_words(share)
    for number, precision in enumerate(("float32", "six_state", "binary")):
        if precision in paper.get(dataset, {}):
            value, spread = _middle(paper[dataset][precision])
            published_points(
                axes,
                [share * paper["epochs"]],
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
    stamp(drawn, _data_words(runs, names))
    return drawn


def _draw_accuracies(
    axes: Axes, runs: Runs, dataset: str, kinds: tuple[str, ...] = ("",)
) -> list[str]:
    """Mean final accuracy over seeds against precision, one marker a mapping.

    Of the precisions that begin with one of `kinds`.
    """
    table = run_table(runs).query("dataset == @dataset and precision.str.startswith(@kinds)")
    if (table["recipe"] == "paper").any():
        table = table.query("recipe == 'paper'")
    precisions = sorted(table["precision"].unique(), key=_precision_order)
    for number, mapping in enumerate(_MAPPING_MARKERS):
        rows = table[table["mapping"] == mapping].groupby("precision")
        if not len(rows):
            continue
        mean, count = rows["test_accuracy"].mean(), rows["test_accuracy"].size()
        between = rows["test_accuracy"].std().fillna(0) / np.sqrt(count)
        spread = np.hypot(between, rows["test_accuracy_u"].mean())
        shift = 0.0 if mapping == "none" else 0.12 * (number - 2)
        axes.errorbar(
            [precisions.index(name) + shift for name in mean.index],
            mean * 100,
            yerr=spread * 100,
            linestyle="none",
            marker=_MAPPING_MARKERS[mapping],
            color=COLOURS[number],
            label=(_MAPPING_WORDS[mapping] + " mapping") if number else "float32",
        )
    axes.set_xticks(range(len(precisions)), map(_states_words, precisions))
    axes.set_xlim(-0.5, len(precisions) - 0.5)
    axes.set_xlabel("weights")
    axes.set_ylabel("test accuracy (%)")
    return list(table["run"])


def _precision_order(precision: str) -> tuple[int, int]:
    kinds = ["float", "pair", "lut", "uniform", "binary"]
    kind = precision.rstrip("0123456789")
    return kinds.index(kind), -int(precision.removeprefix(kind) or 0)


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


def _one_confusion(runs: Runs, name: str, letter: str) -> Figure:
    lines = _confusion_title(runs[name], _last(runs[name])).count("\n")
    drawn = new_figure(SINGLE, 104 + 4 * lines)
    _draw_confusion(drawn.subplots(), runs[name], letter, _last(runs[name]))
    stamp(drawn, _data_words(runs, [name]))
    return drawn


def _confusion_title(run: Mapping[str, Any], epoch: int) -> str:
    square = counts(run["confusions"][epoch]).to_numpy()
    accuracy = 100 * np.trace(square) / square.sum()
    dataset = DATASETS.get(run["metrics"]["dataset"], run["metrics"]["dataset"])
    source = run["metrics"]["source"]
    lines = [
        f"{_network_words(run)}",
        f"weights: {_precision_words(run)}",
        *wrap(source if source.startswith(dataset) else f"{dataset}, {source}", 36),
        f"epoch {epoch}, accuracy {accuracy:.2f} %",
    ]
    return "\n".join(lines)


def _draw_confusion(axes: Axes, run: Mapping[str, Any], letter: str, epoch: int) -> None:
    table = counts(run["confusions"][epoch])
    share = table.div(table.sum(axis=1).clip(lower=1), axis=0).to_numpy()
    # A power below 1 lets the few confusions show beside the many right answers.
    axes.pcolormesh(share, cmap="Blues", norm=PowerNorm(0.5, 0, 1), edgecolors="white", lw=0.3)
    _cell_text(axes, table.to_numpy(), np.where(share > 0.3, "white", "black"), "{:d}")
    _class_axes(axes, list(map(str, table.columns)))
    panel(axes, letter, _confusion_title(run, epoch))


def _draw_difference(axes: Axes, cells: pd.DataFrame, letter: str) -> None:
    """Ours less printed, framed where counting noise does not explain it."""
    names = list(dict.fromkeys(cells["true"]))
    shape = (len(names), len(names))
    ours, theirs = (cells[name].to_numpy().reshape(shape) for name in ("ours", "printed"))
    beyond = cells["beyond_noise"].to_numpy().reshape(shape)
    # Difference of two Poisson counts, at least one standing for an empty cell.
    z = (ours - theirs) / np.sqrt(np.maximum(ours + theirs, 1))
    axes.pcolormesh(z, cmap="PuOr", vmin=-10, vmax=10, edgecolors="white", lw=0.3)
    _cell_text(axes, ours - theirs, np.where(abs(z) > 6, "white", "black"), "{:+d}")
    for row, column in np.argwhere(beyond):
        axes.add_patch(Rectangle((column + 0.04, row + 0.04), 0.92, 0.92, fill=False, lw=0.8))
    _class_axes(axes, names)
    accuracy = 100 * np.trace(theirs) / theirs.sum()
    panel(
        axes,
        letter,
        f"ours less printed (printed: {accuracy:.2f} %)\ncolour: difference / counting error, ±10"
        f"\nframed: beyond counting noise, {beyond.sum()} of {beyond.size}",
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


def _draw_recalls(axes: Axes, letter: str, series: list[Mapping[str, Any]]) -> None:
    for number, run in enumerate(series):
        table = counts(run["confusions"][_last(run)])
        total = table.sum(axis=1).clip(lower=1)
        recall = pd.Series(np.diag(table), index=table.index) / total
        axes.errorbar(
            recall * 100,
            np.arange(len(recall)) + 0.2 * (number - 1),
            xerr=100 * np.sqrt(recall * (1 - recall) / total),
            linestyle="none",
            marker=MARKERS[number],
            color=COLOURS[number],
            label=_precision_words(run),
        )
    axes.set_yticks(range(len(table)), list(map(str, table.index)))
    axes.set_ylim(len(table) + 2, -0.6)
    axes.set_xlabel("recall (%)")
    axes.legend(loc="lower left")
    panel(axes, letter, "right answers in each class")


def _confusions_against_printed(runs: Runs, printed: pd.DataFrame, epoch_printed: int) -> Figure:
    names = {
        "ideal_float": _need(runs, "cifar10", "float32"),
        "device": _need(runs, "cifar10", "lut"),
    }
    classes = set(counts(runs[names["device"]]["confusions"][_last(runs[names["device"]])]))
    same_classes = classes == set(printed["true"])
    rows = 2 if same_classes else 1
    drawn = new_figure(DOUBLE, 108 * rows)
    panels = drawn.subplots(rows, 2, squeeze=False)
    for column, (network, name) in enumerate(names.items()):
        run = runs[name]
        epoch = recorded_epoch(run, epoch_printed / 100)
        _draw_confusion(panels[0, column], run, "ab"[column], epoch)
        if same_classes:
            matrix = printed[
                (printed["network_inferred"] == network)
                & (printed["epoch_printed"] == epoch_printed)
            ]
            _draw_difference(panels[1, column], confusion_comparison(matrix, runs), "cd"[column])
    stamp(drawn, _data_words(runs, names.values()))
    return drawn
