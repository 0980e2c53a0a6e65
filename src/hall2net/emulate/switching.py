"""A film that switches grain by grain: switching loops and pulse trains from one ensemble."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Film:
    """An ensemble of grains that write pulses turn.

    Grain k turns when a pulse exceeds its threshold; without cycle-to-cycle scatter the turned
    fraction of a saturated film is `switched_fraction` at `threshold_ma`, linear in between. What
    is left above the last threshold is pinned. Thresholds are those at `pulse_width_s`, and scale
    with [1 - ln(tau/1 ns)/stability]. The direction is sign(I) sign(in-plane field).
    """

    r_offset_ohm: float
    r_ahe_ohm: float
    """Half swing between the two saturated states."""
    threshold_ma: tuple[float, ...]
    switched_fraction: tuple[float, ...]
    pulse_width_s: float = 1e-3
    stability: float = 40.0
    joule_ohm_per_ma2: float = 0.0
    cycle_scatter: float = 0.0
    """Relative scatter of all thresholds from one pulse to the next."""
    grains: int = 4000

    def thresholds(self) -> np.ndarray:
        """Threshold of every grain in mA; infinite for pinned ones."""
        share = (np.arange(self.grains) + 0.5) / self.grains
        found = np.interp(share, self.switched_fraction, self.threshold_ma)
        return np.where(share > self.switched_fraction[-1], np.inf, found)

    def width_factor(self, pulse_width_s: float) -> float:
        """Thresholds at this pulse width over those at the reference width."""
        widths = np.array([pulse_width_s, self.pulse_width_s])
        factors = 1 - np.log(widths / 1e-9) / self.stability
        return float(factors[0] / factors[1])


def pulse(
    film: Film,
    state: np.ndarray,
    currents_ma: np.ndarray,
    polarity: int,
    rng: np.random.Generator,
    *,
    threshold_factor: float = 1.0,
) -> np.ndarray:
    """Apply write pulses one after the other.

    Parameters
    ----------
    film : the ensemble
    state : (grains,) of -1 and 1, changed in place
    currents_ma : (n,) signed write currents
    polarity : direction that a positive current turns the grains to; 0 turns none
    rng : source of the scatter from pulse to pulse
    threshold_factor : all thresholds are multiplied by it (in-plane field, pulse width)

    Returns
    -------
    (n,) mean magnetisation after each pulse, pinned grains included
    """
    thresholds = film.thresholds() * threshold_factor
    magnetisation = np.empty(len(currents_ma))
    for k, current in enumerate(currents_ma):
        scatter = 1 + film.cycle_scatter * rng.standard_normal()
        if polarity:
            state[thresholds * scatter < abs(current)] = np.sign(current) * polarity
        magnetisation[k] = state.mean()
    return magnetisation


def saturated(film: Film, sign: int) -> np.ndarray:
    """All grains (grains,) in one direction, -1 or 1."""
    return np.full(film.grains, float(sign))


def demagnetised_pinned(film: Film, sign: int) -> np.ndarray:
    """Free grains saturated, pinned ones half up and half down."""
    state = np.full(film.grains, float(sign))
    pinned = np.flatnonzero(np.isinf(film.thresholds()))
    state[pinned[::2]] = 1.0
    state[pinned[1::2]] = -1.0
    return state
