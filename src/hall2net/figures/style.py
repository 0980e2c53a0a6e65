"""One look for every figure: sizes, colours, labels, provenance, and files of the same bytes."""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hall2net.errors import Hall2netError
from hall2net.files import atomic
from hall2net.tables import systematic_column, uncertainty_column

DATASETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
SINGLE = 86 / 25.4
"""Width of one journal column in inches."""
DOUBLE = 178 / 25.4
"""Width of two journal columns in inches."""

# Tol's "high contrast" set: distinct for colour-blind readers, and by lightness alone in print
# (CIE L* 0, 29, 50, 73). Markers and line styles differ in the same order.
COLOURS = ("#000000", "#004488", "#BB5566", "#DDAA33")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
LINES = ("-", "--", "-.", ":")
MOST_PANELS = 20
"""Of the figures that have one for every sample or loop; what is left out is said."""
ORDERED = "cividis"
"""Colour map for series in an order, such as temperatures; its lightness is monotonic."""
GREY = "#777777"
TWO_BARS = "bars: 1 σ, thick statistical, thin total"

# Only DejaVu comes with matplotlib itself, so no other font gives the same bytes everywhere.
_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "axes.linewidth": 0.6,
    "axes.formatter.use_mathtext": True,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "errorbar.capsize": 1.5,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,
}


Draw = Callable[..., Figure]


class _Published(dict[str, Any]):
    """A study's published numbers; a device of one's own has none."""

    def __init__(self, numbers: Mapping[str, Any], figure: str) -> None:
        super().__init__(numbers)
        self.figure = figure

    def __missing__(self, key: str) -> Any:  # noqa: ANN401
        raise Hall2netError(
            f"figure {self.figure} is drawn for a published device: reference/published.yaml has "
            f"no {key!r} for this study; leave the figure out of the study's `figures`"
        )


def figure(
    draw: Draw | None = None,
    *,
    kinds: tuple[str, ...] = (),
    several: str = "",
    study: str | None = None,
    highlight: bool = False,
) -> Any:  # noqa: ANN401
    """Declare a figure that a study may ask for by the function's name.

    `hall2net.study.figures` reads the declaration, from which the workflow, `hall2net check`, the
    report and the tests know the figure: its inputs are the function's arguments, its caption is
    the first paragraph of the docstring.

    Parameters
    ----------
    draw : the function, where nothing else is to be declared
    kinds : kinds of measurement of which a study needs one
    several : column of measurements.csv that must have two values or more among them
    study : the only study that it is drawn for, where it names samples or published numbers
    highlight : the report of a study without claims of a paper begins with it
    """
    return styled if draw is None else styled(draw)


def styled(draw: Draw) -> Draw:
    """Give a drawing function the common style.

    It then takes by keyword what is there for any figure, uses what its signature names, and prints
    the sentence given as `provenance` at its lower edge.
    """
    wanted = inspect.signature(draw).parameters

    @wraps(draw)
    def drawn(*, provenance: str = "", **inputs: Any) -> Figure:  # noqa: ANN401
        missing = [
            name
            for name, parameter in wanted.items()
            if parameter.default is parameter.empty and name not in inputs
        ]
        if missing:
            raise Hall2netError(f"figure {draw.__name__}: input {missing[0]!r} is missing")
        if "published" in inputs:
            inputs["published"] = _Published(inputs["published"], draw.__name__)
        with rc_context(_RC):
            result = draw(**{name: inputs[name] for name in wanted if name in inputs})
            stamp(result, provenance)
        return result

    return drawn


@styled
def left_out(*, name: str, reason: str) -> Figure:
    """A figure without data: its name, and why it is empty."""
    drawn = new_figure(SINGLE, 40)
    words = textwrap.fill(reason, 56)
    drawn.text(0.5, 0.55, f"{name}\nleft out: {words}", ha="center", va="center")
    return drawn


def new_figure(width: float, height_mm: float) -> Figure:
    """An empty figure of a column's `width` (inches) and a height in mm."""
    return Figure(figsize=(width, height_mm / 25.4), layout="constrained")


def stamp(figure: Figure, text: str) -> None:
    """Print where the data come from at the lower edge, in a strip of its own.

    A figure stamped before keeps its earlier sentence in front of the new one. What follows an
    underscore is set as an index.
    """
    if sentence := "; ".join(part for part in (str(figure.get_label()), text) if part):
        figure.set_label(sentence)
        # DejaVu Sans at 7 pt runs to about 0.058 inch a character; lines are of like length.
        most = int(figure.get_figwidth() / 0.058)
        count = len(textwrap.wrap(sentence, most))
        lines = textwrap.wrap(sentence, min(most, -(-len(sentence) // count) + 8))
        words = re.sub(r"\b([A-Z])_([A-Z]+)\b", r"$\\mathit{\1}_\\mathrm{\2}$", "\n".join(lines))
        figure.supxlabel(words, x=0.99, ha="right", fontsize=7, color="#444444", style="italic")


def save(figure: Figure, png: str | Path, pdf: str | Path, left_out: str | None = None) -> None:
    """Write a figure as PNG (300 dpi) and PDF (vector), the same bytes for the same content.

    Parameters
    ----------
    left_out : why it is empty, where it is; kept in the PNG's `Description` for the report

    Raises
    ------
    FileError
        If a file cannot be written.
    """
    with rc_context(_RC):
        with atomic(png) as temporary:
            figure.savefig(temporary, metadata={"Software": None, "Description": left_out})
        with atomic(pdf) as temporary:
            unstamped = {"Creator": None, "Producer": None, "CreationDate": None}
            figure.savefig(temporary, metadata=unstamped)


def panel(axes: Axes, letter: str, title: str = "") -> None:
    """Write the panel's letter, and a title after it, above the left corner."""
    axes.set_title(rf"$\mathbf{{{letter}}}$" + (f"  {title}" if title else ""), loc="left")


def points(
    axes: Axes,
    x: Iterable[float],
    table: pd.DataFrame,
    column: str,
    *,
    scale: float = 1.0,
    series: int = 0,
    label: str | None = None,
    line: str = "none",
    size: float | None = None,
) -> None:
    """Draw a column of a table with its 1-sigma error bars, where the table has them.

    Where it has a systematic uncertainty too, a thick bar is the statistical and a thin one the
    total uncertainty, and the figure says so at its lower edge.

    Parameters
    ----------
    x : positions, one for each row of `table`
    column : name of the column; its uncertainty is found by name
    scale : factor on values and uncertainties, from the table's unit to the axis's
    series : number of the series, which sets colour and marker
    line : line style between the points
    size : size of the markers in points
    """
    spread, systematic = (
        None if found is None else found.to_numpy(float) * abs(scale)
        for found in (table.get(name(column)) for name in (uncertainty_column, systematic_column))
    )  # fmt: skip
    place, value = np.asarray(x, dtype=float), table[column].to_numpy(float) * scale
    style: Any = {
        "color": COLOURS[series % len(COLOURS)],
        "marker": MARKERS[series % len(MARKERS)],
        "markersize": size,
        "zorder": 3,
    }
    if systematic is None or not np.nan_to_num(systematic).any():
        axes.errorbar(place, value, spread, linestyle=line, label=label, **style)
        return
    statistical = np.zeros_like(value) if spread is None else np.nan_to_num(spread)
    total = np.hypot(statistical, np.nan_to_num(systematic))
    axes.errorbar(place, value, total, linestyle=line, label=label, **style)
    thick: Any = {"linestyle": "none", "capsize": 0, "elinewidth": 2.5}
    axes.errorbar(place, value, statistical, **thick, **style)
    drawn = axes.get_figure(root=True)
    if drawn is not None and TWO_BARS not in str(drawn.get_label()):
        stamp(drawn, TWO_BARS)


def published_points(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float],
    *,
    series: int = 0,
    label: str | None = "published",
    yerr: Any = None,  # noqa: ANN401
) -> None:
    """Draw published values: open markers, larger than ours."""
    axes.errorbar(
        x,
        y,
        yerr=yerr,
        linestyle="none",
        marker=MARKERS[series % len(MARKERS)],
        markersize=7,
        markerfacecolor="none",
        markeredgewidth=1.0,
        color=COLOURS[series % len(COLOURS)],
        label=label,
        zorder=4,
    )


def measured(
    value: float,
    uncertainty: float,
    unit: str = "",
    *,
    systematic: float = np.nan,
    bound: str = "",
) -> str:
    """A value with its 1-sigma uncertainties, in words.

    A statistical one stands in the last digits: `measured(38.24, 0.41, "mT")` is "38.2(4) mT".
    With a systematic one beside it, both are written out, the statistical first, to the same
    decimal: `measured(38.24, 0.41, "mT", systematic=1.9)` is "38.2 ± 0.4 ± 1.9 mT". Of a value
    that is only a bound it says so: `measured(31, nan, bound="at most")` is "at most 31".
    """
    words = _with_uncertainties(value, uncertainty, unit, systematic)
    return f"{bound} {words}" if bound else words


def _with_uncertainties(value: float, uncertainty: float, unit: str, systematic: float) -> str:
    unit = f" {unit}" if unit else ""
    known = np.isfinite(uncertainty) and uncertainty > 0
    if np.isfinite(systematic) and systematic > 0:
        words = _both(value, uncertainty if known else None, systematic)
        words += "" if known else " (systematic)"
        return f"{words}{unit}".replace("-", "\N{MINUS SIGN}")
    if not known:
        return f"{value:.4g}{unit}".replace("-", "\N{MINUS SIGN}")
    digits = max(0, -int(np.floor(np.log10(uncertainty))))
    if round(uncertainty, digits) * 10**digits >= 10:  # 0.096 is 0.1
        digits = max(0, digits - 1)
    last = round(uncertainty * 10**digits)
    return f"{value:.{digits}f}({last}){unit}".replace("-", "\N{MINUS SIGN}")


def _both(value: float, statistical: float | None, systematic: float) -> str:
    """Value and parts to the decimal that shows two digits of the larger part.

    One decimal more is written if the smaller part needs it to be seen.
    """
    parts = [part for part in (statistical, systematic) if part is not None]
    digits = max(0, 1 - int(np.floor(np.log10(max(parts)))))
    digits += bool(min(parts) < 0.5 * 10.0**-digits)
    smallest = 10.0**-digits
    words = [f"{p:.{digits}f}" if p >= smallest / 2 else f"<{smallest:.{digits}f}" for p in parts]
    return " ± ".join([f"{value:.{digits}f}", *words])


def tesla_axis(axes: Axes, symbol: str) -> None:
    """Label the x axis of a field H in Oe, as the tables are, and add mu0 H in mT on top."""
    axes.set_xlabel(f"${symbol}$ (Oe)")
    axes.tick_params(which="both", top=False)
    functions: Any = (lambda oe: oe / 10, lambda mt: mt * 10)
    top = axes.secondary_xaxis("top", functions=functions)
    top.set_xlabel(rf"$µ_\mathrm{{0}}{symbol}$ (mT)")


def sample_label(samples: Mapping[str, Mapping[str, Any]], sample: str) -> str:
    """The words for a sample in a figure."""
    return in_words(str(samples.get(sample, {}).get("label", sample)))


def in_words(text: str) -> str:
    """Text of a laboratory's own as matplotlib shows it: dollar signs as such, indices as indices.

    The digit of an oxide such as RuO2 is set as an index, that of a name like "Ta1" as it is.
    """
    safe = text.replace("$", r"\$")
    return re.sub(r"\b([A-Z][a-z]?O)(\d)\b", r"\1$_\\mathrm{\2}$", safe)


def grid_of(
    width: float, count: int, columns: int, row_mm: float, **shared: Any
) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels in rows of at most `columns`; places left over stay empty.

    Parameters
    ----------
    width : width of the figure in inches
    row_mm : height of one row in mm
    shared : `sharex`, `sharey` as in `Figure.subplots`
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    drawn = new_figure(width, rows * row_mm + 8)
    grid = drawn.subplots(rows, columns, squeeze=False, **shared)
    axes = list(grid.flat)
    for spare in axes[count:]:
        spare.remove()
    return drawn, axes[:count]


def shown_panels(drawn: Figure, shown: int, all_of_them: int, things: str) -> None:
    """Say how many were left out for want of space."""
    if shown < all_of_them:
        stamp(drawn, f"the first {shown} of {all_of_them:,} {things}")


def outer_labels(panels: Sequence[Axes], columns: int, x: str, y: str) -> None:
    """Label the axes at the left and at the lower edge of panels made by `grid_of`."""
    for number, axes in enumerate(panels):
        if number % columns == 0:
            axes.set_ylabel(y)
        if number + columns >= len(panels):
            axes.set_xlabel(x)
            axes.tick_params(labelbottom=True)


def merged_legend(
    figure: Figure,
    columns: int,
    panels: Sequence[Axes] = (),
    place: str = "upper center",
    title: str | None = None,
) -> None:
    """One legend outside the panels, with each label once; none where nothing has a label.

    Parameters
    ----------
    columns : of the legend
    panels : whose lines it names; all where none is given
    place : upper left, upper center or upper right of the figure, above the panels; or right upper,
        beside them
    title : of the legend
    """
    handles: dict[str, Any] = {}
    for axes in panels or figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        outside: Any = f"outside {place}"
        figure.legend(
            list(handles.values()), list(handles), loc=outside, ncols=columns, title=title
        )
