"""Torque efficiencies of each sample by every method that measured them, and whether they agree."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hall2net.physics.agreement import difference
from hall2net.physics.current_density import current_density
from hall2net.physics.facts import Samples, fact
from hall2net.physics.formulas import (
    Convention,
    current_density_per_current,
    efficiency_per_current_density,
)
from hall2net.physics.material import Material, material
from hall2net.physics.systematics import Off, Systematics, total
from hall2net.tables import systematic_column, uncertainty_column
from hall2net.units import OERSTED

METHODS = ("loop_shift", "harmonic_angle", "harmonic_field")
"""The first that a sample has is the one that the others are compared with."""

_PER_MA = 1e-3 / OERSTED  # A/m per A to Oe per mA
_TORQUES = {"h_dl_per_ma_oe": "xi_dl_j", "h_fl_per_ma_oe": "xi_fl_j"}
_SHORT = {"h_dl_per_ma_oe": "dl", "h_fl_per_ma_oe": "fl"}
_NO_MOMENT = "xi needs M_s t: magnetometry, or m_s_t_a or m_s_emu_cc of the sample"
_COLUMNS = (
    "sample", "method",
    *(column for pair in _TORQUES.items() for name in pair
      for column in (name, uncertainty_column(name), systematic_column(name))),
    "against", "z_dl", "p_dl", "z_fl", "p_fl", "current_layer", "status", "reason",
)  # fmt: skip


def torque_methods_table(
    harmonic: pd.DataFrame,
    torque: pd.DataFrame | None,
    magnetometry: pd.DataFrame,
    resistivity: pd.DataFrame,
    samples: Samples,
    *,
    convention: Mapping[str, Any],
    systematics: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Damping-like and field-like efficiencies by loop shift and by harmonics, side by side.

    Both torques are xi = (2e/hbar) mu_0 (M_s t) H/j. Methods are compared by their fields per
    current: M_s t, the cross-section and the calibrations of field and current are the same in all
    of them and say nothing on whether they agree. What else is uncertain counts as independent.
    Where rotations gave the planar Hall ratio and the thermal part to the other harmonic method,
    the two share some error, and the test is milder than it says.

    Parameters
    ----------
    harmonic : harmonic.csv
    torque : torque.csv; None for a study without loop shifts
    magnetometry, resistivity : tables of the same names
    samples : sample to its facts, as in `hall2net.physics.harmonic.harmonic_table`
    convention : keys of `Convention`
    systematics : block of the study, as `Systematics.of` takes it

    Returns
    -------
    DataFrame, one row a sample and method: `h_dl_per_ma_oe`, `h_fl_per_ma_oe` (without Oersted
    field), `xi_dl_j`, `xi_fl_j`, each with `_u` and `_sys`; `against`, the method that this one is
    compared with, and the difference over its sigma `z` with the probability `p` of one as large;
    field-like fields are compared with the first method that gives one.

    Raises
    ------
    ConfigError
        If a sample lacks a fact, or the convention is not valid.
    """
    chosen, sources = Convention.of(convention), Systematics.of(systematics or {}, samples)
    rows: list[dict[str, Any]] = []
    for sample in dict.fromkeys(harmonic["sample"]):
        calibrated = _calibrations(sources, str(sample))
        own = _methods(harmonic, torque, str(sample), calibrated)
        known = material(str(sample), magnetometry, resistivity, samples)
        moment = known.moment
        density = current_density(samples, str(sample), resistivity, chosen)
        scale = _scale(sources, samples, str(sample), known, chosen)
        for row in own:
            for field, xi in _TORQUES.items():
                per_field = efficiency_per_current_density(moment.value, 1 / _PER_MA / density)
                row |= _efficiency(row, field, xi, per_field, moment.u / moment.value, scale)
            if not moment and row["status"] != "refused":
                row["status"] = "flagged"
                row["reason"] = "; ".join(filter(None, [row["reason"], _NO_MOMENT]))
        comparable = [row for row in own if _comparable(row)]
        firsts = {
            short: next((row for row in comparable if np.isfinite(row[field])), None)
            for field, short in _SHORT.items()
        }
        compared = [row | _compared(row, firsts) for row in own]
        rows += [_with_calibrations(row, calibrated) for row in compared]
    for row in rows:
        row["current_layer"] = chosen.current_layer
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _calibrations(sources: Systematics, sample: str) -> float:
    """Relative uncertainty of a field per current from the calibrations of both."""
    return float(total(sources.parts(sample, lambda off: off.field / off.current), 1)[0])


def _scale(
    sources: Systematics, samples: Samples, sample: str, known: Material, convention: Convention
) -> float:
    """Relative systematic uncertainty of xi = (2e/hbar) mu_0 (M_s t) (H/I)/(j/I), but that of H."""
    width, stack, heavy_metal = (
        fact(samples, sample, name) for name in ("width_um", "stack_nm", "heavy_metal_nm")
    )

    def density(off: Off) -> float:
        return current_density_per_current(
            convention,
            width * off.width_um,
            stack * off.stack_nm,
            heavy_metal * off.heavy_metal_nm,
            known.rho.value * known.factors(off)[2],
        )

    def relative(off: Off) -> float:
        moment = known.factors(off)[0]
        return moment * density(Off()) / density(off) * off.field / off.current

    parts = sources.parts(sample, relative)
    if known.moment:
        parts["saturation_window"] = np.array([known.window[0] / known.moment.value])
    return float(total(parts, 1)[0])


def _with_calibrations(row: dict[str, Any], calibrated: float) -> dict[str, Any]:
    """A row whose fields have the calibrations in `_sys` too."""
    for field in _TORQUES:
        name = systematic_column(field)
        row[name] = float(np.hypot(row[name], row[field] * calibrated))
    return row


def _methods(
    harmonic: pd.DataFrame, torque: pd.DataFrame | None, sample: str, calibrated: float
) -> list[dict[str, Any]]:
    """Fields of a sample by each method; `_sys` without the calibrations that all share."""
    found = {
        str(row["kind"]): row for row in harmonic[harmonic["sample"] == sample].to_dict("records")
    }
    if torque is not None:
        for row in torque[torque["sample"] == sample].to_dict("records"):
            found["loop_shift"] = row
    kept = ("status", "reason", "h_dl_is_lower_bound")
    names = [column for name in _TORQUES for column in
             (name, uncertainty_column(name), systematic_column(name))]  # fmt: skip
    rows = []
    for method in (name for name in METHODS if name in found):
        row = {name: found[method].get(name, np.nan) for name in (*names, *kept)}
        row["reason"] = "" if pd.isna(row["reason"]) else row["reason"]
        for name in _TORQUES if method == "loop_shift" else ():
            left = row[systematic_column(name)] ** 2 - (row[name] * calibrated) ** 2
            row[systematic_column(name)] = float(np.sqrt(np.maximum(left, 0.0)))
        rows.append({"sample": sample, "method": method} | row)
    return rows


def _efficiency(
    row: Mapping[str, Any], field: str, xi: str, per_field: float, moment_u: float, scale: float
) -> dict[str, float]:
    """An efficiency with `_u`, in which that of M_s t counts, and `_sys`, in which `scale` does."""
    value = row[field] * per_field
    u = np.hypot(row[uncertainty_column(field)] * per_field, value * np.nan_to_num(moment_u))
    sys = np.hypot(row[systematic_column(field)] * per_field, value * scale)
    return {xi: value, uncertainty_column(xi): abs(u), systematic_column(xi): sys}


def _comparable(row: Mapping[str, Any]) -> bool:
    """Whether a row has a damping-like field that is no bound."""
    bound = str(row.get("h_dl_is_lower_bound")) in ("True", "1", "1.0")
    return row["status"] != "refused" and np.isfinite(row["h_dl_per_ma_oe"]) and not bound


def _compared(
    row: Mapping[str, Any], firsts: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, Any]:
    compared: dict[str, Any] = {}
    for field, short in _SHORT.items():
        first = firsts[short]
        if first is None or row is first or not _comparable(row):
            continue
        if short == "dl":
            compared["against"] = first["method"]
        pair = [(one[field], _total(one, field)) for one in (row, first)]
        compared[f"z_{short}"], compared[f"p_{short}"] = difference(*pair)
    return compared


def _total(row: Mapping[str, Any], field: str) -> float:
    parts = [row[uncertainty_column(field)], row[systematic_column(field)]]
    return float(np.hypot(*np.nan_to_num(parts)))
