"""One anomalous Hall loop with everything that a laboratory adds to it."""

from dataclasses import dataclass

import numpy as np
from scipy.special import erf


@dataclass(frozen=True)
class LoopTruth:
    """What a loop is made of.

    R(H) = r_offset + r_ahe m(H) + slope H + even H^2 + drift + noise, with the branch
    m = erf((H - H_sw)/(sqrt(2) width)), H_sw = h_0 + h_c on the increasing and h_0 - h_c on the
    decreasing branch. The reported field leads the true one by `field_lag_oe`, so the switching
    fields that a loop shows are H_up = h_0 + h_c + lag and H_dn = h_0 - h_c - lag.
    """

    r_ahe_ohm: float
    """Half swing; its sign is the sense of the loop."""
    h_c_oe: float
    h_0_oe: float = 0.0
    width_oe: float = 10.0
    r_offset_ohm: float = 0.0
    slope_ohm_per_oe: float = 0.0
    even_ohm_per_oe2: float = 0.0
    drift_ohm: float = 0.0
    """Linear over the whole sweep, zero in its middle."""
    noise_ohm: float = 0.0
    pink_ohm: float = 0.0
    """Standard deviation of a 1/f contribution."""
    spike_fraction: float = 0.0
    spike_sigma: float = 20.0
    """Height of a spike in units of the white noise."""
    adc_step_ohm: float = 0.0
    field_jitter_oe: float = 0.0
    field_lag_oe: float = 0.0


def simulate_loop(
    truth: LoopTruth,
    field_max_oe: float,
    n_points: int,
    rng: np.random.Generator,
    *,
    half_loop: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one loop as it would be recorded.

    Parameters
    ----------
    truth : what the loop is made of
    field_max_oe : largest field of the sweep
    n_points : number of points of the whole loop
    rng : source of all noise
    half_loop : sweep 0, +max, -max, 0 instead of -max, +max, -max; it starts from negative
        saturation, so that the increasing branch lies at both ends of the file

    Returns
    -------
    field_oe : (n_points,), the reported field
    resistance_ohm : (n_points,)
    """
    corners = [0.0, 1.0, -1.0, 0.0] if half_loop else [-1.0, 1.0, -1.0]
    path = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(corners)))])
    nominal = field_max_oe * np.interp(np.linspace(0, path[-1], n_points), path, corners)
    rising = np.gradient(nominal) > 0
    reported = nominal + truth.field_jitter_oe * rng.standard_normal(n_points)
    true = reported - truth.field_lag_oe * np.where(rising, 1.0, -1.0)
    switching = truth.h_0_oe + truth.h_c_oe * np.where(rising, 1.0, -1.0)
    m = erf((true - switching) / (np.sqrt(2) * truth.width_oe))
    resistance = (
        truth.r_offset_ohm
        + truth.r_ahe_ohm * m
        + truth.slope_ohm_per_oe * reported
        + truth.even_ohm_per_oe2 * reported**2
        + truth.drift_ohm * np.linspace(-0.5, 0.5, n_points)
        + truth.noise_ohm * rng.standard_normal(n_points)
        + truth.pink_ohm * pink_noise(n_points, rng)
    )
    spikes = rng.random(n_points) < truth.spike_fraction
    height = truth.spike_sigma * truth.noise_ohm
    resistance += spikes * height * rng.choice([-1.0, 1.0], n_points)
    if truth.adc_step_ohm:
        resistance = np.round(resistance / truth.adc_step_ohm) * truth.adc_step_ohm
    return reported, resistance


def pink_noise(n: int, rng: np.random.Generator) -> np.ndarray:
    """1/f noise of unit standard deviation."""
    spectrum = rng.standard_normal(n // 2 + 1) + 1j * rng.standard_normal(n // 2 + 1)
    spectrum /= np.sqrt(np.maximum(np.arange(n // 2 + 1), 1))
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, n)
    return noise / noise.std()
