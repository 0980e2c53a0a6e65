"""Pulse trains and switching loops with known truth."""

import numpy as np
import xarray as xr
from scipy.special import erf

from hall2net.emulate.ruo2 import RESET_MA, STATE_CURRENTS_MA, STATES_OHM

SWING = STATES_OHM[-1] - STATES_OHM[0]


def pulse_train(
    seed, *, cycles=12, reads=10, cycle_sigma=0.015, read_sigma=0.008, drift=-0.002, memory=0.0
):
    """Six-state train; sigmas and drift per decade relative to the swing, 0.4 % spikes.

    `memory` correlates the deviation of a level from one cycle to the next.
    """
    rng = np.random.default_rng(seed)
    current = np.tile([RESET_MA, *STATE_CURRENTS_MA], cycles)
    deviation = rng.standard_normal((cycles, len(STATES_OHM)))
    for k in range(1, cycles):
        deviation[k] = memory * deviation[k - 1] + np.sqrt(1 - memory**2) * deviation[k]
    level = np.tile(STATES_OHM, cycles) + cycle_sigma * SWING * deviation.ravel()
    decade = np.log10(np.arange(1, reads + 1))
    resistance = level[:, None] + drift * SWING * (decade - decade.mean())
    resistance = resistance + read_sigma * SWING * rng.standard_normal(resistance.shape)
    resistance += 20 * read_sigma * SWING * (rng.random(resistance.shape) < 0.004)
    start = 12.0 * np.arange(len(current))
    return train_dataset(
        np.repeat(np.arange(1.0, len(current) + 1), reads),
        np.repeat(current, reads),
        resistance.ravel(),
        (start[:, None] + np.arange(1, reads + 1)).ravel(),
    )


def train_dataset(pulses, current_ma, resistance, time):
    points = {
        "pulse": pulses,
        "write_current": np.asarray(current_ma) * 1e-3,
        "resistance": resistance,
        "time": time,
    }
    variables = {name: ("point", np.asarray(values)) for name, values in points.items()}
    return xr.Dataset({"id": "train", **variables, "pulse_width": 1e-3})


def switching_loop_dataset(
    seed=0, *, up_ma=8.0, dn_ma=-9.0, width_ma=1.5, step_ma=0.5, r_ahe_ohm=0.075, joule=1e-5,
    sigma_ohm=5e-4, polarity=1, start="zero",
):  # fmt: skip
    """R(I) of Gaussian thresholds: 0 -> max -> -max -> max, or from the maximum on."""
    rng = np.random.default_rng(seed)
    rising = np.arange(-20, 20 + step_ma / 2, step_ma)
    falling = rising[::-1]
    parts = [falling, rising] if start == "max" else [rising[rising >= 0], falling, rising]
    centres = [dn_ma, up_ma] if start == "max" else [up_ma, dn_ma, up_ma]
    m = [
        erf((part - centre) / (width_ma * np.sqrt(2)))
        for part, centre in zip(parts, centres, strict=True)
    ]
    current = np.concatenate(parts)
    resistance = 0.01 + polarity * r_ahe_ohm * np.concatenate(m) + joule * current**2
    resistance += sigma_ohm * rng.standard_normal(current.size)
    conditions = {
        "field_x": 15915.0, "prefield_x": np.nan, "initial_field_z": np.nan, "temperature": 300.0,
        "pulse_width": 1e-3, "current": 1e-4, "kind": "sot_switching",
    }  # fmt: skip
    points = {"write_current": ("point", current * 1e-3), "resistance": ("point", resistance)}
    return xr.Dataset({"id": "loop", **points, **conditions})
