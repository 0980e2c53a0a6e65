"""Figures of merit of a device as a synapse, from its states and the measurement behind them."""

from math import isfinite

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.special import ndtr

from hall2net.physics.pulses import write_energy
from hall2net.synapse.drift import drift_of
from hall2net.synapse.lut import (
    MIN_SEPARATION,
    check_lut,
    combined_sigma,
    sorted_draws,
    state_energies,
    state_sigma,
    writes_measured,
)
from hall2net.synapse.updates import DIRECTIONS, PULSES, updates_table

_DRAWS = 400  # of the table: the 1 sigma of a figure of merit is then known to 4 %

_BOUNDS_BY_READS = {
    "distinguishable_states": "at most",
    "information": "at most",
    "min_separation": "at most",
    "misread_rate": "at least",
    "dynamic_range_to_noise": "at most",
}
"""What the scatter of reads alone says of these, where that of writes was not measured."""

_Row = tuple[str, float, float, str, str, str]
"""Quantity, value, 1 sigma, bound, unit, definition."""


def figures_of_merit(
    lut: pd.DataFrame,
    measurement: xr.Dataset,
    *,
    write_resistance_ohm: float = np.nan,
    write_resistance_u_ohm: float = np.nan,
    min_separation: float = MIN_SEPARATION,
) -> pd.DataFrame:
    """What a device can do as a synapse: one row a figure of merit.

    Parameters
    ----------
    lut : `lut_from_train` or `lut_from_loop`
    measurement : the measurement that the states were taken from
    write_resistance_ohm, write_resistance_u_ohm : of the current path and its 1 sigma, for the
        write energy I^2 R tau
    min_separation : in sigma; closer neighbours count as one state

    Returns
    -------
    DataFrame with `quantity, value, value_u` (1 sigma), `bound, unit, definition`. A quantity that
    was not measured is empty, and its definition says so. Where the scatter of writes was not
    measured, `bound` is `at most` or `at least` and there is no 1 sigma. The 1 sigma of quantities
    that follow from the states is half the 68 % interval over draws of their means (normal) and of
    their sigmas (chi-square, with the degrees of freedom that reads and visits leave).

    Raises
    ------
    Hall2netError
        If the LUT is bad.
    """
    check_lut(lut)
    fraction = "as a fraction of the dynamic range, mean over the states"
    not_measured = "empty if it was not measured"
    definitions = {
        "distinguishable_states": (
            "1", f"largest number of states that are {min_separation:g} sigma apart, sigma that of "
            "one read after one write (of the read alone where that of writes was not measured)",
        ),
        "information": ("bit", "log2 of the distinguishable states"),
        "min_separation": ("sigma", "smallest distance of neighbours"),
        "misread_rate": (
            "1", "fraction of single reads taken for a neighbour, all states used equally often, "
            "thresholds equally many sigma from both: mean of Phi(-separation/2) over both sides",
        ),
        "dynamic_range": ("ohm", "highest minus lowest mean resistance"),
        "dynamic_range_to_noise": ("1", "dynamic range over the mean sigma of one read"),
        "nonuniformity": (
            "1", "largest distance of a level from equal spacing, as a fraction of the range; 0 is "
            "linear",
        ),
        "mean_level": ("1", "mean of the levels; 0 if they are symmetric about zero"),
        "read_noise": ("1", f"sigma of one read {fraction}"),
        "cycle_to_cycle": ("1", f"sigma from one write to the next {fraction}; {not_measured}"),
    }  # fmt: skip
    value = _of_states(*_states_and_sigmas(lut), min_separation)
    drawn = _of_states(*_drawn_states(lut), min_separation)
    bounds = {} if writes_measured(lut) else _BOUNDS_BY_READS
    rows: list[_Row] = [
        ("states", len(lut), np.nan, "", "1", "number of states in the look-up table")
    ]
    for name, (unit, definition) in definitions.items():
        bound = bounds.get(name, "")
        known = np.isfinite(value[name]) and np.isfinite(drawn[name]).all() and not bound
        low, high = np.quantile(drawn[name], [0.16, 0.84]) if known else (np.nan, np.nan)
        rows.append((name, value[name].item(), (high - low) / 2, bound, unit, definition))
    rows += _linearity(measurement)
    rows.append(_between_devices(lut))
    rows += _retention(lut)
    rows += _energy(lut, measurement, write_resistance_ohm, write_resistance_u_ohm)
    return pd.DataFrame(
        rows, columns=["quantity", "value", "value_u", "bound", "unit", "definition"]
    )


def distinguishable_states(
    lut: pd.DataFrame, min_separation: float = MIN_SEPARATION, write_sigma: ArrayLike | None = None
) -> float:
    """Largest number of states that are far enough apart; NaN if no scatter was measured.

    Where the scatter of writes was not measured it is an upper bound.

    Parameters
    ----------
    lut : look-up table
    min_separation : of neighbours, in sigma of one read after one write
    write_sigma : (K,) in ohm, assumed in place of the measured scatter of writes
    """
    r, read, cycle = _states_and_sigmas(lut)
    if write_sigma is not None:
        cycle = np.broadcast_to(np.asarray(write_sigma, dtype=float), r.shape)
    return float(_of_states(r, read, cycle, min_separation)["distinguishable_states"][0])


def _states_and_sigmas(lut: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Resistances, sigma of reads and sigma of writes, each (1, K)."""
    read, cycle = (
        state_sigma(lut, column)[None] for column in ("read_sigma_ohm", "cycle_sigma_ohm")
    )
    return lut["resistance_ohm"].to_numpy(float)[None], read, cycle


def _drawn_states(lut: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws of the same within their uncertainties, each (draws, K)."""
    rng = np.random.default_rng(0)
    r = sorted_draws(lut["resistance_ohm"], lut["resistance_u_ohm"], _DRAWS, rng)
    _, read, cycle = _states_and_sigmas(lut)
    visits, reads = (lut.get(c, pd.Series(1, lut.index)) for c in ("n_visits", "n_reads"))
    read = _drawn_sigmas(read, (reads - visits).to_numpy(), rng)
    return r, read, _drawn_sigmas(cycle, (visits - 1).to_numpy(), rng)


def _drawn_sigmas(sigma: np.ndarray, dof: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws (draws, K) of sigmas; a state without degrees of freedom has those of all together.

    NaN where there are none at all, since a sigma without them has no known uncertainty.
    """
    if not dof.sum():
        return np.full((_DRAWS, len(dof)), np.nan)
    each = dof / rng.chisquare(np.maximum(dof, 1), (_DRAWS, len(dof)))
    together = dof.sum() / rng.chisquare(dof.sum(), (_DRAWS, 1))
    return sigma * np.sqrt(np.where(dof > 0, each, together))


def _of_states(
    r: np.ndarray, read: np.ndarray, cycle: np.ndarray, min_separation: float
) -> dict[str, np.ndarray]:
    """Figures of merit (N,) of N tables of K states; r, read, cycle (N, K) in ohm."""
    sigma = combined_sigma(read, cycle)
    swing = r[:, -1] - r[:, 0]
    with np.errstate(divide="ignore"):
        gaps = np.diff(r) / ((sigma[:, 1:] + sigma[:, :-1]) / 2)
        to_noise = swing / sigma.mean(axis=1)
    ladders = [1 + _most_distinct(*one, min_separation) for one in zip(r, sigma, strict=True)]
    states = np.where(np.isfinite(sigma).all(axis=1), ladders, np.nan)
    fraction = (r - r[:, :1]) / swing[:, None]
    return {
        "distinguishable_states": states,
        "information": np.log2(states),
        "min_separation": gaps.min(axis=1),
        "misread_rate": 2 * ndtr(-gaps / 2).sum(axis=1) / r.shape[1],
        "dynamic_range": swing,
        "dynamic_range_to_noise": to_noise,
        "nonuniformity": np.abs(fraction - np.linspace(0, 1, r.shape[1])).max(axis=1),
        "mean_level": 2 * fraction.mean(axis=1) - 1,
        "read_noise": read.mean(axis=1) / swing,
        "cycle_to_cycle": cycle.mean(axis=1) / swing,
    }


def _most_distinct(r: np.ndarray, sigma: np.ndarray, min_separation: float) -> int:
    """Number of steps of the longest ladder of states that are far enough apart."""
    steps, last = 0, 0
    for i in range(1, len(r)):
        if r[i] - r[last] >= min_separation * (sigma[i] + sigma[last]) / 2:
            steps, last = steps + 1, i
    return steps


def _linearity(measurement: xr.Dataset) -> list[_Row]:
    updates = updates_table(measurement)
    # Those that a simulator steps its weights with, where they were measured.
    pulses = next((kind for kind in PULSES if (updates["pulses"] == kind).any()), "")
    rows = updates[updates["pulses"] == pulses].set_index("direction").reindex(list(DIRECTIONS))
    rise, fall = rows.loc["potentiation"], rows.loc["depression"]
    of = f"of {pulses} pulses" if pulses else "empty since no stretch of four pulses was measured"
    doubt = "; ".join(dict.fromkeys(rows["reason"].replace("", np.nan).dropna()))
    label = f"{of}{f'; {doubt}' if doubt else ''}"
    distance = f"largest distance of the curve from a straight line, positive if fast first, {of}"
    return [
        (
            "nonlinearity_potentiation", rise["nonlinearity"], rise["nonlinearity_u"], "", "1",
            f"of rising resistance, as a fraction of its change: {distance}",
        ),
        (
            "nonlinearity_depression", fall["nonlinearity"], fall["nonlinearity_u"], "", "1",
            "the same of falling resistance; empty if none was measured",
        ),
        (
            "alpha_potentiation", rise["alpha"], rise["alpha_u"], "", "1",
            "NeuroSim's non-linearity label (0 straight; Chen, Peng, Yu, IEEE TCAD 37, 3067 "
            f"(2018)) of rising resistance, {label}",
        ),
        (
            # The field writes the label of a depression that falls fast first as negative.
            "alpha_depression", -fall["alpha"], fall["alpha_u"], "", "1",
            f"the same of falling resistance, negative if it falls fast first, {label}",
        ),
        (
            "asymmetry", abs(rise["alpha"] + fall["alpha"]),
            float(np.hypot(rise["alpha_u"], fall["alpha_u"])), "", "1",
            "abs(alpha_potentiation - alpha_depression); 0 if both curves coincide",
        ),
        (
            "alpha_misfit", float(rows["misfit"].max()), np.nan, "", "1",
            "root mean square distance of the runs from their exponential curves, as a fraction "
            "of their change, of the direction where it is larger",
        ),
    ]  # fmt: skip


def _between_devices(lut: pd.DataFrame) -> _Row:
    text = (
        "sigma between devices as a fraction of the dynamic range, root mean square over the "
        "states; empty if one device was measured"
    )
    sigma = state_sigma(lut, "device_sigma_ohm")
    value = float(np.sqrt(np.mean(sigma**2))) / np.ptp(lut["resistance_ohm"].to_numpy(float))
    # Devices often shift as a whole, so their states add no degrees of freedom.
    dof = lut["n_devices"].iloc[0] - 1 if np.isfinite(value) else np.nan
    return "device_to_device", value, value / np.sqrt(2 * dof), "", "1", text


def _retention(lut: pd.DataFrame) -> list[_Row]:
    r = lut["resistance_ohm"].to_numpy(float)
    drift = drift_of(lut)
    mean = mean_u = decades = np.nan
    how = "mean over the states; empty if it was not measured"
    if drift.measured:
        mean, mean_u = drift.slope.mean() / np.ptp(r), drift.sigma[0] / np.ptp(r)
        how = "one slope for all states"
        if drift.dof:
            how += f" (chi-square {drift.chi2:.3g} for {drift.dof} degrees of freedom)"
        if not drift.common:
            mean_u = drift.slope.std(ddof=1) / np.sqrt(len(r)) / np.ptp(r)
            how = how.replace("one", "mean over the states; not one")
        nearest = np.minimum(np.append(np.diff(r), np.inf), np.append(np.inf, np.diff(r)))
        decades = float(np.min(nearest / 2 / (np.abs(drift.slope) + 2 * drift.sigma)))
    return [
        (
            "drift", mean, mean_u, "", "1/decade",
            f"change per decade of time as a fraction of the range, {how}",
        ),
        (
            "retention", decades, np.nan, "at least" if np.isfinite(decades) else "", "decade",
            "decades of time in which no state drifts half way to its neighbour, each drift taken "
            "2 sigma larger than found; extrapolated from the time after a pulse that was "
            "measured; empty if it was not measured",
        ),
    ]  # fmt: skip


def _energy(
    lut: pd.DataFrame, measurement: xr.Dataset, resistance: float, resistance_u: float
) -> list[_Row]:
    width = float(measurement["pulse_width"])
    energy = state_energies(lut, resistance, width) * 1e6
    known = isfinite(resistance) and isfinite(width)
    current = measurement["write_current"].to_numpy()
    if "pulse" in measurement and np.isfinite(measurement["pulse"]).any():
        current = current[np.append(True, np.diff(measurement["pulse"].to_numpy()) != 0)]
    total = float(write_energy(current[np.isfinite(current)], resistance, width).sum()) * 1e6
    text = "I^2 R tau; empty without the resistance of the current path and the pulse width"
    return [
        (name, value, value * resistance_u / resistance, "", "uJ", f"{words}, {text}")
        for name, value, words in (
            ("write_energy_min", energy.min(), "of the write that needs least"),
            ("write_energy_mean", energy.mean(), "of one write, mean over the states"),
            ("write_energy_max", energy.max(), "of the write that needs most"),
            ("train_energy", total if known else np.nan, "of all pulses of the measurement"),
        )
    ]
