"""Moments and anisotropies from magnetometry: an out-of-plane and an in-plane loop per sample.

Uncertainties follow from the scatter of the moment in the saturated part of each loop, carried
exactly (to first order) through the fit of the substrate and through the integrals; what two
quantities share stays correlated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.ndimage import uniform_filter1d

from hall2net.errors import ConfigError, Hall2netError
from hall2net.measurement import select
from hall2net.physics.facts import Samples, fact
from hall2net.physics.film_moments import (
    QUANTITIES,
    magnetometry_parts,
    surface_anisotropy,
    window_column,
)
from hall2net.physics.loops import fit_loop
from hall2net.physics.systematics import Systematics, total
from hall2net.tables import systematic_column, uncertainty_column
from hall2net.units import MU_0, OERSTED

KEFF_SIGNS = ("pma", "easy_plane")
"""Which easy direction has K_eff and H_k positive."""

KEFF_INTEGRANDS = ("h_dm", "h_m_dm")
"""H dm is the work done by the field; H m dm is how the ruo2 paper prints it."""

_ORIENTATIONS = ("oop", "ip")
_HYSTERESIS = (
    "h_c_oe", "h_c_u_oe", "h_c_sys_oe", "h_0_oe", "h_0_u_oe", "h_0_sys_oe",
    "hysteresis_orientation", "hysteresis_reason",
)  # fmt: skip
_WINDOW_SIGMA = 0.1  # of the saturation window's edge: others would begin that much nearer
_HYSTERETIC = 3.0  # sigma of H_c from which a loop of moments has hysteresis
_MIN_SATURATED = 10  # points in the saturation windows of a loop
_CURVED = 4.0  # sigma; more curvature than this in the windows is no saturation
_UNSATURATED = 0.1  # relative difference of the two loops' moments
_DIFFERENT = 3.0  # sigma
_EXACT = 1e-9  # relative uncertainty below which a moment counts as free of noise


@dataclass(frozen=True)
class _Loop:
    """A loop's saturation moment (A m2), its integral (A/m), and how noise moves the two."""

    moment: float
    integral: float
    covariance: np.ndarray
    """(2, 2), of moment and integral."""
    reason: str


def magnetometry_table(
    datasets: Sequence[xr.Dataset],
    samples: Samples,
    *,
    saturation_window: float = 0.7,
    keff_sign: str = "pma",
    keff_integrand: str = "h_dm",
    t_fm: str | float = "sample",
    systematics: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Saturation moment, anisotropy energy and field, and interfacial anisotropy of each sample.

    From each orientation's loop the substrate's slope and the offset are taken off, fitted together
    with the saturation moment where |H| exceeds `saturation_window` times its largest value. Then

    - M_s t = m/A, the weighted mean of both orientations, and M_s = (M_s t)/t_FM;
    - K_eff = mu_0 M_s [int_0^1 H_ip dm - int_0^1 H_oop dm] (Johnson et al., Rep. Prog. Phys. 59,
      1409 (1996)), each integral along the branch that leaves saturation, down to zero field. On
      it the moment rotates; the jumps of the other branch are not work done against anisotropy;
    - H_k = 2 K_eff/(mu_0 M_s), and K_s by `surface_anisotropy`.

    Parameters
    ----------
    datasets : one a sample; measurements of kind `vsm_loop` count, one `oop` and one `ip` each
    samples : sample to its facts: `film_area_mm2` of the specimen, `ferromagnet_nm`
    saturation_window : fraction of the largest field, 0 to 1, beyond which the moment is saturated
    keff_sign : pma | easy_plane; which of the two has K_eff and H_k positive (K_s is the same)
    keff_integrand : h_dm | h_m_dm; the latter, as printed in the ruo2 paper, gives two thirds of
        the anisotropy field of a linear hard axis, and another K_s
    t_fm : thickness of the ferromagnet in nm for all samples, or `sample` for `ferromagnet_nm`
    systematics : block of the study, as `hall2net.physics.systematics.Systematics.of` takes it

    Returns
    -------
    DataFrame, one row a sample with magnetometry: `sample, areal_moment_a, m_s_emu_cc, k_eff_j_m3,
    h_k_oe, k_s_erg_cm2`, each with its `_u` (1 sigma, statistical), `_sys` (1 sigma of area,
    thickness, calibrations and saturation window) and `_window` (signed change for a window that
    begins 0.1 later, half of that of 0.1 to both sides), `k_s_moment_correlation` between K_s and
    M_s t, `h_c_oe, h_0_oe` with `_u` (noise, background and field step) and `_sys` (calibration and
    offset of the field) of the out-of-plane loop, or of the in-plane one if only that has
    hysteresis, `hysteresis_orientation`, `hysteresis_reason` (doubts on H_c and H_0), the
    conventions, `systematics` (whether their sources are given or assumed), `status` (ok, flagged,
    refused) and `reason`. Loops without hysteresis leave H_c and H_0 empty.

    Raises
    ------
    ConfigError
        If a setting has none of the allowed values, or a measured sample lacks a fact.
    """
    _check_settings(saturation_window, keff_sign, keff_integrand, t_fm)
    sources = Systematics.of(systematics or {}, samples)
    rows = []
    for dataset in datasets:
        name = str(dataset.attrs["sample"])
        measured = _vsm_loops(dataset)
        if not measured:
            continue
        area = fact(samples, name, "film_area_mm2") * 1e-6
        thickness = fact(samples, name, "ferromagnet_nm") if t_fm == "sample" else float(t_fm)
        row: dict[str, Any] = {"sample": name, "status": "ok", "reason": ""}
        try:
            reduced = partial(_reduced, measured, keff_integrand, area, thickness * 1e-9, keff_sign)
            row |= reduced(saturation_window) | _hysteresis(measured)
            row |= _other_windows(reduced, saturation_window)
            row |= _systematic(row, sources)
        except Hall2netError as error:
            row |= {"status": "refused", "reason": str(error)}
        rows.append(row)
    columns = [
        column
        for name in QUANTITIES
        for column in (
            name, uncertainty_column(name), systematic_column(name), window_column(name)
        )
    ]  # fmt: skip
    columns += ["k_s_moment_correlation", *_HYSTERESIS]
    table = pd.DataFrame(rows, columns=["sample", *columns, "systematics", "status", "reason"])
    settings = {"keff_sign": keff_sign, "keff_integrand": keff_integrand, "t_fm": t_fm}
    for position, (setting, value) in enumerate(settings.items(), start=1 + len(columns)):
        table.insert(position, setting, value)
    return table


def _other_windows(reduced: Callable[[float], dict[str, Any]], window: float) -> dict[str, float]:
    """Change of each quantity for a saturation window one sigma further out."""
    found = {}
    for edge in (window - _WINDOW_SIGMA, window, window + _WINDOW_SIGMA):
        try:
            found[edge] = reduced(edge) if 0 < edge < 1 else {}
        except Hall2netError:  # too little is left of the field
            found[edge] = {}
    edges = [edge for edge, row in found.items() if row]
    low, high = edges[0], edges[-1]
    steps = max((high - low) / _WINDOW_SIGMA, 1.0)
    return {
        window_column(name): (found[high].get(name, np.nan) - found[low].get(name, np.nan)) / steps
        for name in QUANTITIES
    }


def _systematic(row: Mapping[str, Any], sources: Systematics) -> dict[str, Any]:
    """Columns `_sys` of a row, and whether they are given or assumed."""
    parts = magnetometry_parts(row, sources)
    sizes = total(parts, len(QUANTITIES))
    found = dict(zip(map(systematic_column, QUANTITIES), sizes.tolist(), strict=True))
    if "h_c_oe" in row:
        fields = sources.parts(
            row["sample"],
            lambda off: [
                row["h_c_oe"] * off.field,
                row["h_0_oe"] * off.field + off.field_offset_oe,
            ],
        )
        found |= dict(zip(("h_c_sys_oe", "h_0_sys_oe"), total(fields).tolist(), strict=True))
    return found | {"systematics": sources.words(row["sample"], parts)}


def _check_settings(window: float, sign: str, integrand: str, t_fm: str | float) -> None:
    if not 0 < window < 1:
        raise ConfigError(
            f"magnetometry, saturation_window: found {window!r}, expected a fraction from 0 to 1"
        )
    for setting, value, allowed in (
        ("keff_sign", sign, KEFF_SIGNS),
        ("keff_integrand", integrand, KEFF_INTEGRANDS),
    ):
        if value not in allowed:
            raise ConfigError(
                f"magnetometry, {setting}: found {value!r}, expected one of {', '.join(allowed)}"
            )
    if t_fm != "sample" and not (isinstance(t_fm, int | float) and t_fm > 0):
        raise ConfigError(
            f"magnetometry, t_fm: found {t_fm!r}, expected 'sample' or a thickness in nm"
        )


def _vsm_loops(dataset: xr.Dataset) -> list[xr.Dataset]:
    kinds = dataset["kind"].to_numpy()
    return [
        select(dataset, name) for name in dataset["id"].to_numpy()[kinds == "vsm_loop"].tolist()
    ]


def _hysteresis(measurements: Sequence[xr.Dataset]) -> dict[str, Any]:
    """H_c and H_0 of the first loop with hysteresis, fitted as Hall loops are."""
    by_orientation = {str(m["orientation"].item()): m for m in measurements}
    for orientation in (o for o in _ORIENTATIONS if o in by_orientation):
        measurement = by_orientation[orientation]
        loop = fit_loop(measurement["field"].to_numpy() / OERSTED, measurement["moment"].to_numpy())
        h_c_u, h_0_u = (_total(loop, name) for name in ("h_c_oe", "h_0_oe"))
        if loop["status"] != "refused" and abs(loop["h_c_oe"]) > _HYSTERETIC * h_c_u:
            return {
                "h_c_oe": loop["h_c_oe"], "h_c_u_oe": h_c_u,
                "h_0_oe": loop["h_0_oe"], "h_0_u_oe": h_0_u,
                "hysteresis_orientation": orientation, "hysteresis_reason": loop["reason"],
            }  # fmt: skip
    return {}


def _total(loop: Mapping[str, Any], name: str) -> float:
    """1 sigma of a loop's H_c or H_0: noise, background and field step together."""
    step = np.nan_to_num(loop["h_step_u_oe"]) / np.sqrt(2)
    systematic = np.nan_to_num(loop.get(systematic_column(name), 0.0))
    return float(np.sqrt(loop[uncertainty_column(name)] ** 2 + systematic**2 + step**2))


def _reduced(
    measurements: Sequence[xr.Dataset],
    integrand: str,
    area: float,
    thickness: float,
    keff_sign: str,
    window: float,
) -> dict[str, Any]:
    """A row of one sample, by one saturation window."""
    return _quantities(_reduce(measurements, window, integrand), area, thickness, keff_sign)


def _reduce(measurements: Sequence[xr.Dataset], window: float, integrand: str) -> dict[str, _Loop]:
    loops = {}
    for orientation in _ORIENTATIONS:
        oriented = [m for m in measurements if str(m["orientation"].item()) == orientation]
        if len(oriented) > 1:
            names = ", ".join(str(m["id"].item()) for m in oriented)
            raise Hall2netError(f"{len(oriented)} {orientation} loops ({names}), expected one")
        for measurement in oriented:
            try:
                loops[orientation] = _reduce_loop(measurement, window, integrand)
            except Hall2netError as error:
                raise Hall2netError(f"{orientation} loop: {error}") from error
    if not loops:
        raise Hall2netError("no loop has its orientation (oop or ip) in the sheet")
    return loops


def _reduce_loop(measurement: xr.Dataset, window: float, integrand: str) -> _Loop:
    """Saturation moment and int_0^1 H dm of one loop.

    By parts, int_0^1 H dm is the area int_0^W (1 - m) dH between saturation and the branch that
    leaves it, W being the edge of the saturation window; int H m dm is int (1 - m^2)/2 dH.
    """
    field = measurement["field"].to_numpy()
    moment = measurement["moment"].to_numpy()
    valid = np.isfinite(field) & np.isfinite(moment)
    field, moment = field[valid], moment[valid]
    if field.size < 2 * _MIN_SATURATED:
        raise Hall2netError(f"{field.size} points, expected at least {2 * _MIN_SATURATED}")
    largest = np.max(np.abs(field))
    edge = window * largest
    saturated = np.abs(field) > edge
    sides = np.sign(field[saturated])
    if min(np.sum(sides > 0), np.sum(sides < 0)) < _MIN_SATURATED // 2:
        raise Hall2netError("too few points in the saturation windows at both ends of the field")

    def design(h: np.ndarray, side: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones_like(h), h / largest, side])

    solve = np.zeros((3, field.size))
    solve[:, saturated] = np.linalg.pinv(design(field[saturated], sides))
    fit = solve @ moment
    residual = moment[saturated] - design(field[saturated], sides) @ fit
    sigma = np.sqrt(np.sum(residual**2) / (residual.size - 3))
    saturation = fit[2]
    if not saturation > 5 * sigma / np.sqrt(residual.size):
        raise Hall2netError("no saturation moment above the noise")

    side = np.sign(field)
    m = side * (moment - fit[0] - fit[1] * field / largest) / saturation
    weights, coarse = _leaving_weights(field, edge)
    printed = integrand == "h_m_dm"
    integrals = [float(w @ ((1 - m**2) / 2 if printed else 1 - m)) for w in (weights, coarse)]
    # Derivatives of both results by every measured moment.
    pull = -weights * (m if printed else 1.0)
    by_moment = (
        pull * side
        - (pull * side).sum() * solve[0]
        - (pull * side * field / largest).sum() * solve[1]
        - (pull * m).sum() * solve[2]
    ) / saturation
    jacobian = np.stack([solve[2], by_moment])
    covariance = sigma**2 * jacobian @ jacobian.T
    covariance[1, 1] += ((integrals[0] - integrals[1]) / 3) ** 2
    curved = _curvature(field[saturated], residual, sides, largest)
    reason = "" if abs(curved) < _CURVED else "not saturated in its window"
    return _Loop(float(saturation), integrals[0], covariance, reason)


def _leaving_weights(field: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Trapezoidal weights of int_0^edge dH on the branches that leave saturation, mean of both.

    The second set uses every other point: a third of the difference estimates the step's error.
    """
    towards = np.gradient(uniform_filter1d(field, 5))
    leaving = (field * towards < 0) & (np.abs(field) <= edge)
    fine, coarse = np.zeros_like(field), np.zeros_like(field)
    branches = [np.flatnonzero(leaving & (np.sign(field) == side)) for side in (-1, 1)]
    branches = [b[np.argsort(np.abs(field[b]), kind="stable")] for b in branches if b.size > 3]
    if not branches:
        raise Hall2netError("no branch leads from saturation back to zero field")
    for branch in branches:
        for weights, step in ((fine, 1), (coarse, 2)):
            points = branch[::step]
            h = np.abs(field[points])
            middles = np.concatenate([[h[0]], (h[1:] + h[:-1]) / 2, [edge]])
            width = np.diff(middles)
            # A straight line through the two innermost points down to zero field.
            beyond = h[0] / (2 * max(h[1] - h[0], h[0] / 2))
            width[:2] += h[0] * np.array([1 + beyond, -beyond])
            weights[points] += width / len(branches)
    return fine, coarse


def _curvature(field: np.ndarray, residual: np.ndarray, sides: np.ndarray, largest: float) -> float:
    """Significance of a bend that is odd in the field, in sigma."""
    x = np.abs(field) / largest
    base = np.column_stack([np.ones_like(x), sides * x, sides])
    bend = sides * x**2
    bend = bend - base @ np.linalg.lstsq(base, bend, rcond=None)[0]
    amplitude = bend @ residual / (bend @ bend)
    left = residual - amplitude * bend
    sigma = np.sqrt(left @ left / (left.size - 4))
    return float(amplitude * np.sqrt(bend @ bend) / sigma) if sigma > 0 else 0.0


def _quantities(
    loops: Mapping[str, _Loop], area: float, thickness: float, keff_sign: str
) -> dict[str, Any]:
    reasons = [f"{name} loop: {loop.reason}" for name, loop in loops.items() if loop.reason]
    variances = {
        name: max(loop.covariance[0, 0], (_EXACT * loop.moment) ** 2)
        for name, loop in loops.items()
    }
    weights = {name: 1 / variance for name, variance in variances.items()}
    total = sum(weights.values())
    weights = {name: weight / total for name, weight in weights.items()}
    moment = sum(weights[name] * loop.moment for name, loop in loops.items())
    variance = 1 / total
    missing = [name for name in _ORIENTATIONS if name not in loops]
    if missing:
        reasons.append(f"no {missing[0]} loop, hence no anisotropy")
    else:
        oop, ip = loops["oop"], loops["ip"]
        difference = abs(oop.moment - ip.moment)
        if difference > _DIFFERENT * np.sqrt(sum(variances.values())):
            variance = max(variance, (difference / 2) ** 2)
            reasons.append(
                f"saturation moments of the oop and ip loops differ by {difference / moment:.1%}"
            )
        if difference > _UNSATURATED * moment:
            missing = ["ip"]
    areal, areal_u = moment / area, np.sqrt(variance) / area
    row: dict[str, Any] = {
        "areal_moment_a": areal,
        "areal_moment_u_a": areal_u,
        "m_s_emu_cc": areal / thickness / 1e3,
        "m_s_u_emu_cc": areal_u / thickness / 1e3,
        "status": "flagged" if reasons else "ok",
        "reason": "; ".join(reasons),
    }
    if missing:
        return row
    m_s, h_k = areal / thickness, 2 * (ip.integral - oop.integral)
    h_k_variance = 4 * (ip.covariance[1, 1] + oop.covariance[1, 1])
    shared = 2 * (weights["ip"] * ip.covariance[0, 1] - weights["oop"] * oop.covariance[0, 1])
    covariance = np.array([[areal_u**2, shared / area], [shared / area, h_k_variance]])
    # K_s = mu_0 (M_s t) (M_s t/t + H_k)/2 and K_eff = mu_0 (M_s t/t) H_k/2 by (M_s t, H_k)
    k_s_slope = MU_0 / 2 * np.array([2 * m_s + h_k, areal])
    k_eff_slope = MU_0 / 2 / thickness * np.array([h_k, areal])
    k_s_u = np.sqrt(k_s_slope @ covariance @ k_s_slope)
    sign = 1 if keff_sign == "pma" else -1
    return row | {
        "k_eff_j_m3": sign * MU_0 * m_s * h_k / 2,
        "k_eff_u_j_m3": np.sqrt(k_eff_slope @ covariance @ k_eff_slope),
        "h_k_oe": sign * h_k / OERSTED,
        "h_k_u_oe": np.sqrt(h_k_variance) / OERSTED,
        "k_s_erg_cm2": 1e3 * surface_anisotropy(areal, m_s, h_k),
        "k_s_u_erg_cm2": 1e3 * k_s_u,
        "k_s_moment_correlation": (k_s_slope @ covariance)[0] / (k_s_u * areal_u),
    }
