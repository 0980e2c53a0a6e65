"""First and second harmonic of a Hall voltage, with the phase of the current taken out."""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from hall2net.errors import Hall2netError

_LARGEST_PHASE = np.radians(45.0)
"""Of the current behind the reference; beyond it X and Y are more likely exchanged."""
_SMALL_PHASE = np.radians(5.0)
"""Up to it, a missing quadrature takes less than 2 % from the second harmonic: 1 - cos(10 deg)."""
_SHOWN = 0.2
"""Swing of the wrong quadrature over that of the right one, from which it is said."""
_SEEN = 10.0
"""Swing over noise from which there is a signal: noise alone swings 8 sigma in 10,000 points."""


@dataclass(frozen=True)
class Harmonics:
    """Harmonics of one measurement, as resistances (amplitude of the voltage over the current's).

    Attributes
    ----------
    x : (n,), what is swept: a field in A/m or an angle in rad
    first : (n,), in phase with the current: R(m)
    second : (n,), half of what the current's amplitude changes R by: -Y of the second harmonic
    current : amplitude (peak) in A
    phase : of the current behind the reference, rad; NaN where it was not measured
    reasons : what a reader of the numbers should know
    """

    x: np.ndarray
    first: np.ndarray
    second: np.ndarray
    current: float
    phase: float
    reasons: list[str] = field(default_factory=list)


def harmonics(measurement: xr.Dataset, x: str) -> Harmonics:
    """Harmonics of one measurement of kind `harmonic_field` or `harmonic_angle`.

    A current I sin(wt + a) gives V = R I sin(wt + a) + (1/2) I^2 R' [1 - cos(2wt + 2a)], where
    R' = dR/dI: the second harmonic lies at 2a - 90 degrees. The phase a is that of the first
    harmonic, up to half a turn, which the double angle does not see.

    Parameters
    ----------
    measurement : as `hall2net.measurement.select` gives it
    x : `field` or `angle`

    Raises
    ------
    Hall2netError
        If the current is not known, there are too few points, or the phase shows that X and Y
        are not what the sheet says.
    """
    current = abs(float(measurement["current"]))
    if not current > 0:
        raise Hall2netError("the amplitude of the current is not known: current_ma in the sheet")
    names = ("resistance", "resistance_1y", "resistance_2x", "resistance_2y")
    values = [measurement[name].to_numpy() for name in (x, *names)]
    place, x1, y1, x2, y2 = values
    kept = np.isfinite(place) & np.isfinite(x1) & np.isfinite(y2)
    for optional in (y1, x2):
        if np.isfinite(optional).any():
            kept &= np.isfinite(optional)
    place, x1, y1, x2, y2 = (one[kept] for one in values)
    reasons: list[str] = []
    phase = _phase(x1, y1)
    turn = 0.0 if np.isnan(phase) else phase
    if abs(turn) > _LARGEST_PHASE:
        raise Hall2netError(
            f"the first harmonic is {np.degrees(turn):.0f} degrees from the reference: y_column is "
            "its X (in phase), first_y_column its Y"
        )
    first = x1 if np.isnan(phase) else x1 * np.cos(turn) + y1 * np.sin(turn)
    if not np.isfinite(x2).any():
        if abs(turn) > _SMALL_PHASE:
            raise Hall2netError(
                f"the current is {np.degrees(turn):.0f} degrees from the reference: "
                "second_x_column is needed to take the phase out"
            )
        return Harmonics(place, first, -y2, current, phase, reasons)
    turned = (x2 + 1j * y2) * np.exp(-2j * turn)
    second, wrong = -turned.imag, turned.real
    reasons += _quadrature(second, wrong)
    return Harmonics(place, first, second, current, phase, reasons)


def _phase(x: np.ndarray, y: np.ndarray) -> float:
    """Direction of the first harmonic in rad, from -pi/2 to pi/2; NaN without Y."""
    if not (x.size and np.isfinite(y).all()):
        return np.nan
    return float(np.angle(np.sum((x + 1j * y) ** 2)) / 2)


def _quadrature(second: np.ndarray, wrong: np.ndarray) -> list[str]:
    """Words where the second harmonic has a part in phase with the double reference."""
    swings = [np.ptp(one) for one in (second, wrong)]
    noise = np.std(np.diff(wrong)) / np.sqrt(2)
    if swings[1] < _SEEN * noise or swings[1] < _SHOWN * swings[0]:
        return []
    if swings[1] > swings[0]:
        raise Hall2netError(
            "the second harmonic is in phase with the double reference: a torque's is 90 degrees "
            "behind it; check second_x_column, second_y_column and lock_in_reference"
        )
    share = 100 * swings[1] / swings[0]
    return [f"the second harmonic has {share:.0f} % in the wrong quadrature: check the phase"]
