"""Figures of the Hall loops: resistance against field, coercivity, residuals."""

from collections.abc import Mapping
from itertools import product
from string import ascii_lowercase
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from hall2net.errors import Hall2netError
from hall2net.figures.style import (
    COLOURS,
    DOUBLE,
    GREY,
    MOST_PANELS,
    ORDERED,
    SINGLE,
    figure,
    grid_of,
    measured,
    merged_legend,
    new_figure,
    outer_labels,
    panel,
    points,
    sample_label,
    shown_panels,
    tesla_axis,
)
from hall2net.measurement import select
from hall2net.physics.loops import corrected_loop
from hall2net.tables import hall_loops, total_sigma, usable

Datasets = Mapping[str, xr.Dataset]

R_XY = "$R_{xy}$"
R_AHE = r"$R_\mathrm{AHE}$"
H_C = r"$µ_\mathrm{0}H_\mathrm{c}$"
FIELD = r"$µ_\mathrm{0}H_z$"
T_M = r"$T_\mathrm{M}$"


@figure(kinds=("ahe_loop", "loop_shift"), highlight=True)
def ahe_loops(
    *, datasets: Datasets, loops: pd.DataFrame, samples: Mapping[str, Mapping[str, Any]]
) -> Figure:
    """Hall loops of every sample without offset and slope, with the switching fields found."""
    rows = hall_loops(usable(loops)).sort_values("temperature_k", kind="stable")
    measured_ones = [name for name in samples if (rows["sample"] == name).any()]
    if not measured_ones:
        raise Hall2netError("no fitted loop in loops.csv")
    shown = measured_ones[:MOST_PANELS]
    columns = min(len(shown), 4)
    drawn, panels = grid_of(SINGLE if columns < 2 else DOUBLE, len(shown), columns, 58)
    temperatures = rows["temperature_k"].dropna()
    ordered = temperatures.max() - temperatures.min() > 5
    shade = ScalarMappable(Normalize(temperatures.min(), temperatures.max()), ORDERED)
    for axes, sample in zip(panels, shown, strict=True):
        mine = rows[rows["sample"] == sample]
        for _, row in mine.iterrows():
            colour = shade.to_rgba(row["temperature_k"]) if ordered else COLOURS[1]
            _draw_loop(axes, datasets, row, colour, 1e3, None, millitesla=True)
            for field in ("h_up_oe", "h_dn_oe"):
                spread = total_sigma(row, field)
                axes.errorbar(
                    row[field] / 10, 0, xerr=spread / 10, marker="D", ms=2, color=COLOURS[2]
                )
        one = mine.iloc[0]
        words = f"{len(mine)} loops"
        if len(mine) == 1:
            words = f"{R_AHE} = {_with_u(one, 'r_ahe_ohm', 1e3, 'mΩ')}"
            words += f"\n{H_C} = {_with_u(one, 'h_c_oe', 0.1, 'mT')}"
        axes.set_title(f"{sample_label(samples, sample)}\n{words}", loc="left")
        axes.axhline(0, color=GREY, lw=0.5, zorder=0)
    outer_labels(panels, columns, f"{FIELD} (mT)", f"{R_XY} (mΩ)")
    panels[0].plot([], [], color=GREY, label="field rising")
    panels[0].plot([], [], color=GREY, ls="--", label="field falling")
    panels[0].plot([], [], "D", ms=2, color=COLOURS[2], label="switching fields, ±1σ")
    merged_legend(drawn, 3 if columns > 1 else 2)
    if ordered:
        drawn.colorbar(shade, ax=panels, label="temperature (K)", aspect=30)
    shown_panels(drawn, len(shown), len(measured_ones), "samples")
    return drawn


@figure(kinds=("ahe_loop",), study="cotb")
def fig3a_ahe_as_grown(
    *, datasets: Datasets, loops: pd.DataFrame, published: Mapping[str, Any]
) -> Figure:
    """Hall resistance against field of the film as grown, at temperatures across T_M."""
    return _loops_of(datasets, loops, "as_grown", published["loops"]["fig3a_r_ahe_ohm"])


@figure(kinds=("ahe_loop",), study="cotb")
def fig3c_ahe_freestanding(
    *, datasets: Datasets, loops: pd.DataFrame, published: Mapping[str, Any]
) -> Figure:
    """Hall resistance against field of the freestanding membrane, at temperatures across T_M."""
    return _loops_of(datasets, loops, "freestanding", published["loops"]["fig3c_r_ahe_ohm"])


@figure(kinds=("ahe_loop",), several="temperature_k", highlight=True)
def temperature(
    *,
    loops: pd.DataFrame,
    compensation: pd.DataFrame,
    samples: Mapping[str, Mapping[str, Any]],
    published: Mapping[str, Any],
) -> Figure:
    """Coercive field and anomalous Hall resistance against temperature. At the compensation
    temperature T_M (± statistical ± systematic) the resistance changes sign and the coercive field
    diverges.
    """
    drawn = new_figure(SINGLE, 105)
    coercivity, amplitude = drawn.subplots(2, 1, sharex=True)
    rows = usable(loops).query("kind == 'ahe_loop'").sort_values("temperature_k")
    paper = published.get("loops", {})
    if paper:
        for axes in (coercivity, amplitude):
            axes.axvspan(*paper["compensation_temperature_k"], color="0.9", lw=0, zorder=0)
        coercivity.axvspan(np.nan, np.nan, color="0.9", label=f"published range of {T_M}")
    for number, sample in enumerate(name for name in samples if (rows["sample"] == name).any()):
        mine = rows[rows["sample"] == sample]
        found = compensation[(compensation["sample"] == sample) & compensation["t_m_k"].notna()]
        words = sample_label(samples, sample)
        for _, row in found.iterrows():
            stat, systematic = row["t_m_u_k"], row["t_m_sys_k"]
            words += f", {T_M} = {measured(row['t_m_k'], stat, 'K', systematic=systematic)}"
        # Larger below smaller, so that both show where the samples agree.
        size = max(3, 6 - 2.5 * number)
        x = mine["temperature_k"]
        points(coercivity, x, mine, "h_c_oe", scale=0.1, series=number, label=words, size=size)
        points(amplitude, x, mine, "r_ahe_ohm", scale=1e3, series=number, size=size)
        for axes, t_m in product((coercivity, amplitude), found["t_m_k"]):
            axes.axvline(t_m, color=COLOURS[number], lw=0.7, ls=("-", "--", ":")[number % 3])
    coercivity.set_ylabel(f"{H_C} (mT)")
    coercivity.set_ylim(bottom=0)
    amplitude.set_ylabel(f"{R_AHE}, half swing (mΩ)")
    amplitude.set_xlabel("temperature (K)")
    amplitude.axhline(0, color=GREY, lw=0.5)
    for sign in (-1, 1) if paper else ():
        amplitude.axhline(
            sign * 1e3 * paper["fig3c_r_ahe_ohm"],
            color=GREY,
            lw=0.7,
            ls=":",
            label=f"published {R_AHE}" if sign > 0 else None,
        )
    merged_legend(drawn, 1)
    panel(coercivity, "a")
    panel(amplitude, "b")
    return drawn


@figure(kinds=("ahe_loop", "loop_shift"))
def fit_residuals(*, datasets: Datasets, loops: pd.DataFrame) -> Figure:
    """Residuals of the loop fits in saturation, in units of the noise, and how many loops were
    fitted, flagged or refused.
    """
    drawn = new_figure(DOUBLE, 62)
    scatter, histogram, outcome = drawn.subplots(1, 3, width_ratios=(1.3, 1, 0.8))
    fields, residuals = _saturation_residuals(datasets, loops)
    scatter.plot(
        fields / 10, residuals, ".", ms=1.5, color="0.6", rasterized=True, label="one point"
    )
    centre, mean, error = _binned(fields / 10, residuals)
    scatter.errorbar(
        centre, mean, yerr=error, ls="none", marker="o", color=COLOURS[1], label="mean of a bin"
    )
    scatter.legend(loc="upper center", ncols=2)
    scatter.axhline(0, color="black", lw=0.6)
    scatter.set_ylim(-6, 6)
    scatter.set_xlabel(f"{FIELD} (mT)")
    scatter.set_ylabel("residual / noise")
    panel(scatter, "a", f"{len(residuals):,} points in saturation")

    edges = np.linspace(-6, 6, 61)
    histogram.hist(residuals, edges, density=True, color="0.75", label="residuals")
    grid = np.linspace(-6, 6, 301)
    normal = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
    histogram.plot(grid, normal, color="black", ls="--", label="normal, width 1")
    histogram.set_yscale("log")
    histogram.set_ylim(1e-4, 3)
    histogram.set_xlabel("residual / noise")
    histogram.set_ylabel("density")
    histogram.legend(loc="upper center", ncols=1)
    panel(histogram, "b")

    table = pd.crosstab(loops["kind"], loops["status"])
    left = np.zeros(len(table))
    shades = {"ok": COLOURS[1], "flagged": COLOURS[3], "refused": COLOURS[2]}
    for status, shade in shades.items():
        number = table.get(status, pd.Series(0, index=table.index)).to_numpy()
        label = f"{status}: {number.sum()}"
        outcome.barh(table.index, number, left=left, color=shade, label=label, height=0.5)
        left = left + number
    outcome.set_xlim(right=1.08 * left.max())
    outcome.xaxis.get_major_locator().set_params(integer=True)
    outcome.set_yticks(range(len(table)), [kind.replace("_", "\n") for kind in table.index])
    outcome.set_ylim(-0.6, len(table) + 0.4)
    outcome.set_xlabel("number of loops")
    outcome.legend(loc="upper right", ncols=1)
    panel(outcome, "c")
    return drawn


@figure(kinds=("loop_shift",), study="ruo2")
def fig2a_loop_pair(
    *,
    datasets: Datasets,
    loops: pd.DataFrame,
    samples: Mapping[str, Mapping[str, Any]],
    published: Mapping[str, Any],
) -> Figure:
    """Loops at opposite currents in an in-plane field: their centres differ by the loop shift."""
    example = published["torque"]["loop_shift_example"]
    sample = next(
        name
        for name, facts in samples.items()
        if facts["spacer"] == "RuO2" and facts["thickness_nm"] == example["t_nm"]
    )
    rows = usable(loops)
    rows = rows[
        (rows["kind"] == "loop_shift")
        & (rows["sample"] == sample)
        & np.isclose(rows["field_x_oe"], example["h_x_oe"])
        & np.isclose(rows["current_ma"].abs(), example["i_dc_ma"])
    ].sort_values("current_ma", ascending=False)
    if len(rows) < 2:
        raise Hall2netError(
            f"no pair of loops of {sample} at {example['h_x_oe']} Oe and ±{example['i_dc_ma']} mA"
        )
    drawn = new_figure(SINGLE, 78)
    axes = drawn.subplots()
    for number, (_, row) in enumerate(rows.iloc[[0, -1]].iterrows()):
        centre = measured(row["h_0_oe"], _centre_u(row), "Oe")
        current = f"{row['current_ma']:+g} mA".replace("-", "\N{MINUS SIGN}")
        label = rf"{current}, $H_\mathrm{{0}}$ = {centre}"
        _draw_loop(axes, datasets, row, COLOURS[number + 1], 1e3, label)
        axes.axvline(row["h_0_oe"], color=COLOURS[number + 1], lw=0.8, ls=":")
        axes.axvspan(
            row["h_0_oe"] - _centre_u(row),
            row["h_0_oe"] + _centre_u(row),
            color=COLOURS[number + 1],
            alpha=0.3,
            lw=0,
        )
    upper, lower = rows.iloc[0], rows.iloc[-1]
    shift = upper["h_0_oe"] - lower["h_0_oe"]
    words = measured(shift, float(np.hypot(_centre_u(upper), _centre_u(lower))), "Oe")
    for line, label in ((":", "centre of a loop"), ("-", "field rising"), ("--", "field falling")):
        axes.plot([], [], color=GREY, lw=0.8, ls=line, label=label)
    drawn.legend(
        *axes.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        title=rf"{sample_label(samples, sample)}, $H_x$ = {example['h_x_oe']} Oe, Δ$H$ = {words}",
        title_fontsize=7,
    )
    tesla_axis(axes, "H_z")
    axes.set_ylabel(f"{R_XY} (mΩ)")
    return drawn


def _loops_of(datasets: Datasets, loops: pd.DataFrame, sample: str, paper_ohm: float) -> Figure:
    rows = usable(loops)
    rows = rows[(rows["sample"] == sample) & (rows["kind"] == "ahe_loop")]
    rows = rows.drop_duplicates("temperature_k").sort_values("temperature_k")
    if rows.empty:
        raise Hall2netError(f"no fitted loop of sample {sample!r} in loops.csv")
    drawn, panels = grid_of(DOUBLE, len(rows), 5, 42, sharex=True, sharey=True)
    for axes, letter, (_, row) in zip(panels, ascii_lowercase, rows.iterrows(), strict=False):
        _draw_loop(axes, datasets, row, COLOURS[1], 1e3, None, millitesla=True)
        for sign in (-1, 1):
            axes.axhline(sign * 1e3 * paper_ohm, color=GREY, lw=0.7, ls=":")
        h_c = measured(row["h_c_oe"] / 10, total_sigma(row, "h_c_oe") / 10, "mT")
        r_ahe = measured(row["r_ahe_ohm"] * 1e3, total_sigma(row, "r_ahe_ohm") * 1e3, "mΩ")
        panel(axes, letter, f"{row['temperature_k']:.0f} K\n{r_ahe}\n{h_c}")
    reach = 1.15 * max(1e3 * paper_ohm, *np.abs(panels[0].dataLim.intervaly))
    panels[0].set_ylim(-reach, reach)
    outer_labels(panels, 5, f"{FIELD} (mT)", f"{R_XY} (mΩ)")
    drawn.legend(
        *_branch_legend(panels[0], paper_ohm),
        loc="outside upper center",
        ncols=3,
        title=f"above each panel: {R_AHE} (half swing), {H_C}",
        title_fontsize=7,
    )
    return drawn


def _with_u(row: pd.Series, column: str, scale: float, unit: str) -> str:
    return measured(row[column] * scale, total_sigma(row, column) * scale, unit)


def _centre_u(row: pd.Series) -> float:
    """Uncertainty of a loop's centre (Oe), the field step of both branches included."""
    return float(total_sigma(row, "h_0_oe"))


def _branch_legend(axes: Axes, paper_ohm: float) -> tuple[list[Any], list[str]]:
    rising, falling = (
        axes.plot([], [], color=COLOURS[1]),
        axes.plot([], [], color=COLOURS[1], ls="--"),
    )
    paper = axes.plot([], [], color=GREY, ls=":", lw=0.7)
    words = ["field rising", "field falling", f"published: {1e3 * paper_ohm:g} mΩ"]
    return [*rising, *falling, *paper], words


def _draw_loop(
    axes: Axes,
    datasets: Datasets,
    row: pd.Series,
    colour: Any,  # noqa: ANN401
    scale: float,
    label: str | None,
    millitesla: bool = False,
) -> None:
    """One loop less its background; rising branch solid, falling branch dashed."""
    loop = corrected_loop(select(datasets[row["sample"]], row["id"]), row)
    for _, part in loop.groupby("branch", sort=False):
        rising = part["field_oe"].iloc[-1] > part["field_oe"].iloc[0]
        axes.plot(
            part["field_oe"] / (10 if millitesla else 1),
            part["resistance_ohm"] * scale,
            color=colour,
            ls="-" if rising else "--",
            lw=0.8,
            label=label if rising else None,
        )


def _saturation_residuals(datasets: Datasets, loops: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Field (Oe) and residual over noise of every point far outside both switching fields."""
    fields, residuals = [], []
    for _, row in usable(loops).iterrows():
        loop = corrected_loop(select(datasets[row["sample"]], row["id"]), row)
        reach = 2 * max(abs(row["h_up_oe"]), abs(row["h_dn_oe"]))
        tail = loop[loop["field_oe"].abs() > reach]
        expected = np.sign(tail["field_oe"]) * row["r_ahe_ohm"]
        fields.append(tail["field_oe"].to_numpy())
        residuals.append(((tail["resistance_ohm"] - expected) / row["noise_ohm"]).to_numpy())
    if not fields:
        raise Hall2netError("no fitted loop in loops.csv")
    return np.concatenate(fields), np.concatenate(residuals)


def _binned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres, means and standard errors of the mean in 20 bins that hold points."""
    edges = np.linspace(x.min(), x.max(), 21)
    groups = pd.Series(y).groupby(np.clip(np.digitize(x, edges), 1, 20))
    centre = (edges[:-1] + edges[1:]) / 2
    enough = groups.size() > 1
    mean, error = groups.mean()[enough], groups.sem()[enough]
    return centre[mean.index - 1], mean.to_numpy(), error.to_numpy()
