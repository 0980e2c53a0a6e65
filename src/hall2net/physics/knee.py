"""dH_0/dI against in-plane field: plateau, part without a field, and knee at H_DMI.

s(H_x) = P f(H_x/H_DMI) + G: the torque on Neel walls, aligned from H_DMI on, beside a part G that
needs no in-plane field. P is odd in H_x and G even, so that fitting both to fields of both signs
is the average over +-H_x. How the walls align is a model: f(x) = clip(x, -1, 1) has a knee, tanh(x)
saturates smoothly. The difference of the two is a systematic uncertainty.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import minimize_scalar

from hall2net.errors import Hall2netError
from hall2net.physics.lines import LinearFit, scatter_reason, weighted_fit

MODELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "clip": lambda x: np.clip(x, -1, 1),
    "tanh": np.tanh,
}
"""How the torque follows H_x/H_DMI; in both the tangent at zero meets the plateau at H_DMI."""

_SIGNIFICANT = 9.0  # gain in chi2, 3 sigma, that a torque, a plateau or a knee must bring
_AGREE = 2.58  # sigma by which two fields on one plateau may differ: 1 % of true plateaus fail
_LIMIT = 3.84  # gain in chi2 at the end of a 95 % interval


@dataclass(frozen=True)
class Knee:
    """dH_0/dI = plateau f(H_x/H_DMI) + zero, in Oe/mA, with f of `MODELS`; H_DMI in Oe."""

    plateau: float
    zero: float
    covariance: np.ndarray
    """(2, 2), of plateau and zero; statistical, widened by the scatter about the fit."""
    model: str = "clip"
    """Key of `MODELS`; tanh where it fits significantly better than the knee."""
    plateau_sys: float = np.nan
    """Difference of the two models' plateaus; NaN where they cannot be compared."""
    zero_sys: float = np.nan
    h_dmi: float = np.nan
    """NaN where the fields do not show it; then the limits below may say something."""
    h_dmi_u: float = np.nan
    h_dmi_sys: float = np.nan
    h_dmi_lo: float = np.nan
    h_dmi_hi: float = np.nan
    lower_bound: bool = False
    """Whether the torque may rise beyond the fields: then |plateau| is only a lower bound."""
    chi2: float = np.nan
    dof: int = 0
    reasons: tuple[str, ...] = ()

    def slope(self, field_x: np.ndarray) -> np.ndarray:
        """dH_0/dI at the in-plane fields `field_x` (Oe)."""
        known = np.isfinite(self.h_dmi)
        aligned = MODELS[self.model](field_x / self.h_dmi) if known else np.sign(field_x)
        return self.plateau * aligned + self.zero


def fit_knee(field_x: np.ndarray, slope: np.ndarray, slope_u: np.ndarray) -> Knee:
    """Plateau, zero-field part and H_DMI of dH_0/dI against in-plane field.

    A knee counts only where two magnitudes of the field lie on its plateau and agree within their
    errors. Else H_DMI stays empty, with limits where the fields give some, and the torque at the
    largest field is a lower bound of the plateau.

    Parameters
    ----------
    field_x : (n,), Oe
    slope, slope_u : (n,), Oe/mA

    Raises
    ------
    Hall2netError
        If there is no in-plane field.
    """
    series = _Series(field_x, slope, slope_u)
    if not series.sizes.size:
        raise Hall2netError("loops at H_x = 0 only: measure with in-plane fields of both signs")
    knee = _one_size(series) if series.sizes.size == 1 else _several_sizes(series)
    sides = () if series.both_signs else ("in-plane field of one sign only",)
    scatter = scatter_reason(knee.chi2, knee.dof)
    scatters = (f"dH_0/dI scatters about its fit: {scatter}",) if scatter else ()
    return replace(knee, reasons=(*knee.reasons, *sides, *scatters))


@dataclass(frozen=True)
class _Series:
    """dH_0/dI against in-plane field; all chi2 are those of least squares."""

    field_x: np.ndarray
    slope: np.ndarray
    slope_u: np.ndarray

    @cached_property
    def sizes(self) -> np.ndarray:
        """Magnitudes of the in-plane fields, ordered, without zero."""
        return np.unique(np.abs(self.field_x[self.field_x != 0]))

    @cached_property
    def both_signs(self) -> bool:
        return bool((self.field_x > 0).any() and (self.field_x < 0).any())

    @cached_property
    def even(self) -> bool:
        """Whether a second sign or a zero tells the even part from the odd one."""
        return self.both_signs or bool((self.field_x == 0).any())

    def chi2(self, shapes: np.ndarray) -> np.ndarray:
        """(m,), chi2 of one odd amplitude and the even part, for each of (m, n) shapes."""
        y, f = self.slope / self.slope_u, shapes / self.slope_u
        if self.even:
            unit = 1 / self.slope_u / np.linalg.norm(1 / self.slope_u)
            y, f = y - (y @ unit) * unit, f - (f @ unit)[:, None] * unit
        power = np.sum(f**2, axis=1)
        gain = np.divide((f @ y) ** 2, power, out=np.zeros_like(power), where=power > 0)
        return y @ y - gain

    def fit(self, *shapes: np.ndarray) -> LinearFit:
        """Amplitudes of the shapes, and of the even part at the end (if it can be known)."""
        even = [np.ones_like(self.field_x)] if self.even else []
        return weighted_fit(np.column_stack([*shapes, *even]), self.slope, self.slope_u)

    def at(self, size: float) -> Knee:
        """Odd and even part at one magnitude of the field (and at zero, for the even part)."""
        chosen = (np.abs(self.field_x) == size) | (self.field_x == 0)
        part = _Series(self.field_x[chosen], self.slope[chosen], self.slope_u[chosen])
        fit = part.fit(np.sign(part.field_x))
        # One degree of freedom at most: its scatter says nothing that slope_u does not.
        return _knee(fit.value, fit.covariance / fit.widened**2)


def _knee(value: np.ndarray, covariance: np.ndarray, **more: object) -> Knee:
    """Knee of the amplitudes of one shape and perhaps of the even part."""
    if value.size == 1:
        value, covariance = np.append(value, 0.0), np.pad(covariance, (0, 1))
    return Knee(float(value[0]), float(value[1]), covariance, **more)


def _one_size(series: _Series) -> Knee:
    fit = series.fit(np.sign(series.field_x))
    knee = _knee(fit.value, fit.covariance, chi2=fit.chi2, dof=fit.dof)
    without = float(series.chi2(np.zeros((1, series.field_x.size)))[0])
    if without - fit.chi2 < _SIGNIFICANT * fit.widened**2:
        return replace(knee, reasons=("no torque beyond the uncertainty",))
    return replace(knee, lower_bound=True, reasons=(_ONE_FIELD,))


_ONE_FIELD = "plateau from one field only, H_DL is a lower bound: measure at larger H_x"


def _several_sizes(series: _Series) -> Knee:
    sizes, field_x = series.sizes, series.field_x
    try:
        clip, tanh = _with_knee(series, "clip"), _with_knee(series, "tanh")
    except Hall2netError:  # fewer fields than parameters
        return replace(series.at(sizes[-1]), lower_bound=True, reasons=(_ONE_FIELD,))
    best, other = (clip, tanh)
    if clip.fit.chi2 - tanh.fit.chi2 > _SIGNIFICANT * tanh.fit.widened**2:
        best, other = tanh, clip
    shapes = np.stack([np.zeros_like(field_x), field_x, np.sign(field_x)])
    significant = _SIGNIFICANT * best.fit.widened**2
    torque, plateau, knee = series.chi2(shapes) - best.fit.chi2 > significant
    tested = {"chi2": best.fit.chi2, "dof": best.fit.dof}
    if not torque or (plateau and not knee):
        return replace(_flat(series, clip, torque), **tested)
    top = replace(series.at(sizes[-1]), lower_bound=True, **tested)
    if not plateau:
        words = f"no plateau up to H_x = {sizes[-1]:g} Oe, H_DL is a lower bound"
        return replace(top, h_dmi_lo=float(sizes[-1]), reasons=(words,))
    if np.sum(sizes >= clip.h_dmi) < 2:
        low, high = sizes[-2:].tolist()
        return replace(top, h_dmi_lo=low, h_dmi_hi=high, reasons=(_ONE_FIELD,))
    if words := _rising(series, abs(clip.plateau - tanh.plateau)):
        below = sizes[sizes < clip.h_dmi]
        lowest = float(below[-1]) if below.size else 0.0
        return replace(top, h_dmi_lo=lowest, reasons=(words,))
    return _resolved(best, other)


@dataclass(frozen=True)
class _ModelFit:
    """One model with its knee, where chi2 has its minimum."""

    model: str
    h_dmi: float
    value: np.ndarray
    """(1 or 2,), plateau and even part."""
    fit: LinearFit
    """The model's tangent at the minimum: plateau, H_DMI, even part."""

    @property
    def plateau(self) -> float:
        return float(self.value[0])

    def knee(self) -> Knee:
        kept = [k for k in range(len(self.fit.value)) if k != 1]
        covariance = self.fit.covariance[np.ix_(kept, kept)]
        return _knee(
            self.value, covariance, model=self.model, h_dmi=self.h_dmi,
            h_dmi_u=float(self.fit.sigma[1]), chi2=self.fit.chi2, dof=self.fit.dof,
        )  # fmt: skip


def _with_knee(series: _Series, model: str) -> _ModelFit:
    """Least squares of one model over H_DMI; its amplitudes are linear for each H_DMI."""
    shape = MODELS[model]

    def chi2(h_dmi: np.ndarray) -> np.ndarray:
        return series.chi2(shape(series.field_x / np.reshape(h_dmi, (-1, 1))))

    grid = _grid(series)
    best = int(np.argmin(chi2(grid)))
    around = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = minimize_scalar(
        lambda h: chi2(h)[0], bounds=around, method="bounded", options={"xatol": 1e-9 * around[1]}
    )
    h_dmi = float(found.x if found.fun < chi2(grid[best])[0] else grid[best])
    at_minimum = series.fit(shape(series.field_x / h_dmi))
    step = 1e-6 * h_dmi
    gradient = (shape(series.field_x / (h_dmi + step)) - shape(series.field_x / h_dmi)) / step
    if not np.any(gradient):  # all fields on the plateau: any smaller knee is as good
        gradient = 1e-9 * series.field_x / h_dmi**2
    tangent = series.fit(shape(series.field_x / h_dmi), at_minimum.value[0] * gradient)
    return _ModelFit(model, h_dmi, at_minimum.value, tangent)


def _grid(series: _Series) -> np.ndarray:
    """Trial values of H_DMI. Below a third of the smallest field both models are flat, above three
    times the largest both are straight; 200 steps are finer than any usual spacing of fields."""
    sizes = series.sizes
    return np.union1d(np.geomspace(sizes[0] / 3, 3 * sizes[-1], 200), sizes)


def _flat(series: _Series, clip: _ModelFit, torque: bool) -> Knee:
    """The torque that has the sign of the field, and no other dependence on it."""
    fit = series.fit(np.sign(series.field_x))
    knee = _knee(fit.value, fit.covariance)
    if not torque:
        return replace(knee, reasons=("no torque beyond the uncertainty",))
    grid = _grid(series)
    chi2 = series.chi2(MODELS["clip"](series.field_x / grid[:, None]))
    inside = grid[chi2 < chi2.min() + _LIMIT * clip.fit.widened**2]
    highest = float(max(inside.max(), series.sizes[0]))
    words = f"no knee: H_DMI below {highest:.4g} Oe, not resolved"
    return replace(knee, h_dmi_lo=0.0, h_dmi_hi=highest, reasons=(words,))


def _rising(series: _Series, tolerance: float) -> str:
    """Words where the two largest fields do not lie on one plateau; else empty."""
    below, top = series.sizes[-2:].tolist()
    a, b = series.at(below), series.at(top)
    variance = a.covariance[0, 0] + b.covariance[0, 0] + tolerance**2
    if abs(a.plateau - b.plateau) < _AGREE * np.sqrt(variance):
        return ""
    return f"no plateau: dH_0/dI still changes from H_x = {below:g} to {top:g} Oe"


def _resolved(best: _ModelFit, other: _ModelFit) -> Knee:
    knee, second = best.knee(), other.knee()
    return replace(
        knee,
        plateau_sys=abs(knee.plateau - second.plateau),
        zero_sys=abs(knee.zero - second.zero),
        h_dmi_sys=abs(knee.h_dmi - second.h_dmi),
    )
