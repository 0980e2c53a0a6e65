"""Torques of each sample from its harmonic Hall measurements, by either method.

`lock_in` takes the phase out, `harmonic_field` and `harmonic_angle` are the methods. What a method
needs and does not measure comes from the other one, from loops and magnetometry, or from
`samples.csv`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr

from hall2net.errors import Hall2netError
from hall2net.measurement import HARMONIC, select
from hall2net.physics.current_density import current_density
from hall2net.physics.facts import Given, Samples, fact, given
from hall2net.physics.formulas import Convention
from hall2net.physics.harmonic_angle import AngleTorques, Rotation, angle_torques, fit_rotation
from hall2net.physics.harmonic_field import (
    FieldInputs,
    FieldTorques,
    Sweep,
    anisotropy_field,
    field_torques,
    fit_sweep,
    in_small_fields,
    own_r_ahe,
)
from hall2net.physics.lock_in import harmonics
from hall2net.tables import hall_loops, systematic_column, uncertainty_column, usable
from hall2net.units import OERSTED

_PER_MA = 1e-3 / OERSTED  # A/m per A to Oe per mA
_ONE_TEMPERATURE_K = 5.0
_ROOT_2 = float(np.sqrt(2))
_SWING = 0.05  # relative difference from a factor sqrt(2) of two swings that differ by it

_PLANAR = "harmonic_field needs R_PHE/R_AHE: measure harmonic_angle, or give planar_hall_ratio"
_R_AHE = "R_AHE is not known: measure ahe_loop, harmonic_field in both states, or give r_ahe_ohm"
_H_K = "H_k is not known: measure harmonic_field or vsm_loop in both orientations, or give h_k_oe"

_WITH_BOTH = (
    "h_dl_per_ma_oe", "h_fl_per_ma_oe", "h_fl_total_per_ma_oe", "h_oersted_per_ma_oe",
    "thermal_uohm_per_ma",
)  # fmt: skip
_INPUTS = ("planar_hall_ratio", "r_ahe_ohm", "h_k_oe")
_COLUMNS = (
    "sample", "kind", "temperature_k", "current_ma", "n_measurements", "field_min_oe",
    "field_max_oe",
    *(column for q in _WITH_BOTH
      for column in (q, uncertainty_column(q), systematic_column(q))),
    "h_dl_sys_from", "h_fl_sys_from",
    *(column for q in _INPUTS for column in (q, uncertainty_column(q), f"{q}_source")),
    "thermal_source", "misalignment_deg", "phase_deg", "chi2", "dof", "status", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What the measurements themselves do not say.

    Attributes
    ----------
    heavy_metal : below or above the ferromagnet, which sets the sign of the Oersted field
    misalignment_deg : 1 sigma of the direction of the field in the plane
    """

    heavy_metal: str = "below"
    misalignment_deg: float = 1.0


@dataclass(frozen=True)
class _Known:
    """What a sample's methods share."""

    r_ahe: Given
    h_k: Given
    planar: Given
    thermal: Given
    """ohm/A."""


@dataclass
class _Series:
    """The measurements of one kind, fitted one by one."""

    fitted: list[Any] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def harmonic_table(
    datasets: Sequence[xr.Dataset],
    loops: pd.DataFrame,
    magnetometry: pd.DataFrame,
    resistivity: pd.DataFrame,
    samples: Samples,
    *,
    settings: Mapping[str, Any],
    convention: Mapping[str, Any],
) -> pd.DataFrame:
    """Damping-like, field-like and thermal part of each sample with harmonic measurements.

    Parameters
    ----------
    datasets : one a sample
    loops, magnetometry, resistivity : tables of the same names, for R_AHE, H_k and, where the
        current is shared out by resistivity, rho_xx
    samples : sample to its facts: `width_um, stack_nm, heavy_metal_nm`, and those that stand in
        where nothing was measured: `planar_hall_ratio, r_ahe_ohm, h_k_oe, thermal_uohm_per_ma`
    settings : keys of `Settings`
    convention : keys of `Convention`; `current_layer` says which current makes an Oersted field

    Returns
    -------
    DataFrame, one row a sample and kind. With `_u` (1 sigma, statistical) and `_sys` (1 sigma of
    inputs and alignment): `h_dl_per_ma_oe`, `h_fl_per_ma_oe` (without Oersted field),
    `h_fl_total_per_ma_oe` (with it), `h_oersted_per_ma_oe`, `thermal_uohm_per_ma` (second harmonic
    of the temperature gradient with the magnetisation along the current), all for the peak of the
    current. `h_dl_sys_from` and `h_fl_sys_from` name the largest systematic part. The inputs
    `planar_hall_ratio`, `r_ahe_ohm`, `h_k_oe` with `_u` and `_source`; `misalignment_deg` (of the
    field from its nominal direction), `phase_deg` (of the current), `chi2`, `dof`, `status`,
    `reason`.

    Raises
    ------
    ConfigError
        If a sample lacks a fact, or the convention is not valid.
    """
    chosen, layer = Settings(**settings), Convention.of(convention)
    rows: list[dict[str, Any]] = []
    for dataset in datasets:
        name = str(dataset.attrs["sample"])
        if not np.isin(dataset["kind"].to_numpy(), HARMONIC).any():
            continue
        oersted = _oersted(samples, name, resistivity, layer, chosen.heavy_metal)
        rows += _sample_rows(dataset, loops, magnetometry, samples, chosen, oersted)
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _sample_rows(
    dataset: xr.Dataset,
    loops: pd.DataFrame,
    magnetometry: pd.DataFrame,
    samples: Samples,
    settings: Settings,
    oersted: Given,
) -> Iterator[dict[str, Any]]:
    """Rows of one sample: the rotations first, which give the other method what it needs."""
    name = str(dataset.attrs["sample"])
    sweeps, rotations = _fitted(dataset, "harmonic_field"), _fitted(dataset, "harmonic_angle")
    given_ratio = given(samples, name, "planar_hall_ratio")
    r_ahe, doubt = _r_ahe(name, sweeps.fitted, loops, samples)
    h_k = _h_k(name, sweeps.fitted, magnetometry, samples, r_ahe, given_ratio)
    known = _Known(r_ahe, h_k, given_ratio, _given_thermal(samples, name))
    misalignment = float(np.radians(settings.misalignment_deg))
    turned: AngleTorques | None = None
    if rotations.fitted or rotations.lost:
        row: dict[str, Any] = {"sample": name, "kind": "harmonic_angle"}
        try:
            _refuse(doubt, rotations)
            _need(r_ahe, _R_AHE)
            _need(h_k, _H_K)
            turned = angle_torques(rotations.fitted, r_ahe, h_k, misalignment)
            row |= _angle_row(turned, rotations, known, oersted)
        except Hall2netError as error:
            row |= {"status": "refused", "reason": str(error)}
        yield _with_range(row, dataset)
    if turned is not None:
        known = _with_rotations(known, turned)
    if sweeps.fitted or sweeps.lost:
        row = {"sample": name, "kind": "harmonic_field"}
        try:
            _refuse(doubt, sweeps)
            _need(r_ahe, _R_AHE)
            _need(known.planar, _PLANAR)
            row |= _field_row(sweeps, known, misalignment, oersted)
        except Hall2netError as error:
            row |= {"status": "refused", "reason": str(error)}
        yield _with_range(row, dataset)


def _fitted(dataset: xr.Dataset, kind: str) -> _Series:
    """Fits of the measurements of a kind, and why others have none."""
    series = _Series()
    for identifier in dataset["id"].to_numpy()[dataset["kind"].to_numpy() == kind].tolist():
        one = select(dataset, identifier)
        try:
            series.fitted.append(_fit_one(one, kind))
        except Hall2netError as error:
            series.lost.append(f"{identifier}: {error}")
    return series


def _fit_one(one: xr.Dataset, kind: str) -> Sweep | Rotation:
    direction = float(one["direction"])
    if kind == "harmonic_angle":
        size = abs(float(one["field_in_plane"]))
        if not size > 0:
            raise Hall2netError("the size of the field is not known: field_oe in the sheet")
        return fit_rotation(harmonics(one, "angle"), size, float(np.nan_to_num(direction)))
    state = float(one["initial_field_z"])
    if not abs(state) > 0:
        raise Hall2netError("up or down is not known: sign of initial_field_z_oe in the sheet")
    if np.isnan(direction):
        raise Hall2netError("direction of the field is not known: direction_deg in the sheet")
    return fit_sweep(harmonics(one, "field"), direction, int(np.sign(state)))


def fitted_sweeps(dataset: xr.Dataset) -> list[Sweep]:
    """The fits of a sample's `harmonic_field`, those that can be fitted.

    Parameters
    ----------
    dataset : of the sample
    """
    return cast(list[Sweep], _fitted(dataset, "harmonic_field").fitted)


def fitted_rotations(dataset: xr.Dataset) -> list[Rotation]:
    """The fits of a sample's `harmonic_angle`, those that can be fitted.

    Parameters
    ----------
    dataset : of the sample
    """
    return cast(list[Rotation], _fitted(dataset, "harmonic_angle").fitted)


def _need(value: Given, words: str) -> None:
    if not value:
        raise Hall2netError(words)


def _refuse(doubt: str, series: _Series) -> None:
    """Stop where the swing contradicts the loops, or no measurement is left."""
    if doubt:
        raise Hall2netError(doubt)
    if not series.fitted:
        raise Hall2netError("; ".join(series.lost))


def _r_ahe(
    name: str, sweeps: Sequence[Sweep], loops: pd.DataFrame, samples: Samples
) -> tuple[Given, str]:
    """R_AHE of a sample, and words where harmonics and loops differ by rms against peak."""
    own, by_hand = own_r_ahe(sweeps), given(samples, name, "r_ahe_ohm")
    rows = usable(hall_loops(loops)) if len(loops) else loops
    rows = rows[(rows["sample"] == name) & rows["r_ahe_ohm"].notna()] if len(rows) else rows
    loop = Given()
    if len(rows):
        best = rows.loc[rows["r_ahe_u_ohm"].fillna(np.inf).idxmin()]
        loop = Given(float(best["r_ahe_ohm"]), float(best["r_ahe_u_ohm"]), "loops.csv")
    other = loop or by_hand
    if own and other:
        ratio = abs(own.value / other.value)
        for factor, words in ((_ROOT_2, "too large"), (1 / _ROOT_2, "too small")):
            if abs(ratio / factor - 1) < _SWING:
                return own, (
                    f"the first harmonic is {ratio:.3g} times R_AHE of "
                    f"{other.source or 'samples.csv'}, a factor sqrt(2) {words}: rms and peak are "
                    "mixed; check current_amplitude and voltage_amplitude"
                )
    return own or other, ""


def _h_k(
    name: str,
    sweeps: Sequence[Sweep],
    magnetometry: pd.DataFrame,
    samples: Samples,
    r_ahe: Given,
    ratio: Given,
) -> Given:
    """H_k in A/m: of the device itself, else of its film, else given."""
    of_sweeps = _own_h_k(sweeps, r_ahe, ratio)
    rows = usable(magnetometry)
    rows = rows[(rows["sample"] == name) & rows["h_k_oe"].notna()]
    if of_sweeps or rows.empty:
        return of_sweeps or given(samples, name, "h_k_oe").times(OERSTED)
    row = rows.iloc[0]
    return Given(row["h_k_oe"], row["h_k_u_oe"], "magnetometry.csv").times(OERSTED)


def _own_h_k(sweeps: Sequence[Sweep], r_ahe: Given, ratio: Given) -> Given:
    """Mean over the sweeps; the spread between them counts with their uncertainties."""
    if not (sweeps and r_ahe):
        return Given()
    p = float(np.nan_to_num(ratio.value))
    try:
        small = in_small_fields(sweeps, r_ahe.value, p)
        values = np.array([anisotropy_field(one, r_ahe.value, p) for one in small])
    except Hall2netError:
        return Given()
    relative = np.array([one.curvature_u / abs(one.curvature) / 2 for one in small])
    weight = (values * relative) ** -2.0
    mean = float(weight @ values / weight.sum())
    spread = float(weight @ (values - mean) ** 2) / max(1, len(values) - 1)
    scatter = max(1.0, np.sqrt(spread))
    of_r_ahe = mean * np.nan_to_num(r_ahe.u) / abs(r_ahe.value) / 2
    return Given(mean, float(np.hypot(scatter * weight.sum() ** -0.5, of_r_ahe)), "harmonic_field")


def _given_thermal(samples: Samples, name: str) -> Given:
    return given(samples, name, "thermal_uohm_per_ma").times(1e-3)


def _with_rotations(known: _Known, turned: AngleTorques) -> _Known:
    """What rotations of the same sample measured, before what was given."""
    r_ahe, planar = known.r_ahe, turned.planar
    ratio = known.planar
    if planar:
        value = planar.value / r_ahe.value
        relative = np.hypot(planar.u / planar.value, np.nan_to_num(r_ahe.u) / r_ahe.value)
        ratio = Given(value, float(abs(value) * relative), planar.source)
    spread = [turned.sigma[1], *(change[1] for change in turned.parts.values())]
    thermal = Given(float(turned.value[1]), float(np.linalg.norm(spread)), "harmonic_angle")
    return _Known(r_ahe, turned.h_k, ratio, thermal)


def _oersted(
    samples: Samples, name: str, resistivity: pd.DataFrame, layer: Convention, side: str
) -> Given:
    """Oersted field of the heavy metal along y per current, m-1; its uncertainty the other layers'.

    A wide sheet with the current K = f I/w gives K/2 on either side, along -y above it. Layers that
    are neither heavy metal nor ferromagnet may lie on either side: the field of their share of the
    current, evenly distributed between both.
    """
    width, stack, heavy = (
        fact(samples, name, key) * scale
        for key, scale in (("width_um", 1e-6), ("stack_nm", 1e-9), ("heavy_metal_nm", 1e-9))
    )
    share = current_density(samples, name, resistivity, layer) * width * heavy
    magnet = given(samples, name, "ferromagnet_nm")
    left = max(0.0, stack - heavy - np.nan_to_num(magnet.value) * 1e-9)
    others = 0.0 if layer.current_layer == "heavy_metal" else left / stack
    sign = -1 if side == "below" else 1
    return Given(sign * share / (2 * width), others / (2 * width) / np.sqrt(3))


def _angle_row(
    turned: AngleTorques, series: _Series, known: _Known, oersted: Given
) -> dict[str, Any]:
    used: list[Rotation] = series.fitted
    h_dl, thermal, h_fl = turned.value
    sigma = turned.sigma
    systematic = np.linalg.norm(list(turned.parts.values()), axis=0)
    row = _fields(h_dl, h_fl, sigma[[0, 2]], systematic[[0, 2]], oersted)
    row |= {
        "thermal_uohm_per_ma": 1e3 * thermal,
        "thermal_u_uohm_per_ma": 1e3 * sigma[1],
        "thermal_sys_uohm_per_ma": 1e3 * systematic[1],
        "thermal_source": "harmonic_angle",
        "misalignment_deg": float(np.degrees(turned.turn)) if turned.planar else np.nan,
        "field_min_oe": min(one.size for one in used) / OERSTED,
        "field_max_oe": max(one.size for one in used) / OERSTED,
        "chi2": turned.chi2,
        "dof": turned.dof,
    }
    row |= _largest({name: change[[0, 2]] for name, change in turned.parts.items()}, oersted)
    row |= _inputs(_with_rotations(known, turned))
    return row | _outcome(used, turned.reasons, series.lost)


def _field_row(
    series: _Series, known: _Known, misalignment: float, oersted: Given
) -> dict[str, Any]:
    ratio = known.planar.value
    used = in_small_fields(series.fitted, known.r_ahe.value, ratio)
    inputs = FieldInputs(known.planar, known.r_ahe, known.thermal, misalignment)
    found: FieldTorques = field_torques(used, inputs)
    reasons = list(found.reasons)
    if not known.thermal:
        reasons.append(
            "the thermal part is not known and counts as none: measure harmonic_angle, or give "
            "thermal_uohm_per_ma"
        )
    beyond = sum(one.left_out for one in used)
    if beyond:
        points = sum(one.harmonics.x.size for one in used)
        reasons.append(f"{beyond} of {points} points left out: fields not small against H_k")
    systematic = np.linalg.norm(list(found.parts.values()), axis=0)
    sigma = np.sqrt(np.diag(found.covariance))
    h_dl, h_fl = found.value
    row = _fields(h_dl, h_fl, sigma, systematic, oersted)
    row |= {
        "thermal_uohm_per_ma": 1e3 * known.thermal.value,
        "thermal_sys_uohm_per_ma": 1e3 * known.thermal.u,
        "thermal_source": known.thermal.source,
        "misalignment_deg": float(np.degrees(found.turn)),
        "field_min_oe": min(one.largest for one in used) / OERSTED,
        "field_max_oe": max(one.largest for one in used) / OERSTED,
        "chi2": found.chi2,
        "dof": found.dof,
    }
    row |= _largest(found.parts, oersted) | _inputs(known)
    return row | _outcome(used, reasons, series.lost)


def _fields(
    h_dl: float, h_total: float, sigma: np.ndarray, systematic: np.ndarray, oersted: Given
) -> dict[str, Any]:
    """Columns of the torques: the field-like one with and without the Oersted field."""
    both = float(np.hypot(systematic[1], oersted.u))
    values = {
        "h_dl_per_ma_oe": (h_dl, sigma[0], systematic[0]),
        "h_fl_per_ma_oe": (h_total - oersted.value, sigma[1], both),
        "h_fl_total_per_ma_oe": (h_total, sigma[1], systematic[1]),
        "h_oersted_per_ma_oe": (oersted.value, 0.0, oersted.u),
    }
    row = {}
    for name, (value, u, sys) in values.items():
        known = np.isfinite(value)
        row[name] = value * _PER_MA
        row[uncertainty_column(name)] = u * _PER_MA if known else np.nan
        row[systematic_column(name)] = sys * _PER_MA if known else np.nan
    return row


def _largest(parts: Mapping[str, np.ndarray], oersted: Given) -> dict[str, str]:
    """Names of the largest systematic parts."""
    of_dl = {name: abs(change[0]) for name, change in parts.items()}
    of_fl = {name: abs(change[1]) for name, change in parts.items()} | {"Oersted field": oersted.u}
    return {
        f"{column}_sys_from": max(sizes, key=lambda name: np.nan_to_num(sizes[name]))
        for column, sizes in (("h_dl", of_dl), ("h_fl", of_fl))
    }


def _inputs(known: _Known) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in (
        ("planar_hall_ratio", known.planar),
        ("r_ahe_ohm", known.r_ahe),
        ("h_k_oe", known.h_k.times(1 / OERSTED)),
    ):
        row |= {name: value.value, uncertainty_column(name): value.u}
        row[f"{name}_source"] = value.source
    return row


def _outcome(
    used: Sequence[Sweep | Rotation], reasons: list[str], lost: Sequence[str]
) -> dict[str, Any]:
    points = [one.harmonics for one in used]
    reasons = [*reasons, *dict.fromkeys(words for one in points for words in one.reasons), *lost]
    return {
        "phase_deg": float(np.degrees(np.mean([one.phase for one in points]))),
        "n_measurements": len(used),
        "status": "flagged" if reasons else "ok",
        "reason": "; ".join(reasons),
    }


def _with_range(row: dict[str, Any], dataset: xr.Dataset) -> dict[str, Any]:
    """A row with the conditions of its kind; several temperatures are refused."""
    own = dataset["kind"].to_numpy() == row["kind"]
    temperature = dataset["temperature"].to_numpy()[own]
    current = np.abs(dataset["current"].to_numpy()[own])
    known = temperature[np.isfinite(temperature)]
    if known.size and np.ptp(known) > _ONE_TEMPERATURE_K:
        words = f"{known.min():g} to {known.max():g} K: give each temperature a sample of its own"
        kept = {key: row[key] for key in ("sample", "kind")}
        row = kept | {"status": "refused", "reason": f"harmonics at several temperatures, {words}"}
    mean = float(known.mean()) if known.size else np.nan
    return row | {"temperature_k": mean, "current_ma": float(np.nanmax(current)) * 1e3}
