"""Figures of current-induced switching: Hall resistance against write current."""

from collections.abc import Mapping
from string import ascii_lowercase
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
    LINES,
    MARKERS,
    MOST_PANELS,
    SINGLE,
    figure,
    grid_of,
    measured,
    merged_legend,
    new_figure,
    outer_labels,
    panel,
    points,
    published_points,
    sample_label,
    shown_panels,
    stamp,
)
from hall2net.measurement import select
from hall2net.physics.current_loops import switching_loop
from hall2net.physics.switching_rows import prefield_threshold
from hall2net.tables import usable
from hall2net.units import time_words

Datasets = Mapping[str, xr.Dataset]
Samples = Mapping[str, Mapping[str, Any]]

_TURNS = {1: "counterclockwise", -1: "clockwise"}


@figure(kinds=("sot_switching",), highlight=True)
def switching_loops(*, datasets: Datasets, switching: pd.DataFrame, samples: Samples) -> Figure:
    """Every switching loop, with the currents at which it switches."""
    _some(switching, "switching loop")
    by_sample = switching.sort_values(
        ["sample", "field_x_oe", "prefield_x_oe", "pulse_width_s"], kind="stable"
    )
    shown = by_sample.head(MOST_PANELS)
    columns = min(len(shown), 3)
    drawn, panels = grid_of(SINGLE if columns < 2 else DOUBLE, len(shown), columns, 58)
    for axes, (_, row) in zip(panels, shown.iterrows(), strict=True):
        _draw_sweep(axes, datasets, row)
        for branch, number in (("up", 1), ("dn", 2)):
            current, spread = row[f"i_{branch}_ma"], row[f"i_{branch}_u_ma"]
            axes.axvline(current, color=COLOURS[number], ls=":", lw=0.8)
            axes.axvspan(current - spread, current + spread, color=COLOURS[number], alpha=0.2, lw=0)
        words = [sample_label(samples, row["sample"]), _varying_words(row, shown)]
        axes.set_title("\n".join(filter(None, [*words, _switching_words(row)])), loc="left")
    panels[0].plot([], [], color=GREY, ls=":", label="critical current, ±1σ")
    outer_labels(panels, columns, "write current (mA)", "$R_{xy}$ (mΩ)")
    merged_legend(drawn, 3 if columns > 1 else 2)
    stamp(drawn, "less heating, odd pick-up and drift")
    shown_panels(drawn, len(shown), len(switching), "loops")
    return drawn


@figure(kinds=("sot_switching",), study="cotb", highlight=True)
def fig4b_switching_fields(*, datasets: Datasets, switching: pd.DataFrame) -> Figure:
    """Hall resistance against write current under in-plane fields of both signs."""
    rows = switching[
        (switching["sample"] == "freestanding") & switching["field_x_oe"].fillna(0).ne(0)
    ].sort_values("field_x_oe", ascending=False)
    _some(rows, "switching loop of the freestanding membrane under an in-plane field")
    drawn, panels = grid_of(SINGLE if len(rows) == 1 else DOUBLE, len(rows), 2, 62, sharey=True)
    for axes, letter, (_, row) in zip(panels, ascii_lowercase, rows.iterrows(), strict=False):
        _draw_sweep(axes, datasets, row)
        _draw_full_swing(axes, row)
        field = f"{row['field_x_oe'] / 10:+g} mT".replace("-", "\N{MINUS SIGN}")
        panel(axes, letter, rf"$µ_\mathrm{{0}}H_x$ = {field}" + "\n" + _ratio_words(row))
        axes.set_xlabel("write current (mA)")
    panels[0].set_ylabel("$R_{xy}$ (mΩ)")
    merged_legend(drawn, 3)
    stamp(drawn, "less heating, odd pick-up and drift")
    return drawn


@figure(kinds=("sot_switching",), study="ruo2")
def fig3a_switching_fields(*, datasets: Datasets, switching: pd.DataFrame) -> Figure:
    """Switching loops of the 0.5 nm sample under in-plane fields, starting from zero."""
    rows = _largest_sweeps(_plain(switching, "ruo2_0p5"), "field_x_oe").sort_values("field_x_oe")
    _some(rows, "switching loop of ruo2_0p5")
    drawn, panels = grid_of(DOUBLE, len(rows), 4, 46, sharex=True, sharey=True)
    for axes, letter, (_, row) in zip(panels, ascii_lowercase, rows.iterrows(), strict=False):
        _draw_sweep(axes, datasets, row)
        field = f"{row['field_x_oe']:g} Oe".replace("-", "\N{MINUS SIGN}")
        panel(axes, letter, rf"$H_x$ = {field}" + "\n" + _ratio_words(row))
    outer_labels(panels, 4, "write current (mA)", "$R_{xy}$ (mΩ)")
    merged_legend(drawn, 2)
    stamp(drawn, "less heating, odd pick-up and drift")
    return drawn


@figure(kinds=("sot_switching",), study="ruo2")
def fig3b_field_free_switching(
    *,
    datasets: Datasets,
    switching: pd.DataFrame,
    samples: Samples,
    published: Mapping[str, Any],
) -> Figure:
    """Switching without any field at growing current, and the ratio that is reached."""
    free = _plain(switching, "ruo2_0p5")
    free = free[free["field_x_oe"].fillna(0) == 0].sort_values("current_max_ma")
    _some(free, "field-free switching loop of ruo2_0p5")
    drawn = new_figure(DOUBLE, 72)
    sweeps, ratios = drawn.subplots(1, 2)
    shown = free.drop_duplicates("current_max_ma")
    shown = shown.iloc[np.unique(np.linspace(0, len(shown) - 1, 4).round().astype(int))]
    for number, (_, row) in enumerate(shown.iterrows()):
        _draw_whole_sweep(sweeps, datasets, row, number, f"±{row['current_max_ma']:g} mA")
    sweeps.set_xlabel("write current (mA)")
    sweeps.set_ylabel("$R_{xy}$ (mΩ)")
    panel(sweeps, "a", f"{sample_label(samples, 'ruo2_0p5')}, no field")
    paper = published["field_free"]
    for number, sample in enumerate(("ruo2_0p5", "ruo2_0p7", "mgo_0p5")):
        rows = _plain(switching, sample)
        rows = rows[(rows["field_x_oe"].fillna(0) == 0) & rows["switching_ratio"].notna()]
        if rows.empty:
            continue
        rows = rows.sort_values("current_max_ma")
        density = _current_densities(rows, samples[sample]) / 1e11
        label = sample_label(samples, sample)
        points(ratios, density, rows, "switching_ratio", scale=100, series=number, label=label)
    for number, key in enumerate(("t0p5", "t0p7")):
        published_points(
            ratios,
            [paper["j_max_a_m2"] / 1e11],
            [100 * paper["switching_ratio"][key]],
            series=number,
            label="published" if number == 0 else None,
        )
    ratios.set_xlabel(
        r"largest current density ($\mathrm{10^{11}}$ A m$^\mathrm{-2}$, whole stack)"
    )
    ratios.set_ylabel("switching ratio (%)")
    panel(ratios, "b", r"Δ$R$ by current / Δ$R_\mathrm{AHE}$ by field")
    merged_legend(drawn, 2, [sweeps], "upper left")
    merged_legend(drawn, 2, [ratios], "upper right")
    stamp(drawn, "less heating, odd pick-up and drift")
    return drawn


@figure(kinds=("sot_switching",), study="ruo2")
def fig3ef_polarity_reversal(
    *,
    datasets: Datasets,
    switching: pd.DataFrame,
    samples: Samples,
    published: Mapping[str, Any],
) -> Figure:
    """Field-free switching after a pre-applied in-plane field: the polarity and its reversal."""
    rows = usable(switching)
    rows = rows[(rows["sample"] == "ruo2_0p5") & (rows["field_x_oe"].fillna(0) == 0)]
    _some(rows, "field-free switching loop of ruo2_0p5")
    rows = rows[rows["current_max_ma"] == rows["current_max_ma"].max()]
    threshold = published["field_free"]["polarity_reversal_prefield_oe"]
    drawn = new_figure(DOUBLE, 72)
    sweeps, polarity = drawn.subplots(1, 2)
    prefield = rows["prefield_x_oe"].fillna(0)
    plain = rows[prefield == 0].sort_values("switching_ratio", na_position="first")
    strongest = plain.iloc[-1]
    # Where a loop runs the other way, the one after the largest field shows it.
    other = prefield[rows["polarity"] == -strongest["polarity"]]
    turned = rows.loc[
        (prefield if other.empty else other).abs().sort_values(kind="stable").index[-1]
    ]
    for number, row in enumerate((strongest, turned)):
        field = 0.0 if np.isnan(row["prefield_x_oe"]) else row["prefield_x_oe"]
        direction = _TURNS.get(int(row["polarity"]), "no switching")
        words = f"after {field:g} Oe: {direction}".replace("-", "\N{MINUS SIGN}")
        _draw_whole_sweep(sweeps, datasets, row, number + 1, words)
    sweeps.set_xlabel("write current (mA)")
    sweeps.set_ylabel("$R_{xy}$ (mΩ)")
    panel(sweeps, "e", f"{sample_label(samples, 'ruo2_0p5')}, no field during the sweep")
    saturated = np.sign(rows["initial_field_z_oe"].fillna(0))
    for number, (sign, part) in enumerate(rows.groupby(saturated)):
        start = {1: "saturated up", -1: "saturated down", 0: "as left"}[int(sign)]
        signed = part.assign(signed_ratio=part["switching_ratio"].fillna(0) * part["polarity"])
        polarity.errorbar(
            signed["prefield_x_oe"].fillna(0),
            signed["signed_ratio"] * 100,
            yerr=signed["switching_ratio_u"].fillna(0) * 100,
            color=COLOURS[number + 1],
            marker=MARKERS[number],
            ls="none",
            label=start,
        )
    for sign in (-1, 1):
        polarity.axvline(
            sign * threshold, color=GREY, ls=":", lw=0.8,
            label=f"published threshold: {threshold:g} Oe" if sign > 0 else None,
        )  # fmt: skip
    bracket = prefield_threshold(switching, "ruo2_0p5")
    title = "" if bracket is None else f"reverses between {bracket[0]:g} and {bracket[1]:g} Oe"
    polarity.axhline(0, color=GREY, lw=0.5)
    polarity.set_xlabel("pre-applied $H_x$ (Oe)")
    polarity.set_ylabel("polarity × switching ratio (%)")
    panel(polarity, "f", title)
    merged_legend(drawn, 1, [sweeps], "upper left")
    merged_legend(drawn, 2, [polarity], "upper right")
    stamp(drawn, "less heating, odd pick-up and drift")
    return drawn


def _some(rows: pd.DataFrame, words: str) -> None:
    if rows.empty:
        raise Hall2netError(f"no {words} in switching.csv")


def _plain(switching: pd.DataFrame, sample: str) -> pd.DataFrame:
    """Loops without a pre-applied field of a sample not saturated down, with its longest pulses."""
    rows = switching[switching["sample"] == sample]
    rows = rows[(rows["prefield_x_oe"].fillna(0) == 0) & ~(rows["initial_field_z_oe"] < 0)]
    return rows[rows["pulse_width_s"] == rows["pulse_width_s"].max()]


def _largest_sweeps(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The loop with the largest current for each value of a column."""
    ordered = rows.assign(**{column: rows[column].fillna(0)}).sort_values("current_max_ma")
    return ordered.drop_duplicates(column, keep="last")


def _current_densities(rows: pd.DataFrame, facts: Mapping[str, Any]) -> np.ndarray:
    """Largest current density of each sweep, in A/m2, through the whole stack."""
    area = facts["width_um"] * 1e-6 * facts["stack_nm"] * 1e-9
    return (rows["current_max_ma"] * 1e-3 / area).to_numpy()


def _sweep(datasets: Datasets, row: pd.Series) -> pd.DataFrame:
    """A switching loop less its Joule term; as measured where it was refused."""
    measurement = select(datasets[row["sample"]], row["id"])
    if row["status"] != "refused":
        return switching_loop(measurement)
    current = measurement["write_current"].values * 1e3
    rises = np.gradient(current) >= 0 if len(current) > 1 else np.ones(len(current), dtype=bool)
    return pd.DataFrame(
        {
            "write_current_ma": current,
            "resistance_ohm": measurement["resistance"].values,
            "branch": np.where(rises, "up", "down"),
            "sweep": np.cumsum(np.append(False, rises[1:] != rises[:-1])),
        }
    )


def _with_gaps(branch: pd.DataFrame) -> pd.DataFrame:
    """A branch with an empty row after each of its sweeps, which no line crosses."""
    sweeps = [sweep for _, sweep in branch.groupby("sweep")]
    gap = branch.iloc[:1].assign(write_current_ma=np.nan, resistance_ohm=np.nan)
    return pd.concat([part for sweep in sweeps for part in (sweep, gap)]) if sweeps else branch


def _draw_sweep(axes: Axes, datasets: Datasets, row: pd.Series) -> None:
    """Both branches of a switching loop."""
    loop = _sweep(datasets, row)
    for branch, number, label in (("up", 1, "current rising"), ("down", 2, "current falling")):
        part = _with_gaps(loop[loop["branch"] == branch])
        axes.plot(
            part["write_current_ma"],
            part["resistance_ohm"] * 1e3,
            color=COLOURS[number],
            ls=LINES[number - 1],
            marker=MARKERS[number - 1],
            markersize=1.8,
            lw=0.8,
            label=label,
        )


def _draw_whole_sweep(
    axes: Axes, datasets: Datasets, row: pd.Series, number: int, label: str
) -> None:
    """A switching loop as one of several in a panel."""
    loop = _sweep(datasets, row)
    axes.plot(
        loop["write_current_ma"],
        loop["resistance_ohm"] * 1e3,
        color=COLOURS[number],
        ls=LINES[number],
        marker=MARKERS[number],
        markersize=2,
        lw=0.8,
        label=label,
    )


def _draw_full_swing(axes: Axes, row: pd.Series) -> None:
    middle = np.mean(axes.dataLim.intervaly)
    for sign in (-0.5, 0.5):
        axes.axhline(
            middle + sign * row["delta_r_ahe_ohm"] * 1e3,
            color=GREY,
            ls=":",
            lw=0.8,
            label=r"Δ$R_\mathrm{AHE}$ of the Hall loop" if sign > 0 else None,
        )


def _varying_words(row: pd.Series, shown: pd.DataFrame) -> str:
    """The conditions of a loop that differ among the panels, and its in-plane fields."""
    words = []
    if np.isfinite(row["field_x_oe"]):
        words.append(rf"$H_x$ = {row['field_x_oe']:g} Oe")
    if np.isfinite(row["prefield_x_oe"]) and row["prefield_x_oe"] != 0:
        words.append(f"after {row['prefield_x_oe']:g} Oe")
    others = [
        text
        for column, text in (
            ("pulse_width_s", f"{time_words(row['pulse_width_s'])} pulses"),
            ("current_max_ma", f"±{row['current_max_ma']:.3g} mA"),
            ("temperature_k", f"{row['temperature_k']:.3g} K"),
        )
        if shown[column].nunique() > 1 and np.isfinite(row[column])
    ]
    lines = filter(None, [", ".join(words), ", ".join(others)])
    return "\n".join(lines).replace("-", "\N{MINUS SIGN}")


def _switching_words(row: pd.Series) -> str:
    """What a loop does, by its polarity: its critical current, or that it does not switch."""
    if row["status"] == "refused":
        return "refused"
    if row["polarity"] == 0:
        return "no switching"
    polarity = f"polarity {row['polarity']:+.0f}".replace("-", "\N{MINUS SIGN}")
    if not np.isfinite(row["i_c_ma"]):
        return f"{polarity}, $I_c$ not measured"
    return f"{polarity}, $I_c$ = {measured(row['i_c_ma'], row['i_c_u_ma'], 'mA')}"


def _ratio_words(row: pd.Series) -> str:
    if row["status"] == "refused":
        return "refused"
    if row["polarity"] == 0:
        return "no switching"
    if not np.isfinite(row["switching_ratio"]):
        return _switching_words(row)
    ratio = measured(100 * row["switching_ratio"], 100 * row["switching_ratio_u"], "%")
    return f"switches {ratio}"
