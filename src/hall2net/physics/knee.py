"""dH_0/dI against in-plane field: plateau, part without a field, and knee at H_DMI.

s(H_x) = P f(H_x/H_DMI) + G: the torque on Neel walls, aligned from H_DMI on, beside a part G that
needs no in-plane field. P is odd in H_x and G even, so that fitting both to fields of both signs
is the average over +-H_x. How the walls align is a model: f(x) = clip(x, -1, 1) has a knee, tanh(x)
and Langevin's function saturate smoothly. Their difference is a systematic uncertainty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from hall2net.errors import Hall2netError
from hall2net.physics.lines import LinearFit, scatter_reason, weighted_fit, widening


def _langevin(x: np.ndarray) -> np.ndarray:
    """L(3x) = coth(3x) - 1/(3x)."""
    z = np.where(np.abs(x) < 1e-4, 1e-4, 3 * x)  # the limit of small x is x itself
    return np.where(np.abs(x) < 1e-4, x, 1 / np.tanh(z) - 1 / z)


MODELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "clip": lambda x: np.clip(x, -1, 1),
    "tanh": np.tanh,
    "langevin": _langevin,
}
"""How the torque follows H_x/H_DMI; in all the tangent at zero meets the plateau at H_DMI."""

_SIGNIFICANT = 9.0  # gain in chi2, 3 sigma, that a torque, a plateau or a knee must bring
_AGREE = 2.58  # sigma by which two fields on one plateau may differ: 1 % of true plateaus fail


@dataclass(frozen=True)
class Knee:
    """dH_0/dI = plateau f(H_x/H_DMI) + zero, in Oe/mA, with f of `MODELS`; H_DMI in Oe."""

    plateau: float
    zero: float
    covariance: np.ndarray
    """(2, 2), of plateau and zero; statistical, widened by the scatter about the fit."""
    model: str = "clip"
    """Key of `MODELS`; a smooth one where it fits significantly better than the knee."""
    plateau_sys: float = np.nan
    """Largest difference of models that the data allow; NaN where they cannot be compared."""
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


def _knee(value: np.ndarray, covariance: np.ndarray, **more: Any) -> Knee:  # noqa: ANN401
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
    sizes = series.sizes
    try:
        fits = _Fits({model: _with_knee(series, model) for model in MODELS})
    except Hall2netError:  # fewer fields than parameters
        return replace(series.at(sizes[-1]), lower_bound=True, reasons=(_ONE_FIELD,))
    nothing, straight, flat = np.zeros_like(series.field_x), series.field_x, np.sign(series.field_x)
    chi2 = series.chi2(np.stack([nothing, straight, flat]))
    torque, bent, knee = chi2 - fits.best.chi2 > fits.significant
    tested: dict[str, Any] = {"chi2": fits.best.chi2, "dof": fits.best.dof}
    if not torque or (bent and not knee):
        return replace(_flat(series, fits, torque), **tested)
    bound = replace(series.at(sizes[-1]), lower_bound=True, **tested)
    # A knee as sharp as that of the first model; smooth ones have no field where they end.
    low, high = _limits(series, "clip", fits.models["clip"].chi2 + fits.significant)
    if not bent:
        words = f"no plateau up to H_x = {sizes[-1]:g} Oe, H_DL is a lower bound"
        return replace(bound, h_dmi_lo=min(low, float(sizes[-1])), reasons=(words,))
    on_plateau = sizes >= fits.models["clip"].h_dmi
    if on_plateau.sum() < 2:
        low, high = min(low, float(sizes[-2])), max(high, float(sizes[-1]))
        return replace(bound, h_dmi_lo=low, h_dmi_hi=high, reasons=(_ONE_FIELD,))
    if words := _rising(series, fits.best.widened):
        return replace(bound, h_dmi_lo=low, reasons=(words,))
    return fits.resolved()


@dataclass(frozen=True)
class _ModelFit:
    """One model with its knee, where chi2 has its minimum."""

    model: str
    h_dmi: float
    value: np.ndarray
    """(1 or 2,), plateau and even part."""
    covariance: np.ndarray
    """(2 or 3,) squared, of plateau, H_DMI and even part; widened."""
    chi2: float
    dof: int

    @property
    def widened(self) -> float:
        return widening(self.chi2, self.dof)

    def resolved(self, series: _Series) -> bool:
        """Whether a field lies below H_DMI."""
        return self.h_dmi > series.sizes[0]

    def knee(self) -> Knee:
        kept = np.ix_(*2 * [[k for k in range(len(self.covariance)) if k != 1]])
        return _knee(
            self.value, self.covariance[kept], model=self.model, h_dmi=self.h_dmi,
            h_dmi_u=float(np.sqrt(self.covariance[1, 1])), chi2=self.chi2, dof=self.dof,
        )  # fmt: skip


@dataclass(frozen=True)
class _Fits:
    """All models of `MODELS`, fitted to one series."""

    models: Mapping[str, _ModelFit]

    @cached_property
    def best(self) -> _ModelFit:
        """The knee, unless a smooth model fits significantly better."""
        knee, first = self.models["clip"], min(self.models.values(), key=lambda fit: fit.chi2)
        return first if knee.chi2 - first.chi2 > _SIGNIFICANT * first.widened**2 else knee

    @property
    def significant(self) -> float:
        """Gain in chi2 that counts, given the scatter about the best model."""
        return _SIGNIFICANT * self.best.widened**2

    @cached_property
    def rivals(self) -> list[_ModelFit]:
        """The best fitting of the other models, and all that the data do not exclude."""
        others = [fit for fit in self.models.values() if fit is not self.best]
        first, *rest = sorted(others, key=lambda fit: fit.chi2)
        return [first, *(r for r in rest if r.chi2 - self.best.chi2 < self.significant)]

    def resolved(self) -> Knee:
        """The knee of the best model, with its distance from the rivals."""
        knee, rivals = self.best.knee(), [fit.knee() for fit in self.rivals]
        return replace(
            knee,
            plateau_sys=max(abs(knee.plateau - rival.plateau) for rival in rivals),
            zero_sys=max(abs(knee.zero - rival.zero) for rival in rivals),
            h_dmi_sys=max(abs(knee.h_dmi - rival.h_dmi) for rival in rivals),
        )


def _with_knee(series: _Series, model: str) -> _ModelFit:
    """Least squares of one model over H_DMI; its amplitudes are linear for each H_DMI."""
    shape = MODELS[model]

    def chi2(h_dmi: np.ndarray | float) -> np.ndarray:
        return series.chi2(shape(series.field_x / np.reshape(h_dmi, (-1, 1))))

    grid = _grid(series)
    best = int(np.argmin(chi2(grid)))
    around = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = minimize_scalar(
        lambda h: chi2(h)[0], bounds=around, method="bounded", options={"xatol": 1e-9 * around[1]}
    )
    h_dmi = float(found.x if found.fun < chi2(grid[best])[0] else grid[best])
    fit, tangent = _at(series, shape, h_dmi)
    last = h_dmi + tangent.value[1]  # one step of Gauss and Newton: exact data give exact values
    if 0 < last and chi2(last)[0] < chi2(h_dmi)[0]:
        h_dmi, (fit, tangent) = last, _at(series, shape, last)
    # At a field the knee has two tangents: chi2 is that of the model, not of its tangent.
    scale = widening(fit.chi2, tangent.dof) / tangent.widened
    covariance = scale**2 * tangent.covariance
    return _ModelFit(model, float(h_dmi), fit.value, covariance, fit.chi2, tangent.dof)


def _at(
    series: _Series, shape: Callable[[np.ndarray], np.ndarray], h_dmi: float
) -> tuple[LinearFit, LinearFit]:
    """Amplitudes at one H_DMI, and those of the tangent with H_DMI (its change) as the second."""
    fit = series.fit(shape(series.field_x / h_dmi))
    step = 1e-6 * h_dmi
    gradient = (shape(series.field_x / (h_dmi + step)) - shape(series.field_x / h_dmi)) / step
    if not np.any(gradient):  # all fields on the plateau: any smaller knee is as good
        gradient = 1e-9 * series.field_x / h_dmi**2
    return fit, series.fit(shape(series.field_x / h_dmi), fit.value[0] * gradient)


def _grid(series: _Series) -> np.ndarray:
    """Trial values of H_DMI. Below a third of the smallest field clip and tanh are flat, above
    three times the largest all are straight; 200 steps are finer than any usual spacing."""
    sizes = series.sizes
    return np.union1d(np.geomspace(sizes[0] / 3, 3 * sizes[-1], 200), sizes)


def _flat(series: _Series, fits: _Fits, torque: bool) -> Knee:
    """The torque of fields that may all lie on the plateau.

    Its value is that of the best knee, whether resolved or not: the mean of all fields would be too
    small if some lie below it.
    """
    fit = series.fit(np.sign(series.field_x))
    flat = _knee(fit.value, fit.covariance)
    if not torque:
        # Where nothing is seen, nothing is known of a knee: the largest field counts alone.
        top = series.at(series.sizes[-1])
        return replace(top, reasons=("no torque beyond the uncertainty",))
    clip, limit = fits.models["clip"], fits.best.chi2 + fits.significant
    knee = replace(clip.knee(), h_dmi=np.nan, h_dmi_u=np.nan) if clip.resolved(series) else flat
    allowed = [fit for fit in fits.models.values() if fit.chi2 < limit]
    highest = max(series.sizes[0], *(_limits(series, fit.model, limit)[1] for fit in allowed))
    others = [flat, *(fit.knee() for fit in allowed)]
    return replace(
        knee,
        plateau_sys=max(abs(knee.plateau - other.plateau) for other in others),
        zero_sys=max(abs(knee.zero - other.zero) for other in others),
        h_dmi_lo=0.0,
        h_dmi_hi=float(highest),
        reasons=(f"no knee: H_DMI below {highest:.4g} Oe, not resolved",),
    )


def _limits(series: _Series, model: str, chi2: float) -> tuple[float, float]:
    """Lowest and highest H_DMI of a model whose chi2 is below a limit; 0 and infinity are open."""
    grid = _grid(series)
    inside = np.flatnonzero(series.chi2(MODELS[model](series.field_x / grid[:, None])) < chi2)
    if not inside.size:  # between two steps of the grid
        return np.inf, 0.0
    low, high = inside[0] - 1, inside[-1] + 1
    return float(grid[low]) if low >= 0 else 0.0, float(grid[high]) if high < grid.size else np.inf


def _rising(series: _Series, widened: float) -> str:
    """Words where the two largest fields do not lie on one plateau; else empty."""
    below, top = series.sizes[-2:].tolist()
    a, b = series.at(below), series.at(top)
    sigma = widened * np.sqrt(a.covariance[0, 0] + b.covariance[0, 0])
    if abs(a.plateau - b.plateau) < _AGREE * sigma:
        return ""
    return f"no plateau: dH_0/dI still changes from H_x = {below:g} to {top:g} Oe"
