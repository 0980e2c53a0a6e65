"""Figures of the resistance states: where they come from, and how well they are separated."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from hall2net.figures.style import (
    COLOURS,
    DOUBLE,
    GREY,
    LINES,
    MARKERS,
    SINGLE,
    figure,
    measured,
    merged_legend,
    new_figure,
    panel,
    points,
    published_points,
)
from hall2net.physics.current_loops import switching_loop
from hall2net.synapse.lut import one_read_sigma, writes_measured
from hall2net.synapse.plateaus import average_pulses, read_train
from hall2net.synapse.updates import fit_update, update_curves


@figure(highlight=True)
def lut_states(*, measurement: xr.Dataset, lut: pd.DataFrame) -> Figure:
    """The states of the look-up table on the pulse train or switching loop they were read from."""
    if str(measurement["kind"].item()) == "pulse_train":
        return _states_of_train(measurement, lut, [])
    return _states_on_loop(measurement, lut)


@figure(kinds=("sot_switching",), highlight=True)
def fig4c_states_on_loop(*, measurement: xr.Dataset, lut: pd.DataFrame) -> Figure:
    """The switching loop that gives the weights, with the points taken as states."""
    return _states_on_loop(measurement, lut)


@figure(kinds=("pulse_train",), highlight=True)
def fig4a_states(
    *, measurement: xr.Dataset, lut: pd.DataFrame, published: Mapping[str, Any]
) -> Figure:
    """Resistance after each write pulse, with the states found and the published ones."""
    paper = published.get("synapse", {}).get("states_ohm", [])
    return _states_of_train(measurement, lut, paper)


def _states_on_loop(measurement: xr.Dataset, lut: pd.DataFrame) -> Figure:
    drawn = new_figure(SINGLE, 76)
    axes = drawn.subplots()
    loop = switching_loop(measurement)
    axes.plot(
        loop["write_current_ma"],
        loop["resistance_ohm"] * 1e3,
        color=GREY,
        lw=0.8,
        label="loop, less heating and drift",
    )
    axes.errorbar(
        lut["write_current_ma"],
        lut["resistance_ohm"] * 1e3,
        yerr=lut["resistance_u_ohm"] * 1e3,
        linestyle="none",
        marker="o",
        color=COLOURS[2],
        label=f"{len(lut)} states taken as weights (number chosen)",
    )
    axes.set_xlabel("write current (mA)")
    axes.set_ylabel("$R_{xy}$ (mΩ)")
    _level_axis(axes, lut)
    if np.isfinite(field := float(measurement["field_x"]) * 4e-4 * np.pi):
        words = f"{field:+.3g} mT".replace("-", "\N{MINUS SIGN}")
        axes.set_title(rf"$µ_\mathrm{{0}}H_x$ = {words}", loc="left")
    merged_legend(drawn, 1)
    return drawn


def _states_of_train(measurement: xr.Dataset, lut: pd.DataFrame, paper: Sequence[float]) -> Figure:
    reads = read_train(measurement)
    drawn = new_figure(DOUBLE, 92)
    places: Any = [["pulses", "."], ["train", "states"]]
    axes = drawn.subplot_mosaic(places, width_ratios=(3.2, 1), height_ratios=(1, 3))
    train, states = axes["train"], axes["states"]
    _draw_pulses(axes["pulses"], measurement)
    axes["pulses"].sharex(train)
    states.sharey(train)
    states.tick_params(labelleft=False)
    train.plot(reads["pulse"], reads["resistance"], ls="none", marker=".", ms=2, color=COLOURS[1])
    for _, row in lut.iterrows():
        train.axhline(row["resistance_ohm"], color=GREY, lw=0.5, zorder=0)
    train.set_xlabel("pulse number")
    train.set_ylabel("$R_{xy}$ (Ω)")
    panel(train, "b", f"{len(reads):,} reads")
    number = np.arange(1, len(lut) + 1)
    states.errorbar(
        number, lut["resistance_ohm"], yerr=one_read_sigma(lut), ls="none", marker="o",
        color=COLOURS[1], label=f"ours, {_spread_words(lut)}",
    )  # fmt: skip
    if paper:
        published_points(states, range(1, len(paper) + 1), paper, label="published (taken as Ω)")
    states.set_xticks(range(1, max(len(lut), len(paper)) + 1))
    states.set_xlim(0.3, max(len(lut), len(paper)) + 0.7)
    states.set_xlabel("state")
    panel(states, "c")
    merged_legend(drawn, 2)
    return drawn


def _draw_pulses(axes: Axes, measurement: xr.Dataset) -> None:
    """The write current of each pulse."""
    pulses = average_pulses(read_train(measurement))
    axes.axhline(0, color=GREY, lw=0.5)
    axes.vlines(pulses.index, 0, pulses["write_current"] * 1e3, color=COLOURS[2], lw=0.8)
    axes.set_ylabel("write\ncurrent (mA)")
    axes.tick_params(labelbottom=False)
    panel(axes, "a", f"{len(pulses):,} pulses")


@figure
def state_separation(
    *, lut: pd.DataFrame, merit: pd.DataFrame, published: Mapping[str, Any]
) -> Figure:
    """Levels of the states with their spread, and the distance of neighbours over it. Where the
    scatter of writes was not measured, distance and number of states are upper bounds.
    """
    drawn = new_figure(DOUBLE, 68)
    levels, gaps = drawn.subplots(1, 2)
    state = np.arange(1, len(lut) + 1)
    sigma = one_read_sigma(lut)
    to_level = np.gradient(lut["level"], lut["resistance_ohm"]).mean()
    levels.errorbar(
        state, lut["level"], yerr=sigma * to_level, ls="none", marker="o", color=COLOURS[1],
        label=f"ours, {_spread_words(lut)}",
    )  # fmt: skip
    paper = published.get("synapse", {}).get("levels")
    if paper:
        published_points(levels, range(1, len(paper) + 1), paper)
    levels.axhline(0, color=GREY, lw=0.5)
    levels.set_xlabel("state")
    levels.xaxis.set_major_locator(MaxNLocator(integer=True))
    levels.set_ylabel("level")
    panel(levels, "a", _count_words(merit))

    distance = lut["separation_sigma"].to_numpy()[:-1]
    known = np.isfinite(distance).any()
    gaps.bar(state[:-1] + 0.5, distance, width=0.7, color=COLOURS[3], edgecolor="black", lw=0.5)
    gaps.axhline(3, color="black", ls="--", lw=0.8, label="3σ")
    gaps.set_xlabel("between neighbouring states")
    gaps.xaxis.set_major_locator(MaxNLocator(integer=True))
    gaps.set_ylabel("separation (σ)" if writes_measured(lut) else "separation (σ of one read)")
    below = f"{int((distance < 3).sum())} of {len(distance)} gaps below 3σ"
    panel(gaps, "b", below if known else "scatter not measured")
    merged_legend(drawn, 3)
    return drawn


@figure
def potentiation_depression(*, measurement: xr.Dataset, updates: pd.DataFrame) -> Figure:
    """Share of the change done against the pulses given, of identical pulses and of stepped ones,
    with the exponential of NeuroSim's label and whether it holds. Open symbols and dotted curves
    are of an exponential that is rejected or cannot be tested.
    """
    curves = update_curves(measurement)
    kinds = list(dict.fromkeys(updates["pulses"]))
    drawn = new_figure(SINGLE if len(kinds) < 2 else DOUBLE, 88)
    panels = drawn.subplots(1, max(len(kinds), 1), squeeze=False, sharey=True)[0]
    for axes, letter, pulses in zip(panels, "abc", kinds, strict=False):
        axes.plot([0, 1], [0, 1], color=GREY, ls=":", lw=0.8)
        rows = updates[updates["pulses"] == pulses]
        for _, row in rows.iterrows():
            _draw_update(axes, curves, row)
        panel(axes, letter if len(kinds) > 1 else "", _PULSES_WORDS[pulses])
        axes.set_xlabel("pulses (share of the run)")
    panels[0].set_ylabel("resistance (share of the run's change)")
    merged_legend(drawn, 1)
    return drawn


_PULSES_WORDS = {
    "identical": "identical pulses",
    "stepped": "the current grows from pulse to pulse",
    "not known": "pulses of unknown current",
}


def _draw_update(axes: Axes, curves: pd.DataFrame, row: pd.Series) -> None:
    """One direction: its points, and the mean exponential of its runs."""
    down = row["direction"] == "depression"
    series = 1 + down
    own = curves[(curves["direction"] == row["direction"]) & (curves["pulses"] == row["pulses"])]
    fits = [fit_update(run) for _, run in own.groupby("run")]
    step = np.linspace(0, 1, 201)
    curve = np.mean([fit.at(step) for fit in fits], axis=0)
    holds = row["status"] == "ok"
    runs = f"{row['n_runs']:.0f} run{'s' if row['n_runs'] > 1 else ''}"
    axes.plot(
        own["step"], 1 - own["fraction"] if down else own["fraction"], ls="none", ms=2.5,
        marker=MARKERS[series], color=COLOURS[series], mfc=COLOURS[series] if holds else "none",
        label=f"{row['direction']}, {runs}; from straight by "
        f"{measured(row['nonlinearity'], row['nonlinearity_u'])}",
    )  # fmt: skip
    label = measured(-row["alpha"] if down else row["alpha"], row["alpha_u"])
    test = "not tested" if np.isnan(row["p_value"]) else "holds" if holds else "rejected"
    words = f"{test}, misfit {100 * row['misfit']:.2g} %"
    axes.plot(
        step, 1 - curve if down else curve, color=COLOURS[series], ls="-" if holds else ":",
        label=f"exponential of label {label}: {words}",
    )  # fmt: skip
    if down:
        axes.plot([0, 1], [1, 0], color=GREY, ls=":", lw=0.8)


@figure
def state_choice(*, lut: pd.DataFrame, advisor: pd.DataFrame) -> Figure:
    """Quantisation error against the number of states used, and the best set of each number."""
    drawn = new_figure(DOUBLE, 76)
    against, sets = drawn.subplots(1, 2, width_ratios=(1, 1.15))
    fewer = advisor[advisor["choice"] == "fewer states"]
    others = fewer[fewer.duplicated("n_states")]
    best = fewer.drop_duplicates("n_states").sort_values("n_states")
    now = advisor[advisor["choice"] == "as measured"]
    if len(others):
        against.plot(
            others["n_states"], 100 * others["quantization_error"], ls="none", marker="_",
            color=GREY, label="other sets",
        )  # fmt: skip
    points(
        against, best["n_states"], best, "quantization_error", scale=100, series=1, line="-",
        label="best set of measured states",
    )  # fmt: skip
    points(
        against, now["n_states"], now, "quantization_error", scale=100, series=2, size=5,
        label="all measured states",
    )  # fmt: skip
    for marker, words in (("D", "as many states, evenly spaced"), ("v", "one more state")):
        row = advisor[advisor["choice"].str.startswith(words)]
        against.plot(
            row["n_states"], 100 * row["quantization_error"], ls="none", marker=marker,
            color=COLOURS[3], label=words,
        )  # fmt: skip
    against.set_yscale("log")
    against.set_xlabel("number of states")
    against.set_ylabel("quantisation error (% of weight power)")
    against.xaxis.set_major_locator(MaxNLocator(integer=True))
    against.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    against.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    against.yaxis.set_minor_formatter(NullFormatter())
    panel(against, "a")

    number = np.unique(np.linspace(0, len(best) - 1, 6).round().astype(int))
    shown = pd.concat([best.iloc[number], now])
    resistance = lut.set_index("state")["resistance_ohm"]
    for height, row in enumerate(shown.itertuples()):
        sets.axhline(height, color=GREY, lw=0.3, zorder=0)
        used = [int(state) for state in row.states.split()]
        sets.plot(
            resistance.loc[used], np.full(len(used), height), ls="none", marker="|", ms=9, mew=1.3,
            color=COLOURS[2 if row.choice == "as measured" else 1],
        )  # fmt: skip
    sets.set_yticks(
        range(len(shown)),
        [f"{r.n_states} states, {100 * r.quantization_error:.2g} %" for r in shown.itertuples()],
    )
    sets.tick_params(axis="y", which="both", length=0)
    sets.set_ylim(-0.6, len(shown) - 0.4)
    sets.set_xlabel("$R_{xy}$ (Ω)")
    panel(sets, "b", "sets with the least error")
    merged_legend(drawn, 3)
    return drawn


@figure
def states_write_scatter(*, lut: pd.DataFrame, write_scatter: pd.DataFrame) -> Figure:
    """Distinguishable states against an assumed scatter from one write to the next: of every
    resistance, as a fraction of their range, and, for states of a switching loop, of all switching
    currents together. A cross is the scatter that was measured.
    """
    drawn = new_figure(SINGLE, 70)
    axes = drawn.subplots()
    for series, (of, words) in enumerate(_SCATTER_WORDS.items(), start=1):
        rows = write_scatter[write_scatter["scatter_of"] == of]
        if len(rows):
            axes.plot(
                100 * rows["fraction"], rows["distinguishable_states"], color=COLOURS[series],
                marker=MARKERS[series], ls=LINES[series - 1], label=words,
            )  # fmt: skip
    rows = write_scatter[write_scatter["scatter_of"] == "measured"]
    axes.plot(
        100 * rows["fraction"], rows["distinguishable_states"], ls="none", marker="X", ms=7,
        color=COLOURS[3], label="measured" if len(rows) else "",
    )  # fmt: skip
    axes.axhline(len(lut), color=GREY, ls=":", lw=0.8)
    # Zero has a place of its own on the left: it is what reads alone would allow.
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_xlim(0, 15)
    axes.set_xticks([0, 0.1, 0.3, 1, 3, 10], ["0", "0.1", "0.3", "1", "3", "10"])
    axes.set_ylim(0, 1.08 * len(lut))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("assumed scatter of writes, 1σ (%)")
    axes.set_ylabel("distinguishable states")
    panel(axes, "", "" if len(rows) else "scatter of writes not measured")
    merged_legend(drawn, 1)
    return drawn


_SCATTER_WORDS = {
    "resistance": "of each resistance (% of the range)",
    "threshold": "of the switching currents (%)",
}


def _spread_words(lut: pd.DataFrame) -> str:
    """What the bars of the states show."""
    if not np.isfinite(one_read_sigma(lut)).any():
        return "scatter not measured"
    alone = "" if writes_measured(lut) else "; scatter of writes not measured"
    return f"±1σ of one read{alone}"


def _count_words(merit: pd.DataFrame) -> str:
    """How many states there are, and how many of them one read can tell from another."""
    rows = merit.fillna({"bound": ""}).set_index("quantity")
    found, bits = rows.loc["distinguishable_states"], rows.at["information", "value"]
    count = f"{rows.at['states', 'value']:.0f} states"
    if pd.isna(found["value"]):
        return f"{count}, scatter not measured"
    words = measured(found["value"], np.nan, bound=found["bound"])
    return f"{count}, {words} distinguishable ({bits:.2f} bits)"


def _level_axis(axes: Any, lut: pd.DataFrame) -> None:  # noqa: ANN401
    low, high = 1e3 * lut["resistance_ohm"].iloc[[0, -1]].to_numpy()
    axes.tick_params(which="both", right=False)
    right = axes.secondary_yaxis(
        "right",
        functions=(
            lambda mohm: 2 * (mohm - low) / (high - low) - 1,
            lambda level: low + (level + 1) * (high - low) / 2,
        ),
    )
    right.set_ylabel("level")
