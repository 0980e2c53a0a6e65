"""Figures of what devices do to a trained network: losses by cause, by states, by noise."""

from collections.abc import Mapping
from string import ascii_lowercase

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

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
    merged_legend,
    new_figure,
    panel,
    stamp,
)

Tables = Mapping[str, pd.DataFrame]

_WITH_REFERENCE = "drift, reference column"
_NOISE_WORDS = {
    "measured": "measured noise",
    "reads measured": "read noise; writes not measured",
}


@figure
def loss_attribution(*, attribution: Tables) -> Figure:
    """Accuracy lost at each step from float weights to devices: measured states in training, then,
    on the trained network, programming error, read noise, variation between devices, drift and
    stuck devices, added one after the other. Error bars are the standard deviation over seeds or
    over arrays of devices, the tick is the worst array. The time of drift and the fraction of stuck
    devices are assumed; the measured drift per decade of time is extrapolated, and drawn from its
    uncertainty for every array. Hatched is the drift read against a reference column, from which
    the next step does not go on. What was not measured of the device has no bar.
    """
    _some(attribution)
    drawn = new_figure(DOUBLE if len(attribution) > 1 else SINGLE, 92)
    panels = drawn.subplots(1, len(attribution), squeeze=False, sharey=True)[0]
    for axes, letter, (run, table) in zip(
        panels, ascii_lowercase, attribution.items(), strict=False
    ):
        cost = table["cost_points"].iloc[1:].to_numpy()
        spread = table["cost_points_sd"].iloc[1:].to_numpy()
        position = np.arange(len(cost))
        bars = axes.barh(position, cost, color=COLOURS[3], edgecolor="black", lw=0.5, height=0.6)
        for bar, step in zip(bars, table["step"].iloc[1:], strict=True):
            if step == _WITH_REFERENCE:
                bar.set(facecolor="white", hatch="////")
        axes.errorbar(cost, position, xerr=spread, ls="none", color="black", capsize=2)
        worst = 100 * (table["accuracy"] - table["accuracy_min"]).iloc[1:].to_numpy()
        worst = np.where(np.isnan(spread), np.nan, worst)
        axes.plot(cost + worst, position, ls="none", marker="|", ms=7, color=COLOURS[2])
        axes.axvline(0, color="black", lw=0.6)
        for row in position[np.isnan(cost)]:
            axes.annotate("not measured", (0, row), (3, 0), textcoords="offset points",
                          va="center", color=GREY)  # fmt: skip
        for row in position[~np.isnan(cost) & np.isnan(spread)]:
            axes.annotate("one seed", (0, row), (3, 0), textcoords="offset points", va="center")
        axes.set_yticks(position, [_step_words(row) for _, row in table.iloc[1:].iterrows()])
        axes.set_ylim(len(cost) - 0.4, -0.6)
        axes.set_xlabel("cost of the step (percentage points)")
        axes.margins(x=0.12)
        first, last = 100 * table["accuracy"].iloc[[0, -1]]
        panel(axes, letter, f"{_run_words(run)}\nfrom {first:.1f} % (float32) to {last:.1f} %")
    arrays = next(iter(attribution.values()))["n"].iloc[-1]
    spread = f"bars: 1σ over seeds, or over {arrays} arrays, and | the worst"
    stamp(drawn, f"{spread}; {_data_words(attribution)}")
    return drawn


@figure
def accuracy_states_noise(*, states: Tables, noise: Tables) -> Figure:
    """Test accuracy against the number of states, where float weights are set to the nearest state
    after training; and against an assumed noise of one read after one write, where the network was
    trained with all measured states. Error bars of the second are the standard deviation over
    arrays of devices. A dotted line is the noise that was measured.
    """
    _some(states)
    drawn = new_figure(DOUBLE, 84)
    number, sigma = drawn.subplots(1, 2)
    known: set[str] = set()
    for series, run in enumerate(states, start=1):
        table, words = states[run], _run_words(run)
        for choice, line, shift in (("measured states", "-", 0), ("evenly spaced", "--", 2)):
            rows = table[table["choice"] == choice]
            number.errorbar(
                rows["n_states"].astype(float),
                100 * rows["accuracy"],
                yerr=100 * rows["accuracy_u"],
                color=COLOURS[series % len(COLOURS)],
                marker=MARKERS[series + shift],
                ls=line,
                lw=0.8,
                label=f"{words}, {choice}",
            )
        best = 100 * table.loc[table["choice"] == "float32", "accuracy"].iloc[0]
        number.axhline(best, color=COLOURS[series % len(COLOURS)], ls=":", lw=0.8)
        rows = noise[run][noise[run]["sigma"] > 0].sort_values("sigma")
        sigma.errorbar(
            100 * rows["sigma"],
            100 * rows["accuracy"],
            yerr=100 * rows["accuracy_sd"],
            color=COLOURS[series % len(COLOURS)],
            marker=MARKERS[series],
            ls=LINES[series - 1],
            lw=0.8,
            label=words,
        )
        known |= set(rows["noise"]) - {"assumed"}
        for measured in 100 * rows.loc[rows["noise"] != "assumed", "sigma"]:
            sigma.axvline(measured, color=GREY, ls=":", lw=0.8)
    number.plot([], [], color=GREY, ls=":", lw=0.8, label="float32")
    for kind in sorted(known):
        sigma.plot([], [], color=GREY, ls=":", lw=0.8, label=_NOISE_WORDS[kind])
    number.set_xscale("log", base=2)
    sigma.set_xscale("log")
    counts = sorted({int(n) for table in states.values() for n in table["n_states"].dropna()})
    number.set_xticks(counts, list(map(str, counts)))
    number.minorticks_off()
    sigma.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    sigma.xaxis.set_minor_formatter(NullFormatter())
    number.set_xlabel("number of states")
    number.set_ylabel("test accuracy (%)")
    sigma.set_xlabel("σ of one read after one write (% of the range)")
    sigma.set_ylabel("test accuracy (%)")
    panel(number, "a", "float32 weights set to states after training")
    panel(sigma, "b", "trained with all measured states")
    merged_legend(drawn, 1, [number], "upper left")
    merged_legend(drawn, 1, [sigma], "upper right")
    stamp(drawn, _data_words(states))
    return drawn


def _some(tables: Tables) -> None:
    if not tables:
        raise Hall2netError(
            "no network with measured states beside one with float32 weights; add both under "
            "`networks` in the configuration"
        )


def _run_words(run: str) -> str:
    return DATASETS.get(run.split("-")[1], run)


def _step_words(row: pd.Series) -> str:
    drift = f"drift, {row['time_s'] / 3600:g} h\n(assumed)"
    words = {
        "drift": drift,
        _WITH_REFERENCE: drift.replace("(assumed)", "(reference column)"),
        "stuck devices": f"stuck devices,\n{100 * row['stuck_share']:g} % (assumed)",
    }
    return words.get(row["step"], row["step"].replace(" ", "\n", 1))


def _data_words(tables: Tables) -> str:
    heads = [table.iloc[0] for table in tables.values()]
    parts = list(dict.fromkeys(head["source"] for head in heads))
    if any(head["scale"] == "laptop" for head in heads):
        parts.append("laptop scale")
    return "; ".join(parts)
