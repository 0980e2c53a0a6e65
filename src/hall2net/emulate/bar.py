"""A Hall bar and the instruments at it: what every record of a sample has in common."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hall2net.emulate.domains import Magnet
from hall2net.emulate.loop import pink_noise
from hall2net.emulate.study import rounded


@dataclass(frozen=True)
class Bar:
    """What turns the magnetisation m of a film into a Hall resistance.

    R = r_offset + r_ahe m + hall H_z + joule I_w^2 + pickup I_w + offset_v/I_read + drift + noise

    I_w is the current of the pulse before the read; of a Hall loop, which is read while its
    current flows, the same current. All noise is that of the voltage.

    Attributes
    ----------
    r_ahe_ohm : half swing; its sign is the sense of the loop
    r_offset_ohm : of contacts that do not face each other
    hall_ohm_per_oe : ordinary Hall effect
    joule_ohm_per_ma2, pickup_ohm_per_ma : heating, and pick-up that is odd in the current
    offset_v : of the voltmeter
    drift_ohm : 1 sigma of the linear drift from the first to the last point of a file
    noise_v, pink : white noise of a read, and 1/f noise over it
    spike_fraction, spike_sigma : reads that an instrument spoils, and by how much
    adc_v : step of the voltmeter
    """

    r_ahe_ohm: float
    r_offset_ohm: float
    hall_ohm_per_oe: float
    joule_ohm_per_ma2: float
    pickup_ohm_per_ma: float
    offset_v: float
    drift_ohm: float
    noise_v: float
    pink: float = 0.2
    spike_fraction: float = 0.004
    spike_sigma: float = 20.0
    adc_v: float = 2e-8

    def still(
        self, m: np.ndarray, *, read_ma: float, write_ma: np.ndarray | float,
        field_z_oe: np.ndarray | float = 0.0,
    ) -> np.ndarray:  # fmt: skip
        """Resistance (n,) without drift and noise.

        Parameters
        ----------
        m : (n,) magnetisation, -1 to 1
        read_ma, write_ma : currents of the read and of the pulse before it
        field_z_oe : out-of-plane field during the read
        """
        return (
            self.r_offset_ohm
            + self.r_ahe_ohm * m
            + self.hall_ohm_per_oe * field_z_oe
            + self.joule_ohm_per_ma2 * np.square(write_ma)
            + self.pickup_ohm_per_ma * np.asarray(write_ma)
            + self.offset_v / (read_ma * 1e-3)
        )

    def recorded(
        self, resistance: np.ndarray, *, read_ma: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Voltage (n,) as a file has it: with drift, noise, spikes and the voltmeter's step.

        Parameters
        ----------
        resistance : (n,) without drift and noise, in ohm
        read_ma : current of the read
        rng : source of the noise
        """
        n = resistance.size
        drift = self.drift_ohm * rng.standard_normal() * np.linspace(-0.5, 0.5, n)
        voltage = (resistance + drift) * read_ma * 1e-3
        voltage += self.noise_v * (rng.standard_normal(n) + self.pink * pink_noise(n, rng))
        spikes = rng.random(n) < self.spike_fraction
        voltage += spikes * self.spike_sigma * self.noise_v * rng.choice([-1.0, 1.0], n)
        return np.round(voltage / self.adc_v) * self.adc_v


@dataclass(frozen=True)
class Gaussmeter:
    """The field of a Hall loop and what is read of it.

    Attributes
    ----------
    zero_oe : reading without a field
    jitter_oe : of the field from point to point
    lag_oe : the reading is ahead of the field at the sample by so much
    tilt_deg : of the in-plane field out of the plane
    dwell_s : time at a point
    """

    zero_oe: float
    jitter_oe: float
    lag_oe: float
    tilt_deg: float
    dwell_s: float


@dataclass(frozen=True)
class HallLoop:
    """Points of a Hall loop, and the reported fields at which it crosses the half height."""

    field_oe: np.ndarray
    voltage_v: np.ndarray
    h_up_oe: float
    h_dn_oe: float


def hall_loop(
    magnet: Magnet,
    bar: Bar,
    meter: Gaussmeter,
    rng: np.random.Generator,
    *,
    largest_oe: float,
    points: int,
    current_ma: float,
    field_x_oe: float = 0.0,
    half_loop: bool = False,
) -> HallLoop:
    """Record a Hall loop under a constant current.

    Parameters
    ----------
    magnet : its state is carried on; the loop begins in negative saturation
    bar, meter : the sample's contacts and the set-up
    rng : source of noise
    largest_oe : the sweep goes to it and its negative
    points : of the whole loop
    current_ma, field_x_oe : constant
    half_loop : sweep 0, +largest, -largest, 0 instead of -largest, +largest, -largest
    """
    corners = [0.0, 1.0, -1.0, 0.0] if half_loop else [-1.0, 1.0, -1.0]
    path = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(corners)))])
    along = np.linspace(0, path[-1], points)
    reported = largest_oe * np.interp(along, path, corners)
    reported = reported + meter.jitter_oe * rng.standard_normal(points)
    run = np.clip(np.searchsorted(path, along) - 1, 0, len(corners) - 2)
    tilted = field_x_oe * np.sin(np.radians(meter.tilt_deg))
    magnet.expose(field_z_oe=-largest_oe)
    m, switching = np.empty(points), dict[str, float]()
    for k, (start, stop) in enumerate(zip(corners[:-1], corners[1:], strict=True)):
        rows = run == k
        # What the meter reads less its zero and lead, and what the in-plane magnet adds.
        to_true = tilted - meter.zero_oe - meter.lag_oe * np.sign(stop - start)
        m[rows], true = magnet.sweep(
            reported[rows] + to_true, current_ma=current_ma, field_x_oe=field_x_oe,
            seconds=meter.dwell_s,
        )  # fmt: skip
        switching.setdefault("up" if stop > start else "dn", true - to_true)
    still = bar.still(m, read_ma=current_ma, write_ma=current_ma, field_z_oe=reported)
    voltage = bar.recorded(still, read_ma=current_ma, rng=rng)
    return HallLoop(reported, voltage, switching["up"], switching["dn"])


def truth_of_loop(loop: HallLoop, contacts: Bar, aborted: bool) -> dict[str, Any]:
    """What `truth.json` says of a Hall loop.

    Parameters
    ----------
    loop : as recorded
    contacts : of its sample
    aborted : whether its file ends before its second branch has switched
    """
    return {
        "h_up_oe": rounded(loop.h_up_oe),
        "h_dn_oe": rounded(loop.h_dn_oe),
        "h_0_oe": rounded((loop.h_up_oe + loop.h_dn_oe) / 2),
        "r_ahe_ohm": rounded(contacts.r_ahe_ohm),
        "slope_ohm_per_oe": rounded(contacts.hall_ohm_per_oe),
        "aborted": aborted,
    }
