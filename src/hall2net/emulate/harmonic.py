"""Harmonic Hall voltages of one macrospin under an alternating current, with their truth.

The magnetisation is relaxed into its equilibrium at each phase of the current, with the torques as
effective fields; the Hall voltage over a period is then multiplied by the references of a lock-in
amplifier. Nothing here is expanded in small quantities, and nothing is shared with the fit.
"""

from dataclasses import dataclass

import numpy as np

PHASES = 8
"""Of a period of the current; the sixth harmonic is the lowest that folds onto the second."""

_ROUNDS = 4000
"""Of the relaxation, at most."""
_AT_REST = 1e-12
"""Largest change of a component in a round, from which the magnetisation is at rest."""


@dataclass(frozen=True)
class Device:
    """A perpendicular magnet on a heavy metal, and how it is mounted and read.

    x is the direction of the current, z that of the film's normal, y = z x x. The damping-like
    torque is the field `h_dl m x y`, the field-like one and the Oersted field point along y.
    """

    r_ahe_ohm: float
    r_phe_ohm: float
    h_k_oe: float
    h_dl_per_ma_oe: float
    h_fl_per_ma_oe: float
    h_oersted_per_ma_oe: float = 0.0
    thermal_uohm_per_ma: float = 0.0
    """Hall voltage of the temperature gradient along z, over the square of the current."""
    r_offset_ohm: float = 0.0
    second_offset_ohm: float = 0.0
    """Constant part of the second harmonic, over the current's amplitude."""
    misalignment_deg: float = 0.0
    """Of the field in the plane: added to the nominal angle."""
    tilt_deg: float = 0.0
    """Of the field's plane out of the film's, about the axis at 30 degrees."""
    phase_deg: float = 0.0
    """Of the current behind the lock-in's reference."""


def field_at(device: Device, size_oe: np.ndarray, angle_deg: np.ndarray) -> np.ndarray:
    """Field vectors (n, 3) in Oe from sizes and nominal angles in the plane.

    Parameters
    ----------
    device : its misalignment and tilt are added
    size_oe : (n,) signed
    angle_deg : (n,) from the current
    """
    phi = np.radians(np.asarray(angle_deg) + device.misalignment_deg)
    tilt = np.radians(device.tilt_deg) * np.cos(phi - np.radians(120.0))
    cosine = np.cos(tilt)
    unit = np.stack([np.cos(phi) * cosine, np.sin(phi) * cosine, np.sin(tilt)], axis=-1)
    return np.asarray(size_oe)[..., None] * unit


def magnetisation(
    device: Device, field_oe: np.ndarray, current_ma: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Unit vectors (n, 3) at rest.

    Parameters
    ----------
    device : anisotropy and torques
    field_oe : (n, 3)
    current_ma : (n,)
    start : (n, 3), from where it relaxes
    """
    x, y, z = start.T
    damping_like = device.h_dl_per_ma_oe * current_ma
    fixed_x, fixed_y, fixed_z = field_oe.T
    fixed_y = fixed_y + (device.h_fl_per_ma_oe + device.h_oersted_per_ma_oe) * current_ma
    step = 1.5 / (np.linalg.norm(field_oe, axis=1) + abs(device.h_k_oe))
    for _ in range(_ROUNDS):
        h_x = fixed_x - damping_like * z
        h_z = fixed_z + damping_like * x + device.h_k_oe * z
        along = h_x * x + fixed_y * y + h_z * z
        new_x = x + step * (h_x - along * x)
        new_y = y + step * (fixed_y - along * y)
        new_z = z + step * (h_z - along * z)
        size = np.sqrt(new_x**2 + new_y**2 + new_z**2)
        new_x, new_y, new_z = new_x / size, new_y / size, new_z / size
        change = max(np.abs(new_x - x).max(), np.abs(new_z - z).max(), np.abs(new_y - y).max())
        x, y, z = new_x, new_y, new_z
        if change < _AT_REST:
            break
    return np.stack([x, y, z], axis=1)


def lock_in(
    device: Device, field_oe: np.ndarray, amplitude_ma: float, state: int = 1
) -> dict[str, np.ndarray]:
    """What lock-in amplifiers show of a current `amplitude_ma sin(wt + phase)`.

    Parameters
    ----------
    device : see `Device`
    field_oe : (n, 3)
    amplitude_ma : peak of the current
    state : direction along z, 1 or -1, from which the magnetisation relaxes

    Returns
    -------
    `x1`, `y1`, `x2`, `y2` (n,) in volts, amplitudes (peak) of sin and cos of the first and the
    second harmonic.
    """
    n = len(field_oe)
    time = 2 * np.pi * np.arange(PHASES) / PHASES
    current = amplitude_ma * np.sin(time + np.radians(device.phase_deg))
    start = np.tile([1e-3, 1e-3, float(state)], (n, 1))
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    rest = magnetisation(device, field_oe, np.zeros(n), start)
    everywhere = np.repeat(field_oe, PHASES, axis=0)
    m = magnetisation(device, everywhere, np.tile(current, n), np.repeat(rest, PHASES, axis=0))
    mx, my, mz = m.reshape(n, PHASES, 3).transpose(2, 0, 1)
    resistance = device.r_offset_ohm + device.r_ahe_ohm * mz + 2 * device.r_phe_ohm * mx * my
    voltage = resistance * current * 1e-3
    # The gradient follows the power: I^2, with the sign of the magnetisation along the current.
    # Half of the square is constant; an amplitude of R(w) = a I m_x needs 2 a I^2.
    voltage = voltage + 2 * device.thermal_uohm_per_ma * 1e-6 * current**2 * mx * 1e-3
    made = {}
    for name, part in (("x", np.sin), ("y", np.cos)):
        for harmonic in (1, 2):
            made[f"{name}{harmonic}"] = 2 * np.mean(voltage * part(harmonic * time), axis=1)
    twice = 2 * np.radians(device.phase_deg)
    extra = device.second_offset_ohm * amplitude_ma * 1e-3
    made["x2"] = made["x2"] + extra * np.sin(twice)
    made["y2"] = made["y2"] - extra * np.cos(twice)
    return made
