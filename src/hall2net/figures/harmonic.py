"""Figures of harmonic Hall voltages, and of the torques that several methods give."""

from collections.abc import Mapping
from string import ascii_lowercase
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hall2net.errors import Hall2netError
from hall2net.figures.style import (
    COLOURS,
    DOUBLE,
    MARKERS,
    SINGLE,
    figure,
    measured,
    merged_legend,
    new_figure,
    panel,
    sample_label,
    shown_panels,
    stamp,
)
from hall2net.physics.harmonic import fitted_rotations, fitted_sweeps
from hall2net.tables import systematic_column, uncertainty_column, usable
from hall2net.units import OERSTED

Samples = Mapping[str, Mapping[str, Any]]

_MOST_SAMPLES = 4
"""Rows of panels; what is left out is said."""
_METHOD = {
    "loop_shift": "loop shift", "harmonic_angle": "harmonics, rotation",
    "harmonic_field": "harmonics, small fields",
}  # fmt: skip


@figure(kinds=("harmonic_field",))
def harmonic_sweeps(
    *, datasets: Mapping[str, xr.Dataset], harmonic: pd.DataFrame, samples: Samples
) -> Figure:
    """First and second harmonic against a small field along the current and across it, without
    their values at no field. The curves are the quadratic and the linear part, which give the
    torques.
    """
    names = _samples(harmonic, "harmonic_field")
    drawn, rows = _rows(names)
    for pair, name in zip(rows, names, strict=False):
        sweeps = fitted_sweeps(datasets[name])
        for sweep in sweeps:
            across = abs(np.sin(sweep.direction)) > 0.5
            up = sweep.state > 0
            style: dict[str, Any] = {
                "color": COLOURS[2 if across else 1],
                "marker": MARKERS[0 if up else 1],
            }
            label = f"field {'across' if across else 'along'}, {'up' if up else 'down'}"
            field = sweep.harmonics.x
            grid = np.linspace(-sweep.largest, sweep.largest, 101)
            first = 1e3 * (sweep.harmonics.first - sweep.offset)
            second = 1e6 * (sweep.harmonics.second - sweep.second_offset)
            curves = (1e3 * sweep.curvature * grid**2, 1e6 * sweep.slope * grid)
            for axes, values, curve in zip(pair, (first, second), curves, strict=True):
                axes.plot(field / OERSTED, values, linestyle="none", ms=2.5, label=label, **style)
                axes.plot(grid / OERSTED, curve, color=style["color"])
        for axes, words in zip(pair, ("first harmonic (mΩ)", "second harmonic (µΩ)"), strict=True):
            axes.set_ylabel(words)
            axes.set_xlabel("field in the plane (Oe)")
            axes.xaxis.set_major_locator(MaxNLocator(5))
    _titles(rows, names, samples, harmonic, "harmonic_field")
    merged_legend(drawn, 2)
    return drawn


@figure(kinds=("harmonic_angle",))
def harmonic_rotations(
    *, datasets: Mapping[str, xr.Dataset], harmonic: pd.DataFrame, samples: Samples
) -> Figure:
    """Parts of the second harmonic under a rotating field: that with cos(φ) against
    1/(H - H_k), whose slope is the damping-like field and whose intercept the thermal part, and
    that with cos(2φ) cos(φ) against 1/H, whose slope is the field-like and the Oersted field.
    """
    names = _samples(harmonic, "harmonic_angle")
    drawn, rows = _rows(names)
    table = harmonic[harmonic["kind"] == "harmonic_angle"].set_index("sample")
    for (left, right), name in zip(rows, names, strict=False):
        row = table.loc[name]
        used = [
            one for one in fitted_rotations(datasets[name])
            if one.size / OERSTED > row["h_k_oe"]
        ]  # fmt: skip
        size = np.array([one.size for one in used]) / OERSTED
        planar = row["planar_hall_ratio"] * row["r_ahe_ohm"]
        _line(
            left, 1e3 / (size - row["h_k_oe"]), used, "cosine", 1e3,
            (row["thermal_uohm_per_ma"],
             5e5 * row["r_ahe_ohm"] * row["h_dl_per_ma_oe"]),
        )  # fmt: skip
        left.set_xlabel(r"$1/(H - H_\mathrm{k})$ (kOe$^\mathrm{-1}$)")
        left.set_ylabel("cos φ part (µΩ/mA)")
        _line(
            right,
            1e3 / size,
            used,
            "product",
            1e3,
            (0.0, 1e6 * planar * row["h_fl_total_per_ma_oe"]),
        )
        right.set_xlabel(r"$1/H$ (kOe$^\mathrm{-1}$)")
        right.set_ylabel("cos 2φ cos φ part (µΩ/mA)")
    _titles(rows, names, samples, harmonic, "harmonic_angle")
    merged_legend(drawn, 2)
    return drawn


@figure(kinds=("harmonic_field", "harmonic_angle"), highlight=True)
def torque_by_method(*, torque_methods: pd.DataFrame, samples: Samples) -> Figure:
    """Damping-like (above) and field-like efficiency of each sample by every method that measured
    it. Thick bars are statistical, thin ones total uncertainties (1σ); p is the chance of a
    difference from the first method as large as that found, if both measure the same, for each of
    the other methods.
    """
    shown = usable(torque_methods)
    shown = shown[shown["xi_dl_j"].notna()]
    if shown.empty:
        reasons = "; ".join(torque_methods["reason"].dropna().unique())
        raise Hall2netError(f"no efficiency in torque_methods.csv: {reasons or 'not measured'}")
    names = list(dict.fromkeys(shown["sample"]))
    count = min(len(names), _MOST_SAMPLES)
    drawn = new_figure(DOUBLE if count > 1 else SINGLE, 96)
    grid = drawn.subplots(2, count, squeeze=False)
    letters = iter(ascii_lowercase)
    for panels, column, label in zip(
        grid, ("xi_dl_j", "xi_fl_j"), (r"$\xi_\mathrm{DL}^{\,j}$", r"$\xi_\mathrm{FL}^{\,j}$"),
        strict=True,
    ):  # fmt: skip
        for axes, name in zip(panels, names, strict=False):
            own = shown[(shown["sample"] == name) & shown[column].notna()]
            for number, method in enumerate(_METHOD, start=1):
                _bars(axes, own[own["method"] == method], column, number, _METHOD[method])
            axes.set_xticks([])
            axes.set_xlim(0.4, len(_METHOD) + 0.6)
            axes.margins(y=0.25)
            panel(axes, next(letters), sample_label(samples, name) + _agreement(own, column))
        panels[0].set_ylabel(label)
    shown_panels(drawn, count, len(names), "samples")
    merged_legend(drawn, len(_METHOD) if count > 1 else 1)
    layer = str(shown["current_layer"].iloc[0]).replace("_", " ")
    stamp(drawn, f"j through the {layer}, Oersted field taken off")
    return drawn


def _samples(harmonic: pd.DataFrame, kind: str) -> list[str]:
    rows = harmonic[harmonic["kind"] == kind]
    shown = usable(rows)
    if shown.empty:
        reasons = "; ".join(rows["reason"].dropna().unique())
        raise Hall2netError(f"nothing to draw: {reasons or 'no such measurement'}")
    return list(shown["sample"])


def _rows(names: list[str]) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    """A row of two panels for each sample."""
    count = min(len(names), _MOST_SAMPLES)
    drawn = new_figure(DOUBLE, 58 * count + 10)
    grid = drawn.subplots(count, 2, squeeze=False)
    shown_panels(drawn, count, len(names), "samples")
    return drawn, [(row[0], row[1]) for row in grid]


def _titles(
    rows: list[tuple[Axes, Axes]],
    names: list[str],
    samples: Samples,
    harmonic: pd.DataFrame,
    kind: str,
) -> None:
    letters = iter(ascii_lowercase)
    table = harmonic[harmonic["kind"] == kind].set_index("sample")
    for pair, name in zip(rows, names, strict=False):
        row = table.loc[name]
        torques = {
            r"$H_\mathrm{DL}/I$": "h_dl_per_ma_oe",
            r"$(H_\mathrm{FL} + H_\mathrm{Oe})/I$": "h_fl_total_per_ma_oe",
        }
        for axes, (symbol, column) in zip(pair, torques.items(), strict=True):
            value = f"{symbol} = {_value(row, column)} Oe/mA"
            panel(axes, next(letters), f"{sample_label(samples, name)}, {value}")


def _value(row: pd.Series, column: str) -> str:
    parts = [row[uncertainty_column(column)], row[systematic_column(column)]]
    return measured(row[column], float(np.hypot(*parts)))


def _line(
    axes: Axes, x: np.ndarray, used: list[Any], part: str, scale: float,
    line: tuple[float, float],
) -> None:  # fmt: skip
    y = np.array([getattr(one, part) for one in used]) * scale
    u = np.array([getattr(one, f"{part}_u") for one in used]) * scale
    axes.errorbar(x, y, u, linestyle="none", marker=MARKERS[0], color=COLOURS[1], label="rotations")
    grid = np.array([0.0, 1.05 * x.max()])
    axes.plot(grid, line[0] + line[1] * grid / 1e3, color=COLOURS[2], label="line of harmonic.csv")
    axes.set_xlim(0, grid[1])


def _bars(axes: Axes, own: pd.DataFrame, column: str, place: int, label: str) -> None:
    """One method, whose place and series is `place`; nothing where it gave no value."""
    value = own[column].to_numpy(float)
    u = own[uncertainty_column(column)].fillna(0).to_numpy(float)
    total = np.hypot(u, own[systematic_column(column)].fillna(0).to_numpy(float))
    x = np.full(len(value), float(place))
    style: dict[str, Any] = {"color": COLOURS[place], "linestyle": "none"}
    axes.errorbar(x, value, total, marker=MARKERS[place], label=label, **style)
    axes.errorbar(x, value, u, capsize=0, elinewidth=2.5, **style)


def _agreement(own: pd.DataFrame, column: str) -> str:
    """Probabilities of the differences from the first method, in the order of the methods."""
    p = own["p_dl" if column == "xi_dl_j" else "p_fl"].dropna()
    return ", p = " + ", ".join(f"{value:.2g}" for value in p) if len(p) else ""
