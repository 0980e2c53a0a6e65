"""Torques from harmonic Hall voltages while a field that saturates the magnet turns in the plane.

Avci et al., Phys. Rev. B 90, 224427 (2014).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize_scalar

from hall2net.errors import Hall2netError
from hall2net.physics.agreement import as_stated
from hall2net.physics.facts import Given
from hall2net.physics.lines import LinearFit, weighted_fit, weighted_line
from hall2net.physics.lock_in import Harmonics
from hall2net.units import OERSTED

_FEWEST = 16  # points of a rotation: six terms, and as many left over as tell their scatter
_LEAST_TURN = np.pi  # smallest part of a turn; a smaller one does not part cos and cos 3
_LARGEST_GAP = np.pi / 3  # between two angles, for the same reason
_SEEN = 5.0  # planar Hall signal over its sigma, from which it shows the direction of the current
_ONE_FIELD = 0.01  # relative difference of two fields that are one
_OUT_OF_PLANE = 0.2  # m_z from which the plane of rotation is too far from that of the film
_SIGNIFICANT = 3.0  # sigma


@dataclass(frozen=True)
class Rotation:
    """Parts of one measurement; SI units, second harmonic over the current's amplitude.

    Attributes
    ----------
    harmonics : the points
    size : of the field, A/m
    r_phe : amplitude of sin(2 phi) of the first harmonic, ohm, with `r_phe_u`
    turn : of the zero of the angle from the current, rad, by the first harmonic
    single : amplitude of the first harmonic's cos(phi) and sin(phi), ohm
    cosine : part of the second harmonic with cos(phi), ohm/A, with `cosine_u`
    product : part with cos(2 phi) cos(phi), ohm/A, with `product_u`
    """

    harmonics: Harmonics
    size: float
    r_phe: float
    r_phe_u: float
    turn: float
    single: float
    cosine: float
    cosine_u: float
    product: float
    product_u: float


@dataclass(frozen=True)
class AngleTorques:
    """Fields per current in (A/m)/A and the thermal part in ohm/A; NaN where not known.

    Attributes
    ----------
    value : (3,), damping-like, thermal, field-like with the Oersted field in it
    sigma : (3,), statistical
    parts : name of a systematic effect to its changes (3,), 1 sigma
    planar : R_PHE in ohm
    h_k : anisotropy field in A/m, as given and as the rotations have it
    turn : mean angle of the current from the zero of the angle, rad
    chi2, dof : of the line against 1/(H - H_k)
    reasons : what a reader of the numbers should know
    """

    value: np.ndarray
    sigma: np.ndarray
    parts: dict[str, np.ndarray]
    planar: Given
    h_k: Given
    turn: float
    chi2: float
    dof: int
    reasons: list[str] = field(default_factory=list)


def fit_rotation(harmonics: Harmonics, size: float, direction: float = 0.0) -> Rotation:
    """Fit the dependence of both harmonics on the angle.

    The first harmonic has sin 2(phi + t), which shows the angle t between the zero of the angle
    and the current, and, where the plane of rotation is tilted, cos(phi) and sin(phi). In the
    second the terms of odd order belong to the torques; a tilt and a gradient in the plane add
    terms of even order and sin(phi), which are fitted along.

    Parameters
    ----------
    harmonics : of one measurement, x an angle in rad
    size : of the field, A/m
    direction : of the field from the current where the angle is zero, rad

    Raises
    ------
    Hall2netError
        If the angles do not go round.
    """
    phi = harmonics.x + direction
    around = np.sort(np.unique(np.round(np.mod(phi, 2 * np.pi), 6)))
    gap = np.diff(around).max() if around.size > 1 else np.inf
    if phi.size < _FEWEST or np.ptp(phi) < _LEAST_TURN or gap > _LARGEST_GAP:
        raise Hall2netError(
            f"{phi.size} angles over {np.degrees(np.ptp(phi) if phi.size else 0):.0f} degrees; "
            f"expected at least {_FEWEST} over half a turn without gaps"
        )
    ones = np.ones_like(phi)
    first = weighted_fit(
        np.column_stack([ones, np.sin(2 * phi), np.cos(2 * phi), np.cos(phi), np.sin(phi)]),
        harmonics.first,
    )
    sine, cosine = first.value[1:3]
    r_phe = float(np.hypot(sine, cosine))
    r_phe_u = float(np.sqrt(np.mean(first.sigma[1:3] ** 2)))
    turn = 0.0
    if r_phe > _SEEN * r_phe_u:
        # Within 45 degrees of the nominal direction; a planar Hall effect may be negative.
        turn = float(np.arctan(cosine / sine) / 2)
        r_phe *= float(np.sign(sine))
    at = phi + turn
    second = weighted_fit(
        np.column_stack(
            [
                ones,
                np.cos(at),
                np.sin(at),
                np.cos(2 * at),
                np.sin(2 * at),
                np.cos(2 * at) * np.cos(at),
            ]
        ),
        harmonics.second / harmonics.current,
    )
    return Rotation(
        harmonics, size, r_phe, r_phe_u, turn, float(np.hypot(*first.value[3:])),
        float(second.value[1]), float(second.sigma[1]), float(second.value[5]),
        float(second.sigma[5]),
    )  # fmt: skip


def angle_torques(
    rotations: Sequence[Rotation], r_ahe: Given, h_k: Given, misalignment: float
) -> AngleTorques:
    """Damping-like, thermal and field-like part by their dependence on the field.

    The second harmonic over the current is [R_AHE H_DL/2(H - H_k) + T] cos(phi) +
    R_PHE (H_FL/H) cos(2 phi) cos(phi): a line against 1/(H - H_k) gives H_DL and T, one through
    zero against 1/H gives H_FL. H_k is positive for a perpendicular easy axis.

    Parameters
    ----------
    rotations : at several fields
    r_ahe : half swing of the anomalous Hall resistance, ohm
    h_k : anisotropy field, A/m
    misalignment : 1 sigma of the field's direction, rad, where the first harmonic does not show it

    Raises
    ------
    Hall2netError
        If there is one field only above H_k.
    """
    reasons: list[str] = []
    used = [one for one in rotations if one.size > h_k.value + 2 * np.nan_to_num(h_k.u)]
    if len(used) < len(rotations):
        words = f"{len(rotations) - len(used)} of {len(rotations)} fields left out"
        reasons.append(f"{words}: not above H_k, {h_k.value / OERSTED:.4g} Oe")
    sizes = np.array([one.size for one in used])
    if not sizes.size or np.ptp(sizes) <= _ONE_FIELD * sizes.max():
        found = f"; {reasons[0]}" if reasons else ""
        raise Hall2netError(
            "one field magnitude leaves damping-like and thermal part mixed: measure rotations at "
            f"three fields or more above H_k{found}"
        )
    leaning = max(one.single / abs(r_ahe.value) for one in used)
    if leaning > _OUT_OF_PLANE:
        reasons.append(
            f"m_z up to {leaning:.2f}: the plane of rotation is tilted, or fields are close to H_k"
        )
    h_k = _with_rotations(used, h_k)
    lines = _lines(used, h_k.value)
    value, sigma = _torques(lines, r_ahe.value), np.abs(_torques(lines, r_ahe.value, sigma=True))
    moved = {
        "R_AHE": (lines, r_ahe.value + np.nan_to_num(r_ahe.u)),
        "H_k": (_lines(used, h_k.value + np.nan_to_num(h_k.u)), r_ahe.value),
    }
    parts = {name: _torques(*arguments) - value for name, arguments in moved.items()}
    planar = _planar(used)
    if not planar:
        reasons.append("no planar Hall signal: neither H_FL nor the direction of the current")
        value[2] = sigma[2] = np.nan
        parts["misalignment"] = value * (1 / np.cos(misalignment) - 1)
    else:
        sigma[2] = np.hypot(sigma[2], value[2] * planar.u / planar.value)
    if lines.reason:
        reasons.append(f"cos(phi) against 1/(H - H_k): {lines.reason}")
    if lines.damping.dof == 0:
        reasons.append("two field magnitudes leave no test of the line against 1/(H - H_k)")
    if planar and abs(lines.rest) > _SIGNIFICANT:
        reasons.append("the part with cos(2 phi) cos(phi) is not in proportion to 1/H")
    turn = float(np.mean([one.turn for one in used]))
    return AngleTorques(
        value, sigma, parts, planar, h_k, turn, lines.damping.chi2, lines.damping.dof, reasons
    )


def _with_rotations(rotations: Sequence[Rotation], h_k: Given) -> Given:
    """H_k by what was given and by how straight it makes the line against 1/(H - H_k)."""
    if not h_k.u > 0:
        return h_k

    def cost(shift: float) -> float:
        return _lines(rotations, h_k.value + shift * h_k.u).damping.chi2 + shift**2

    # The fields were chosen to lie two sigma above H_k.
    best = float(minimize_scalar(cost, bounds=(-1.9, 1.9), method="bounded").x)
    near = 0.05  # sigma; a step in which the cost is a parabola
    bend = (cost(best + near) + cost(best - near) - 2 * cost(best)) / near**2
    return Given(
        h_k.value + best * h_k.u, h_k.u * min(1.0, np.sqrt(2 / max(bend, 1e-6))), h_k.source
    )


@dataclass(frozen=True)
class _Lines:
    damping: LinearFit
    """Thermal part and slope against 1/(H - H_k)."""
    field_like: LinearFit | None
    """H_FL; none without a planar Hall signal."""
    reason: str
    """Words where the points scatter about the line of the damping."""
    rest: float
    """Significance of a part with cos(2 phi) cos(phi) that does not depend on the field."""


def _lines(rotations: Sequence[Rotation], h_k: float) -> _Lines:
    size = np.array([one.size for one in rotations])
    damping, reason = as_stated(
        weighted_line(
            1 / (size - h_k),
            np.array([one.cosine for one in rotations]),
            np.array([one.cosine_u for one in rotations]),
        )
    )
    planar = _planar(rotations)
    if not planar:
        return _Lines(damping, None, reason, 0.0)
    product = np.array([one.product for one in rotations]) / planar.value
    product_u = np.array([one.product_u for one in rotations]) / abs(planar.value)
    fit, _ = as_stated(weighted_fit((1 / size)[:, None], product, product_u))
    with_rest, _ = as_stated(weighted_line(1 / size, product, product_u))
    return _Lines(damping, fit, reason, float(with_rest.value[0] / with_rest.sigma[0]))


def _torques(lines: _Lines, r_ahe: float, sigma: bool = False) -> np.ndarray:
    """Damping-like field, thermal part and field-like field, or the sigma of each."""
    of_line = lines.damping.sigma if sigma else lines.damping.value
    field_like = np.nan
    if lines.field_like is not None:
        field_like = (lines.field_like.sigma if sigma else lines.field_like.value)[0]
    return np.array([2 * of_line[1] / r_ahe, of_line[0], field_like])


def _planar(rotations: Sequence[Rotation]) -> Given:
    """R_PHE over all fields; empty where it is not above the noise."""
    values = np.array([one.r_phe for one in rotations])
    sigmas = np.array([one.r_phe_u for one in rotations])
    fit, _ = as_stated(weighted_fit(np.ones((values.size, 1)), values, sigmas))
    if abs(fit.value[0]) < _SEEN * fit.sigma[0]:
        return Given()
    return Given(float(fit.value[0]), float(fit.sigma[0]), "harmonic_angle")
