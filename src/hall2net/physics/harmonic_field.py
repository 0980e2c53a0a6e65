"""Torques from harmonic Hall voltages in small fields in the plane, along and across the current.

Hayashi et al., Phys. Rev. B 89, 144425 (2014). The magnet stays near its normal, up or down, and
both harmonics are power series of the field.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hall2net.errors import Hall2netError
from hall2net.physics.agreement import as_stated
from hall2net.physics.facts import Given
from hall2net.physics.lines import LinearFit, weighted_fit
from hall2net.physics.lock_in import Harmonics
from hall2net.units import OERSTED

SMALL_FIELD = 0.4
"""Of the anisotropy field, up to which the series is used: with terms of fourth order in the first
harmonic and third in the second, what is left out changes the result by less than 0.3 %."""

_FEWEST = 9  # points in small fields: five terms, and as many left over as tell their scatter
_CURVED = 5.0  # curvature over its sigma, from which there is a parabola
_MISFIT = 0.03  # rms residual over the height of the parabola, from which it is none,
_STRUCTURE = 4.0  # if its square is this many times that of the noise from point to point
_DIVERGES = 0.5  # planar Hall ratio at which 1 - 4 p^2 vanishes


@dataclass(frozen=True)
class Sweep:
    """Series coefficients of one measurement; SI units.

    Attributes
    ----------
    harmonics : the points
    direction : of a positive field from the current, rad
    state : 1 or -1, the magnetisation up or down
    offset : R of the first harmonic at no field, with `offset_u`
    curvature : coefficient of H^2 of the first harmonic, with `curvature_u`
    slope : coefficient of H of the second harmonic, with `slope_u`
    second_offset : second harmonic at no field
    largest : largest field that was used
    left_out : points in larger fields
    """

    harmonics: Harmonics
    direction: float
    state: int
    offset: float
    offset_u: float
    curvature: float
    curvature_u: float
    slope: float
    slope_u: float
    second_offset: float
    largest: float
    left_out: int


@dataclass(frozen=True)
class FieldInputs:
    """What the method needs besides its own points; each may have an uncertainty.

    Attributes
    ----------
    planar_ratio : R_PHE/R_AHE
    r_ahe : half swing of the anomalous Hall resistance, ohm
    thermal : second harmonic of the temperature gradient over the current, ohm/A, where the
        magnetisation lies along the current
    misalignment : 1 sigma of the field's direction in the plane, rad
    """

    planar_ratio: Given
    r_ahe: Given
    thermal: Given
    misalignment: float


@dataclass(frozen=True)
class FieldTorques:
    """Fields per current in (A/m)/A; field-like with the Oersted field in it.

    Attributes
    ----------
    value : (2,), damping-like and field-like
    covariance : (2, 2), statistical
    parts : name of a systematic effect to its changes (2,), 1 sigma
    turn : of the field from its nominal direction, rad
    chi2, dof : of the measurements about the solution
    reasons : what a reader of the numbers should know
    """

    value: np.ndarray
    covariance: np.ndarray
    parts: dict[str, np.ndarray]
    turn: float
    chi2: float
    dof: int
    reasons: list[str] = field(default_factory=list)


def fit_sweep(harmonics: Harmonics, direction: float, state: int, largest: float = np.inf) -> Sweep:
    """Fit the power series of both harmonics.

    Parameters
    ----------
    harmonics : of one measurement, x a field in A/m
    direction : of a positive field from the current, rad
    state : 1 or -1
    largest : fields beyond it are left out

    Raises
    ------
    Hall2netError
        If there are too few points, no curvature, or the first harmonic is no parabola.
    """
    used = np.abs(harmonics.x) <= largest
    if used.sum() < _FEWEST:
        below = "" if np.isinf(largest) else f" below {largest / OERSTED:.4g} Oe"
        small = f"{SMALL_FIELD:g} of the anisotropy field"
        why = f", {small}: the fields are not small" if below else ""
        raise Hall2netError(
            f"{used.sum()} points{below}{why}; expected at least {_FEWEST}, in finer steps"
        )
    x, first, second = harmonics.x[used], harmonics.first[used], harmonics.second[used]
    reach = float(np.abs(x).max())
    powers = np.vander(x / reach, 5, increasing=True)
    one, two = weighted_fit(powers, first), weighted_fit(powers[:, :4], second)
    curvature, curvature_u = one.value[2], one.sigma[2]
    residual = first - powers @ one.value
    freedom = x.size - powers.shape[1]
    rms = float(np.sqrt(np.sum(residual**2) / freedom))
    noise = float(np.std(np.diff(residual)) / np.sqrt(2))
    if rms > _MISFIT * abs(curvature) and rms**2 > _STRUCTURE * noise**2:
        raise Hall2netError(
            "the first harmonic is no parabola of the field: the magnetisation turns over or "
            "breaks into domains; sweep smaller fields"
        )
    if abs(curvature) < _CURVED * curvature_u:
        raise Hall2netError("the first harmonic has no curvature: measure in larger fields")
    return Sweep(
        harmonics=harmonics,
        direction=direction,
        state=state,
        offset=float(one.value[0]),
        offset_u=float(one.sigma[0]),
        curvature=float(curvature / reach**2),
        curvature_u=float(curvature_u / reach**2),
        slope=float(two.value[1] / reach),
        slope_u=float(two.sigma[1] / reach),
        second_offset=float(two.value[0]),
        largest=reach,
        left_out=int((~used).sum()),
    )


def own_r_ahe(sweeps: Sequence[Sweep]) -> Given:
    """R_AHE as half the difference of the first harmonics at no field, up less down.

    Empty where only one state was measured.
    """
    means = []
    for state in (1, -1):
        own = [sweep for sweep in sweeps if sweep.state == state]
        if not own:
            return Given()
        weight = np.array([sweep.offset_u**-2.0 for sweep in own])
        mean = float(weight @ [sweep.offset for sweep in own] / weight.sum())
        means.append((mean, float(weight.sum() ** -0.5)))
    (up, up_u), (down, down_u) = means
    return Given((up - down) / 2, float(np.hypot(up_u, down_u)) / 2, "both states")


def in_small_fields(sweeps: Sequence[Sweep], r_ahe: float, planar_ratio: float) -> list[Sweep]:
    """The sweeps once more, without fields that are not small against the anisotropy field.

    Parameters
    ----------
    sweeps : fitted to all their points
    r_ahe : half swing, ohm
    planar_ratio : R_PHE/R_AHE

    Raises
    ------
    Hall2netError
        If the curvature contradicts the state, or too few points are left.
    """
    kept = []
    for sweep in sweeps:
        # The curvature of the first fit is wrong by what the large fields make of it.
        for _ in range(3):
            largest = SMALL_FIELD * anisotropy_field(sweep, r_ahe, planar_ratio)
            if sweep.largest <= 1.001 * largest:
                break
            sweep = fit_sweep(sweep.harmonics, sweep.direction, sweep.state, largest)
        kept.append(sweep)
    return kept


def anisotropy_field(sweep: Sweep, r_ahe: float, planar_ratio: float) -> float:
    """H_k in A/m from the curvature: R = s R_AHE (1 - H^2/2 H_k^2) + R_PHE sin(2 a) H^2/H_k^2.

    Parameters
    ----------
    sweep : fitted
    r_ahe : half swing, ohm
    planar_ratio : R_PHE/R_AHE

    Raises
    ------
    Hall2netError
        If the sign of the curvature is not that of the state.
    """
    square = r_ahe / _stiffness(sweep, planar_ratio)
    if not square > 0:
        raise Hall2netError(
            "the first harmonic curves the other way than initial_field_z_oe and R_AHE say: "
            "check the sign of both"
        )
    return float(np.sqrt(square))


def field_torques(sweeps: Sequence[Sweep], inputs: FieldInputs) -> FieldTorques:
    """Damping-like and field-like fields per current.

    With C = R_AHE/H_k^2 from the curvature, p = R_PHE/R_AHE, the state s and the direction a of the
    field, the slope b of the second harmonic is
    2 b/C = cos(a) (H_DL + 2 p H_FL) - s sin(a) (H_FL + 2 p H_DL) + 2 cos(a) T I H_k/R_AHE,
    where T is the thermal part. All measurements together give H_DL and H_FL by least squares.

    Parameters
    ----------
    sweeps : in small fields
    inputs : see there

    Raises
    ------
    Hall2netError
        If the planar Hall ratio may be 1/2, or the directions leave the two torques apart.
    """
    ratio = inputs.planar_ratio
    if abs(ratio.value) + 2 * np.nan_to_num(ratio.u) >= _DIVERGES:
        raise Hall2netError(
            f"planar Hall ratio {ratio.value:.3g}: the correction 1/(1 - 4 p^2) diverges at 1/2; "
            "harmonic_angle does not need it"
        )
    turn, turn_u = _turn(sweeps, inputs)
    fit, reason = as_stated(_solved(sweeps, inputs, turn))
    changes = {
        "planar Hall ratio": (replace(inputs, planar_ratio=_moved(ratio)), turn),
        "thermal part": (replace(inputs, thermal=_moved(inputs.thermal)), turn),
        "R_AHE": (replace(inputs, r_ahe=_moved(inputs.r_ahe)), turn),
        "misalignment": (inputs, turn + turn_u),
    }
    parts = {name: _solved(sweeps, *moved).value - fit.value for name, moved in changes.items()}
    reasons = [f"fields along and across the current: {reason}"] if reason else []
    return FieldTorques(fit.value, fit.covariance, parts, turn, fit.chi2, fit.dof, reasons)


def _turn(sweeps: Sequence[Sweep], inputs: FieldInputs) -> tuple[float, float]:
    """Direction of the field beside its nominal one, rad, and its uncertainty.

    Up and down change the sign of the field-like part and not that of the damping-like one, so that
    both states together show a field that is not along the current. Where they do not, the stated
    misalignment is all that is known.
    """
    prior = inputs.misalignment

    def cost(turn: float) -> float:
        return _solved(sweeps, inputs, turn).chi2 + (turn / prior) ** 2

    if prior == 0:
        return 0.0, 0.0
    # A parabola: the slopes change by their cosines and sines, with angles of a few degrees.
    low, middle, high = (cost(turn) for turn in (-prior, 0.0, prior))
    bend = (low + high - 2 * middle) / prior**2
    return float((low - high) / (2 * prior) / bend), float(np.sqrt(2 / bend))


def _solved(sweeps: Sequence[Sweep], inputs: FieldInputs, turn: float = 0.0) -> LinearFit:
    """Least squares for (H_DL, H_FL) per current, the field turned from its nominal direction."""
    p, r_ahe = inputs.planar_ratio.value, inputs.r_ahe.value
    thermal = np.nan_to_num(inputs.thermal.value)
    design, values, sigmas = [], [], []
    for sweep in sweeps:
        c, s = np.cos(sweep.direction + turn), np.sin(sweep.direction + turn)
        up = sweep.state
        stiffness = _stiffness(sweep, p, turn)
        value = 2 * sweep.slope / stiffness
        relative = sweep.curvature_u / sweep.curvature
        sigma = np.hypot(2 * sweep.slope_u / stiffness, value * relative)
        h_k = np.sqrt(r_ahe / stiffness)
        current = sweep.harmonics.current
        design.append([c - up * 2 * p * s, 2 * p * c - up * s])
        values.append(value / current - 2 * c * thermal * h_k / r_ahe)
        sigmas.append(sigma / current)
    matrix = np.array(design)
    if np.linalg.cond(matrix) > 1 / _LEAST_ANGLE:
        raise Hall2netError(
            "fields in one direction leave damping-like and field-like torque mixed: measure along "
            "the current (direction_deg 0) and across it (90)"
        )
    return weighted_fit(matrix, np.array(values), np.array(sigmas))


_LEAST_ANGLE = 0.1
"""Of two directions, in rad, from which they tell the torques apart."""


def _stiffness(sweep: Sweep, planar_ratio: float, turn: float = 0.0) -> float:
    """C = R_AHE/H_k^2, by which all coefficients are made fields."""
    planar = planar_ratio * np.sin(2 * (sweep.direction + turn))
    return float(sweep.curvature / (planar - sweep.state / 2))


def _moved(given: Given) -> Given:
    """A value one sigma higher."""
    return replace(given, value=np.nan_to_num(given.value) + np.nan_to_num(given.u))
