"""Figures of merit of a device as a synapse, from its states and the measurement behind them."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression, minimize_scalar
from scipy.stats import norm

from hall2net.errors import Hall2netError
from hall2net.lut import MIN_SEPARATION, check_lut
from hall2net.plateaus import average_pulses, read_train
from hall2net.switching import switching_loop, turning_points, write_energy

LABEL_SCALE = 10.1015
"""Non-linearity label of NeuroSim per unit of the curve's largest distance from a straight line."""

_SHORTEST_RUN = 4  # points of a potentiation or depression that has a curvature


def one_read_sigma(lut: pd.DataFrame) -> np.ndarray:
    """1 sigma of one read after one write of each state, (K,) in ohm: cycles and reads.

    What the table has not, or leaves empty, counts as zero.
    """
    nothing = pd.Series(0.0, index=lut.index)
    parts = (lut.get(c, nothing).fillna(0.0) for c in ("read_sigma_ohm", "cycle_sigma_ohm"))
    return np.hypot(*parts).to_numpy(float)


def nonlinearity_label(a: ArrayLike) -> np.ndarray:
    """NeuroSim's non-linearity label of the update curve with the normalised parameter A.

    The conductance after P of P_max pulses is G = G_min + B [1 - exp(-P/(A P_max))], with B such
    that it ends at G_max (Chen, Peng, Yu, IEEE TCAD 37, 3067 (2018)). NeuroSim tabulates a label
    from 0 (a straight line) to 9 against A; the label is 10.1015 times the largest vertical
    distance of the normalised curve from the straight line, which this returns.

    Parameters
    ----------
    a : A per number of pulses, dimensionless; positive bends up first (concave), negative convex
    """
    a = np.asarray(a, dtype=float)
    with np.errstate(over="ignore"):
        end = -np.expm1(-1 / a)
        at = -a * np.log(a * end)
        distance = -np.expm1(-at / a) / end - at
    return np.copysign(LABEL_SCALE * np.abs(distance), a)


def update_curves(measurement: xr.Dataset) -> pd.DataFrame:
    """Potentiation and depression curves of a pulse train or a switching loop.

    In a train every stretch between two turns of the resistance (a way back of a quarter of the
    range) is a run; a single jump, such as a reset, is none. In a loop every branch is a run, from
    2 to 98 % of its swing. Pulses of growing current count like identical ones.

    Returns
    -------
    DataFrame, one row a pulse: `run, direction` (potentiation: rising resistance; depression),
    `step` (pulse number over the run's, 0 to 1), `share` (of the run's change done, 0 to 1).
    """
    if np.isfinite(measurement["pulse"]).any() if "pulse" in measurement else False:
        pulses = average_pulses(read_train(measurement))
        values = pulses.groupby("write")["mean"].mean().to_numpy()
        turns = turning_points(values, 0.25)
        runs = [values[start : stop + 1] for start, stop in zip(turns[:-1], turns[1:], strict=True)]
    else:
        loop = switching_loop(measurement)
        runs = []
        for branch in ("up", "down"):
            own = loop[loop["branch"] == branch].sort_values(
                "write_current_ma", ascending=branch == "up"
            )
            r = own["resistance_ohm"].to_numpy()
            rising = bool(np.median(r[-len(r) // 5 :]) > np.median(r[: len(r) // 5]))
            fit = isotonic_regression(r, increasing=rising).x
            share = (fit - fit[0]) / (fit[-1] - fit[0])
            runs.append(r[(share > 0.02) & (share < 0.98)])
    rows = [
        {
            "run": number,
            "direction": "potentiation" if run[-1] > run[0] else "depression",
            "step": i / (len(run) - 1),
            "share": (value - run[0]) / (run[-1] - run[0]),
        }
        for number, run in enumerate(runs, start=1)
        if len(run) >= _SHORTEST_RUN and run[-1] != run[0]
        for i, value in enumerate(run)
    ]
    return pd.DataFrame(rows, columns=["run", "direction", "step", "share"])


def fit_nonlinearity(curves: pd.DataFrame) -> tuple[float, float]:
    """Non-linearity label of runs of one direction (least squares) and its 1 sigma.

    The sigma is that of the mean over runs; NaN for one run, and both are NaN for none.
    """
    labels = [_label_of(own) for _, own in curves.groupby("run")]
    if not labels:
        return np.nan, np.nan
    spread = np.std(labels, ddof=1) / np.sqrt(len(labels)) if len(labels) > 1 else np.nan
    return float(np.mean(labels)), float(spread)


def _label_of(run: pd.DataFrame) -> float:
    step, share = run["step"].to_numpy(), run["share"].to_numpy()

    def squares(curvature: float) -> float:
        if abs(curvature) < 1e-6:
            return float(np.sum((share - step) ** 2))
        curve = np.expm1(-curvature * step) / np.expm1(-curvature)
        return float(np.sum((share - curve) ** 2))

    curvature = float(minimize_scalar(squares, bounds=(-44.0, 44.0), method="bounded").x)
    return float(nonlinearity_label(1 / curvature)) if abs(curvature) > 1e-6 else 0.0


def figures_of_merit(
    lut: pd.DataFrame,
    measurement: xr.Dataset,
    *,
    write_resistance_ohm: float = np.nan,
    devices: Sequence[pd.DataFrame] = (),
    min_separation: float = MIN_SEPARATION,
) -> pd.DataFrame:
    """What a device can do as a synapse: one row a figure of merit.

    Parameters
    ----------
    lut : `lut_from_train` or `lut_from_loop`
    measurement : the measurement that the states were taken from
    write_resistance_ohm : of the current path, for the write energy I^2 R tau
    devices : look-up tables of other devices with as many states, for their variation
    min_separation : in sigma; neighbours closer than this do not count as two

    Returns
    -------
    DataFrame with `quantity` (its unit at the end of the name; none for a number), `value`,
    `value_u` (1 sigma; empty where it has none), `definition`. What was not measured is empty,
    and the definition says so.

    Raises
    ------
    Hall2netError
        If the LUT is bad, or another device has another number of states.
    """
    check_lut(lut)
    r, u = (lut[c].to_numpy(float) for c in ("resistance_ohm", "resistance_u_ohm"))
    sigma = one_read_sigma(lut)
    with np.errstate(divide="ignore"):
        gaps = np.diff(r) / ((sigma[1:] + sigma[:-1]) / 2)
    swing, swing_u = r[-1] - r[0], float(np.hypot(u[0], u[-1]))
    states = 1 + _most_distinct(r, sigma, min_separation)
    rows: list[tuple[str, float, float, str]] = [
        ("states", len(lut), np.nan, "number of states in the look-up table"),
        (
            "distinguishable_states", states, np.nan,
            f"largest number of them that lie {min_separation:g} sigma apart, sigma that of one "
            "read after one write",
        ),
        ("information_bit", np.log2(states), np.nan, "log2 of the distinguishable states"),
        ("min_separation_sigma", gaps.min(), np.nan, "smallest distance of neighbours"),
        (
            "misread_rate", _misread_rate(gaps), np.nan,
            "share of single reads taken for a neighbour, all states used alike, thresholds "
            "equally many sigma from both: mean of Phi(-separation/2) over both sides",
        ),
        ("dynamic_range_ohm", swing, swing_u, "highest less lowest mean resistance"),
        (
            "dynamic_range_sigma", swing / sigma.mean(), np.nan,
            "dynamic range over the mean sigma of one read",
        ),
        (
            "nonuniformity", *_nonuniformity(r, u),
            "largest distance of a level from equal spacing, as a share of the range",
        ),
    ]  # fmt: skip
    rows += _linearity(measurement)
    share = "as a share of the dynamic range, mean over the states"
    rows += [
        ("read_noise", lut["read_sigma_ohm"].mean() / swing, np.nan, f"sigma of one read {share}"),
        (
            "cycle_to_cycle", lut["cycle_sigma_ohm"].mean() / swing, np.nan,
            f"sigma from one write to the next {share}; empty where each was written once",
        ),
        (
            "device_to_device", _between_devices(lut, devices) / swing, np.nan,
            f"sigma between devices {share}; empty where one device was measured",
        ),
    ]  # fmt: skip
    rows += _retention(lut, r, swing)
    rows += _energy(lut, measurement, write_resistance_ohm)
    return pd.DataFrame(rows, columns=["quantity", "value", "value_u", "definition"])


def _most_distinct(r: np.ndarray, sigma: np.ndarray, min_separation: float) -> int:
    """Number of steps of the longest ladder of states that lie far enough apart."""
    steps, last = 0, 0
    for i in range(1, len(r)):
        if r[i] - r[last] >= min_separation * (sigma[i] + sigma[last]) / 2:
            steps, last = steps + 1, i
    return steps


def _misread_rate(gaps: np.ndarray) -> float:
    return float(2 * norm.cdf(-gaps / 2).sum() / (len(gaps) + 1))


def _nonuniformity(r: np.ndarray, u: np.ndarray) -> tuple[float, float]:
    ideal = np.linspace(0, 1, len(r))
    distance = (r - r[0]) / (r[-1] - r[0]) - ideal
    worst = int(np.abs(distance).argmax())
    if worst in (0, len(r) - 1):
        return 0.0, np.nan
    share = distance[worst] + ideal[worst]
    spread = np.sqrt(u[worst] ** 2 + ((1 - share) * u[0]) ** 2 + (share * u[-1]) ** 2)
    return float(abs(distance[worst])), float(spread / (r[-1] - r[0]))


def _linearity(measurement: xr.Dataset) -> list[tuple[str, float, float, str]]:
    curves = update_curves(measurement)
    found = {
        direction: fit_nonlinearity(curves[curves["direction"] == direction])
        for direction in ("potentiation", "depression")
    }
    how = (
        "NeuroSim's non-linearity label (0 straight; Chen, Peng, Yu, IEEE TCAD 37, 3067 (2018)) "
        "of rising resistance; pulses of growing current count alike"
    )
    rows = [("alpha_potentiation", *found["potentiation"], f"{how}; empty where none was measured")]
    # The field writes the label of a depression that falls fast first as negative.
    fall, fall_u = found["depression"]
    text = "the same of falling resistance, negative where it falls fast first"
    rows.append(("alpha_depression", -fall, fall_u, f"{text}; empty where none was measured"))
    rise, rise_u = found["potentiation"]
    spread = float(np.hypot(rise_u, fall_u))
    text = "abs(alpha_potentiation - alpha_depression); 0 where both curves coincide"
    return [*rows, ("asymmetry", abs(rise + fall), spread, text)]


def _between_devices(lut: pd.DataFrame, devices: Sequence[pd.DataFrame]) -> float:
    if not devices:
        return np.nan
    for other in devices:
        if len(other) != len(lut):
            raise Hall2netError(
                f"a look-up table has {len(other)} states; expected {len(lut)}, as the first has"
            )
    resistances = [table["resistance_ohm"].to_numpy(float) for table in (lut, *devices)]
    return float(np.std(resistances, axis=0, ddof=1).mean())


def _retention(
    lut: pd.DataFrame, r: np.ndarray, swing: float
) -> list[tuple[str, float, float, str]]:
    drift = lut["drift_per_decade_ohm"].to_numpy(float)
    drift_u = lut["drift_per_decade_u_ohm"].to_numpy(float)
    not_measured = "empty where it was not measured"
    if not np.isfinite(drift).all():
        mean = mean_u = decades = np.nan
    else:
        weight = np.where(drift_u > 0, drift_u, 1.0) ** -2.0
        mean = float(np.sum(weight * drift) / weight.sum()) / swing
        mean_u = float(weight.sum() ** -0.5) / swing
        nearest = np.minimum(np.append(np.diff(r), np.inf), np.append(np.inf, np.diff(r)))
        decades = float(np.min(nearest / 2 / (np.abs(drift) + 2 * drift_u)))
    return [
        (
            "drift_per_decade", mean, mean_u,
            f"change per decade of time as a share of the range, weighted mean; {not_measured}",
        ),
        (
            "retention_decade", decades, np.nan,
            "decades of time in which no state drifts half way to its neighbour, each drift taken "
            f"2 sigma larger than found (lower bound); {not_measured}",
        ),
    ]  # fmt: skip


def _energy(
    lut: pd.DataFrame, measurement: xr.Dataset, resistance: float
) -> list[tuple[str, float, float, str]]:
    width = float(measurement["pulse_width"])
    energy = write_energy(lut["write_current_ma"].to_numpy(float) * 1e-3, resistance, width) * 1e6
    known = isfinite(resistance) and isfinite(width)
    current = measurement["write_current"].to_numpy()
    if "pulse" in measurement:
        current = current[np.append(True, np.diff(measurement["pulse"].to_numpy()) != 0)]
    total = float(write_energy(current[np.isfinite(current)], resistance, width).sum()) * 1e6
    text = "I^2 R tau; empty without the resistance of the current path"
    return [
        ("write_energy_min_uj", energy.min(), np.nan, f"of the cheapest state, {text}"),
        ("write_energy_mean_uj", energy.mean(), np.nan, f"mean over the states, {text}"),
        ("write_energy_max_uj", energy.max(), np.nan, f"of the dearest state, {text}"),
        ("train_energy_uj", total if known else np.nan, np.nan, f"of all pulses, {text}"),
    ]
