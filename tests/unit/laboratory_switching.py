"""Switching loops of many domains, with every nuisance a laboratory has.

A domain turns where the current passes its own threshold, and stays turned until the current of
the other sign passes its other threshold. No function is shared with the fit.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class Truth:
    """What was drawn."""

    up_ma: float
    """Current at which half of the swing is done on the rising branch."""
    dn_ma: float
    swing_ohm: float


def domains(rng, number, centre_ma, width_ma):
    """Thresholds and weights of domains that differ in both."""
    thresholds = centre_ma + width_ma * rng.standard_normal(number)
    weights = rng.gamma(4.0, size=number)
    return np.maximum(thresholds, 0.02 * centre_ma), weights / weights.sum()


def half_done(thresholds, weights):
    """Smallest current at which half of the weight has turned."""
    order = np.argsort(thresholds)
    return thresholds[order][np.searchsorted(np.cumsum(weights[order]), 0.5)]


def sweep_of(maximum, step, shape, cycles=1):
    """Write currents of a loop: from zero, from the maximum, or there and back to zero."""
    rising = np.arange(0, maximum + step / 2, step)
    there, back = rising, rising[::-1][1:]
    half = [back, -rising[1:]]
    cycle = [*half, -back, rising[1:]]
    parts = {
        "0 max min max": [there, *cycle * cycles],
        "max min max": [there[-1:], *cycle * cycles],
        "0 max min 0": [there, *half, -back],
    }[shape]
    return np.concatenate(parts)


def relax(current, up, dn, weights, start, scatter=0.0, rng=None):
    """Fraction of the film in the state that positive current leads to, after each pulse."""
    state = np.full(len(weights), bool(start))
    turned = np.empty(len(current))
    for k, i in enumerate(current):
        jitter = 1.0 + (scatter * rng.standard_normal() if scatter else 0.0)
        state = (state | (i > up * jitter)) & ~(-i > dn * jitter)
        turned[k] = weights[state].sum()
    return turned


def dataset(current_ma, resistance, **conditions):
    """One measurement as the readers give it."""
    known = {
        "field_x": 15915.0, "prefield_x": np.nan, "initial_field_z": np.nan, "temperature": 300.0,
        "pulse_width": 1e-3, "current": 1e-4, "kind": "sot_switching",
    }  # fmt: skip
    points = {
        "write_current": ("point", np.asarray(current_ma, dtype=float) * 1e-3),
        "resistance": ("point", np.asarray(resistance, dtype=float)),
    }
    return xr.Dataset({"id": "loop", **points, **known, **conditions})


def laboratory_loop(rng, *, polarity=None, shape=None, noise=None, odd=None, drift=None):
    """A switching loop with everything drawn at random, and its truth."""
    swing = 10 ** rng.uniform(-2, 0.5)
    maximum = 10 ** rng.uniform(0, 1.5)
    step = maximum / rng.integers(15, 60)
    number = int(10 ** rng.uniform(1.3, 3.3))
    width = maximum * rng.uniform(0.01, 0.1)
    centres = rng.uniform(0.35, 0.6, 2) * maximum
    up, weights = domains(rng, number, centres[0], width)
    dn = centres[1] + (up - centres[0]) * rng.uniform(0.8, 1.2)
    shape = shape or rng.choice(["0 max min max", "max min max", "0 max min 0"])
    current = sweep_of(maximum, step, shape)
    # The rising branch of a loop that ends at zero is seen by its first sweep alone.
    start = shape == "max min max"
    polarity = polarity or rng.choice([-1, 1])
    m = relax(current, up, dn, weights, start)
    noise = 10 ** rng.uniform(-3, -1.3) if noise is None else noise
    odd = rng.choice([0, 1]) * rng.uniform(-0.4, 0.4) if odd is None else odd
    drift = rng.choice([0, 1]) * rng.uniform(-0.6, 0.6) if drift is None else drift
    order = np.linspace(0, 1, len(current))
    relative = current / maximum
    resistance = swing * (
        rng.uniform(-5, 5) + polarity * m + rng.uniform(-0.5, 0.5) * relative**2 + odd * relative
        + drift * order + noise * rng.standard_normal(len(current))
    )  # fmt: skip
    truth = Truth(half_done(up, weights), -half_done(dn, weights), swing)
    return dataset(current, resistance), truth
