"""Figures of how states age: retention against time, endurance against write cycles."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hall2net.errors import Hall2netError
from hall2net.figures.style import (
    COLOURS,
    DOUBLE,
    GREY,
    MARKERS,
    MOST_PANELS,
    SINGLE,
    figure,
    grid_of,
    measured,
    merged_legend,
    new_figure,
    outer_labels,
    sample_label,
    shown_panels,
)
from hall2net.measurement import select
from hall2net.physics.aging import BENT, TEN_YEARS_S, endurance_levels, retention_points
from hall2net.tables import usable

_STEPS = 60  # points of a drawn line: enough for a smooth band


@figure(kinds=("retention",))
def retention(
    *,
    datasets: Mapping[str, xr.Dataset],
    retention: pd.DataFrame,
    samples: Mapping[str, Mapping[str, Any]],
) -> Figure:
    """Resistance of each state against the time since its write, with the line in log t. What is
    extrapolated to ten years is dashed, with the 95 % interval of the line; it is left out where
    the points are not straight.
    """
    rows = usable(retention)
    _some(rows, retention, "retention")
    names = list(dict.fromkeys(rows["sample"]))
    shown = names[:MOST_PANELS]
    drawn, panels = grid_of(DOUBLE if len(shown) > 1 else SINGLE, len(shown), 2, 66)
    for axes, sample in zip(panels, shown, strict=True):
        own = rows[rows["sample"] == sample]
        for series, (_, row) in enumerate(own.iterrows()):
            _draw_state(axes, select(datasets[sample], row["id"]), row, series)
        axes.axvline(TEN_YEARS_S, color=GREY, ls=":", lw=0.8, label="10 years")
        axes.set_xscale("log")
        title = sample_label(samples, sample)
        if np.isfinite(left := own["window_10y"].iloc[0]):
            share = measured(100 * left, 100 * own["window_10y_u"].iloc[0], "%")
            title += f": window {share} after 10 years"
        axes.set_title(title, loc="left")
    outer_labels(panels, 2, "time since the write (s)", "$R_{xy}$ (Ω)")
    shown_panels(drawn, len(shown), len(names), "samples")
    merged_legend(drawn, 2)
    return drawn


def _draw_state(axes: Axes, measurement: xr.Dataset, row: pd.Series, series: int) -> None:
    time, r = retention_points(measurement)
    colour = COLOURS[series % len(COLOURS)]
    axes.plot(time, r, ls="none", ms=2, marker=MARKERS[series % len(MARKERS)], color=colour)
    start, slope = row["resistance_ohm"], row["drift_per_decade_ohm"]
    inside = np.array([row["first_s"], row["last_s"]])
    axes.plot(inside, start + slope * np.log10(inside / row["first_s"]), color=colour)
    if row["status"] != "ok":
        axes.plot([], [], color=colour, ls=":", label="not straight: not extrapolated")
        return
    later = np.geomspace(row["last_s"], 3 * TEN_YEARS_S, _STEPS)
    line = start + slope * np.log10(later / row["first_s"])
    axes.plot(later, line, color=colour, ls="--", label="extrapolated")
    # The line's own uncertainty grows from where it was measured to ten years.
    part = np.log10(later / row["first_s"]) / np.log10(TEN_YEARS_S / row["first_s"])
    u = np.hypot((1 - part) * row["resistance_u_ohm"], part * row["resistance_10y_u_ohm"])
    axes.fill_between(later, line - 1.96 * u, line + 1.96 * u, color=colour, alpha=0.15, lw=0)


@figure(kinds=("endurance",))
def endurance(
    *,
    datasets: Mapping[str, xr.Dataset],
    endurance: pd.DataFrame,
    samples: Mapping[str, Mapping[str, Any]],
) -> Figure:
    """Both levels of a device, and the window between them, against the number of write cycles."""
    rows = usable(endurance)
    _some(rows, endurance, "endurance")
    drawn = new_figure(DOUBLE, 76)
    levels, window = drawn.subplots(1, 2)
    for series, (_, row) in enumerate(rows.head(MOST_PANELS).iterrows()):
        points = endurance_levels(select(datasets[row["sample"]], row["id"]))
        style = {"color": COLOURS[series % len(COLOURS)], "ms": 2.5, "ls": "none"}
        levels.plot(points["cycle"], points["high"], marker="^", **style)
        levels.plot(points["cycle"], points["low"], marker="v", **style)
        words = measured(row["window_per_decade_ohm"] * 1e3, row["window_per_decade_u_ohm"] * 1e3)
        label = f"{sample_label(samples, row['sample'])}: {words} mΩ a decade"
        window.plot(points["cycle"], points["window"], marker="o", **style, label=label)
        half = row["half_window_cycle"]
        last = points["cycle"][points["cycle"] < half].max() if half > 0 else row["last_cycle"]
        ends = np.array([row["first_cycle"], last], dtype=float)
        line = row[["window_first_ohm", "window_last_ohm"]].to_numpy(float)
        straight = not row["bend_p"] < BENT
        window.plot(ends, line, color=style["color"], ls="-" if straight else ":")
        if np.isfinite(half):
            window.axvline(half, color=style["color"], ls="--", lw=0.8, label="below half")
    for axes, words in ((levels, "$R_{xy}$ (Ω)"), (window, "window (Ω)")):
        axes.set_xscale("log")
        axes.set_xlabel("write cycles")
        axes.set_ylabel(words)
    low, high = window.get_ylim()
    window.set_ylim(min(0.0, low), high + 0.05 * (high - min(0.0, low)))
    levels.plot([], [], ls="none", marker="^", color=GREY, label="high")
    levels.plot([], [], ls="none", marker="v", color=GREY, label="low")
    shown_panels(drawn, min(len(rows), MOST_PANELS), len(rows), "devices")
    merged_legend(drawn, 2)
    return drawn


def _some(rows: pd.DataFrame, table: pd.DataFrame, kind: str) -> None:
    if rows.empty:
        reasons: Sequence[str] = list(dict.fromkeys(table["reason"])) if len(table) else ["none"]
        raise Hall2netError(f"no fitted measurement of {kind}: {'; '.join(reasons)}")
