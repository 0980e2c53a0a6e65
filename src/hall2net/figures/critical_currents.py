"""Figures of critical currents: against the in-plane field, and against the pulse width."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from hall2net.errors import Hall2netError
from hall2net.figures.style import (
    COLOURS,
    DOUBLE,
    GREY,
    LINES,
    MARKERS,
    MOST_PANELS,
    ORDERED,
    figure,
    measured,
    merged_legend,
    new_figure,
    panel,
    points,
    sample_label,
    shown_panels,
    stamp,
)
from hall2net.physics.pulse_widths import critical_current
from hall2net.physics.switching_map import SERIES
from hall2net.tables import systematic_column, usable

Samples = Mapping[str, Mapping[str, Any]]

_APART = 4  # samples whose bars can be drawn beside each other
_ASIDE = 0.015  # of the range of fields, from one sample to the next
_STEPS = 60  # points of a drawn line: enough for a smooth band
_LAYERS = {"stack": "$j$ of the whole stack", "heavy_metal": "$j$ of the heavy metal alone"}
_CRITERIA = {
    "half": "half of the swing",
    "onset": "onset of the swing",
    "90": "90 % of the swing",
    "fixed": "one fraction of the AHE",
    "saturation": "95 % of the swing",
}
_NO_CURRENT = {"not switched": ("x", "not switched"), "refused": ("+", "refused")}
"""Outcome to the marker and the words where there is no critical current."""


@figure(kinds=("sot_switching",), several="field_x_oe")
def polarity_map(*, switching_map: pd.DataFrame, samples: Samples) -> Figure:
    """Polarity, switching ratio and critical current density against the in-plane field. Of each
    sample the series with most fields and, of these, the longest pulses; loops after a pre-applied
    field are left out. A field at which nothing switched has a cross and no value. Broad bars, of
    up to four samples: from the smallest to the largest of all criteria.
    """
    series = _series_of_fields(switching_map)
    names = list(series)
    shown = names[:MOST_PANELS]
    drawn = new_figure(DOUBLE, max(74, 44 + 5 * len(shown)))
    signs, currents = drawn.subplots(1, 2, width_ratios=(1, 1.15))
    for number, name in enumerate(shown):
        rows = series[name]
        _draw_signs(signs, rows, number)
        aside = (number - (len(shown) - 1) / 2) if len(shown) <= _APART else np.nan
        _draw_currents(currents, rows, number, sample_label(samples, name), aside)
    signs.set_yticks(range(len(shown)), [sample_label(samples, name) for name in shown])
    signs.set_ylim(len(shown) - 0.4, -0.6)
    signs.tick_params(axis="y", right=False)
    words = _criterion_words(pd.concat([series[name] for name in shown]))
    for axes, letter, title in (
        (signs, "a", "polarity and switching ratio"),
        (currents, "b", words),
    ):
        axes.set_xlabel("$H_x$ (Oe)")
        axes.margins(x=0.08)
        panel(axes, letter, title)
    currents.axvline(0, color=GREY, lw=0.5)
    currents.set_ylabel(r"$J_\mathrm{c}$ ($\mathrm{10^{11}}$ A m$^\mathrm{-2}$)")
    currents.set_ylim(0, 1.05 * currents.dataLim.y1)
    bar = drawn.colorbar(signs.collections[0], ax=signs, location="bottom", aspect=30, pad=0.02)
    bar.set_label("switching ratio (%)")
    _name_signs(signs, series, shown)
    merged_legend(drawn, 2, [signs], "upper left")
    merged_legend(drawn, 3 if len(shown) > 4 else 2, [currents], "upper right")
    _say_systematic(drawn, pd.concat(series.values()))
    shown_panels(drawn, len(shown), len(names), "samples")
    return drawn


def _say_systematic(drawn: Figure, rows: pd.DataFrame) -> None:
    """The systematic error of the densities, which error bars of single points do not hold."""
    relative = rows[systematic_column("j_c_a_m2")] / rows["j_c_a_m2"]
    if relative.notna().any():
        words = ", ".join(rows["systematics"].dropna().unique())
        stamp(drawn, f"systematic error of the densities: {100 * relative.max():.0f} %, {words}")


def _series_of_fields(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Sample to its rows of the series with most fields, without a pre-applied field."""
    table = table[table["prefield_x_oe"].fillna(0) == 0]
    table = table.assign(field_x_oe=table["field_x_oe"].fillna(0))
    found: dict[str, pd.DataFrame] = {}
    for sample, rows in table.groupby("sample", sort=False):
        of_series = [part for _, part in rows.groupby(list(SERIES), dropna=False)]
        # The sort is stable: of equal numbers of fields the longest pulses, which come last, win.
        found[str(sample)] = sorted(of_series, key=lambda part: part["field_x_oe"].nunique())[-1]
    if not found:
        raise Hall2netError("no switching loop without a pre-applied field in switching_map.csv")
    return found


def _draw_signs(axes: Axes, rows: pd.DataFrame, place: int) -> None:
    """A sample's line of the map: a triangle up or down for the polarity, its shade the ratio."""
    switched = rows["outcome"] == "switched"
    for sign, marker in ((1, "^"), (-1, "v"), (np.nan, "D")):
        alike = rows["polarity"].isna() if np.isnan(sign) else rows["polarity"] == sign
        part = rows[switched & alike]
        known = part["switching_ratio"].notna()
        axes.scatter(
            part.loc[known, "field_x_oe"], np.full(known.sum(), place), marker=marker, s=42,
            c=100 * part.loc[known, "switching_ratio"], cmap=ORDERED, norm=Normalize(0, 100),
            edgecolors="black", linewidths=0.6, zorder=3,
        )  # fmt: skip
        # Without a Hall loop there is a sign and no ratio.
        axes.scatter(
            part.loc[~known, "field_x_oe"], np.full((~known).sum(), place), marker=marker, s=42,
            facecolors="none", edgecolors="black", linewidths=0.6, zorder=3,
        )  # fmt: skip
    for outcome, (marker, _) in _NO_CURRENT.items():
        part = rows[rows["outcome"] == outcome]
        axes.plot(part["field_x_oe"], np.full(len(part), place), marker, color=GREY, ms=4)


def _draw_currents(axes: Axes, rows: pd.DataFrame, number: int, label: str, aside: float) -> None:
    """A sample's critical currents; no line crosses a field at which nothing switches.

    `aside` is the sample's place beside the others; NaN where the bars of so many would overlap.
    """
    rows = rows.sort_values("field_x_oe")
    x = rows["field_x_oe"] + np.nan_to_num(aside) * _ASIDE * np.ptp(rows["field_x_oe"])
    if np.isfinite(aside):
        ends = (1e-11 * rows[f"j_c_criteria_{end}_a_m2"] for end in ("lo", "hi"))
        axes.vlines(x, *ends, color=COLOURS[number % len(COLOURS)], lw=2.5, alpha=0.25)
    line = LINES[number % len(LINES)]
    points(axes, x, rows, "j_c_a_m2", scale=1e-11, series=number, label=label, line=line)


def _criterion_words(rows: pd.DataFrame) -> str:
    """Which critical current is drawn, where all rows are alike."""
    switched = rows[rows["outcome"] == "switched"]
    parts = []
    for column, words in (("criterion", _CRITERIA), ("current_layer", _LAYERS)):
        values = switched[column].dropna().unique()
        if len(values) == 1:
            parts.append(words.get(str(values[0]), str(values[0])))
    return ", ".join(parts)


def _name_signs(axes: Axes, series: Mapping[str, pd.DataFrame], shown: list[str]) -> None:
    """Legend entries of what is on the map."""
    rows = pd.concat([series[name] for name in shown])
    switched = rows[rows["outcome"] == "switched"]
    style: Any = {"ls": "none", "color": "black", "mfc": "none", "ms": 5}
    for sign, marker, words in ((1, "^", "polarity +1"), (-1, "v", "polarity \N{MINUS SIGN}1")):
        if (switched["polarity"] == sign).any():
            axes.plot([], [], marker=marker, label=words, **style)
    if switched["polarity"].isna().any():
        axes.plot([], [], marker="D", label="repeats differ", **style)
    for outcome, (marker, words) in _NO_CURRENT.items():
        if (rows["outcome"] == outcome).any():
            axes.plot([], [], marker, color=GREY, ms=4, label=words)


@figure(kinds=("sot_switching",), several="pulse_width_s")
def pulse_width_law(
    *, switching: pd.DataFrame, pulse_widths: pd.DataFrame, samples: Samples
) -> Figure:
    """Critical current and write energy against the pulse width, with the law of thermally
    activated switching and the 95 % interval of its line.
    """
    if pulse_widths.empty:
        raise Hall2netError(
            "no sample has switching currents at three pulse widths under the same conditions"
        )
    loops = usable(switching)
    loops = loops[loops["i_c_ma"].notna() & loops["pulse_width_s"].gt(0)]
    drawn = new_figure(DOUBLE, 78)
    currents, energies = drawn.subplots(1, 2)
    shown = pulse_widths.head(len(MARKERS))
    for number, (_, law) in enumerate(shown.iterrows()):
        rows = _same_conditions(loops, law).sort_values("pulse_width_s")
        width, words = rows["pulse_width_s"], _law_words(law, samples)
        points(currents, width, rows, "i_c_ma", label=words, series=number)
        if "write_energy_uj" in rows and rows["write_energy_uj"].notna().any():
            points(energies, width, rows, "write_energy_uj", series=number)
        if law["status"] != "refused" and len(rows):
            _draw_law(currents, law, width.to_numpy(float), number)
    law_words = r"$I_\mathrm{c} = I_\mathrm{c0}\,[1 - \ln(\tau/1\,\mathrm{ns})/Δ]$, 95 % interval"
    for axes, letter, label, title in (
        (currents, "a", r"$I_\mathrm{c}$ (mA)", law_words),
        (energies, "b", "write energy (µJ)", r"$I_\mathrm{c}^{\,2}\,R_{xx}\,\tau$"),
    ):
        axes.set_xscale("log")
        axes.set_xlabel(r"pulse width $\tau$ (s)")
        axes.set_ylabel(label)
        panel(axes, letter, title)
    if energies.has_data():
        energies.set_yscale("log")
    else:
        energies.text(
            0.5, 0.5, "no resistance along the bar:\nthe energy is not measured",
            ha="center", transform=energies.transAxes,
        )  # fmt: skip
        energies.set_yticks([])
    currents.margins(y=0.15)
    merged_legend(drawn, 1, [currents])
    shown_panels(drawn, len(shown), len(pulse_widths), "series")
    return drawn


def _same_conditions(loops: pd.DataFrame, law: pd.Series) -> pd.DataFrame:
    """The loops that a law was fitted to."""
    names = [name for name in law.index if name in loops and name in (*SERIES, "field_x_oe")]
    same = np.logical_and.reduce(
        [(loops[name] == law[name]) | (loops[name].isna() & pd.isna(law[name])) for name in names]
    )
    return loops[same]


def _draw_law(axes: Axes, law: pd.Series, width: np.ndarray, number: int) -> None:
    """The line through measured widths, with the 95 % interval."""
    at = np.geomspace(width.min(), width.max(), _STEPS)
    current, u = critical_current(law, at)
    colour = COLOURS[number % len(COLOURS)]
    axes.plot(at, current, color=colour, ls=LINES[number % len(LINES)], lw=0.8)
    axes.fill_between(at, current - 1.96 * u, current + 1.96 * u, color=colour, alpha=0.15, lw=0)


def _law_words(law: pd.Series, samples: Samples) -> str:
    """A series and its law, in one line."""
    words = sample_label(samples, law["sample"])
    if np.isfinite(law["field_x_oe"]):
        words += f", $H_x$ = {law['field_x_oe']:g} Oe".replace("-", "\N{MINUS SIGN}")
    if law["status"] == "refused":
        return f"{words}: no law"
    i_c0 = measured(law["i_c0_ma"], law["i_c0_u_ma"], "mA",
                    systematic=law.get(systematic_column("i_c0_ma"), np.nan))  # fmt: skip
    words += rf": $I_\mathrm{{c0}}$ = {i_c0}, Δ = {measured(law['delta'], law['delta_u'])}"
    if np.isfinite(law["chi2"]) and law["dof"] > 0:
        words += rf", $\chi^2/\nu$ = {law['chi2'] / law['dof']:.2g} ($\nu$ = {law['dof']:.0f})"
    return words
