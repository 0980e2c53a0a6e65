"""Longitudinal resistance and resistivity of each sample."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from hall2net.errors import Hall2netError
from hall2net.measurement import select
from hall2net.physics.facts import Samples, fact
from hall2net.physics.lines import weighted_fit
from hall2net.physics.systematics import Off, Parts, Systematics, total
from hall2net.tables import systematic_column, uncertainty_column

QUANTITIES = ("r_xx_ohm", "rho_xx_uohm_cm")
"""Of a row of resistivity.csv, each with `_u` and `_sys`."""

_UOHM_CM = 1e-8
_ONE_TEMPERATURE_K = 5.0


def resistivity_table(
    datasets: Sequence[xr.Dataset], samples: Samples, systematics: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Longitudinal resistance and resistivity of each sample.

    From a current-voltage curve the slope of V = V_0 + R I, so that a thermoelectric offset is of
    no account; from resistances without a current their mean. rho_xx = R w t_stack/L.

    Parameters
    ----------
    datasets : one a sample; measurements of kind `resistivity` count, one each
    samples : sample to its facts: `width_um`, `length_um`, `stack_nm`
    systematics : block of the study, as `hall2net.physics.systematics.Systematics.of` takes it

    Returns
    -------
    DataFrame, one row a sample: `sample, r_xx_ohm, rho_xx_uohm_cm` with `_u` (statistical) and
    `_sys`, `systematics` (whether their sources are given or assumed), `status`, `reason`.

    Raises
    ------
    ConfigError
        If a measured sample lacks a fact.
    """
    sources = Systematics.of(systematics or {}, samples)
    rows = []
    for dataset in datasets:
        name = str(dataset.attrs["sample"])
        measured = dataset["id"].to_numpy()[dataset["kind"].to_numpy() == "resistivity"].tolist()
        if not measured:
            continue
        to_rho = resistivity_per_resistance(samples, name)
        row: dict[str, Any] = {"sample": name, "status": "ok", "reason": ""}
        try:
            if len(measured) > 1:
                raise Hall2netError(f"{len(measured)} resistivity measurements, expected one")
            r_xx, r_xx_u = _resistance(select(dataset, measured[0]), to_rho)
            row |= {"r_xx_ohm": r_xx, "r_xx_u_ohm": r_xx_u}
            row |= {"rho_xx_uohm_cm": r_xx * to_rho, "rho_xx_u_uohm_cm": r_xx_u * to_rho}
            parts = resistivity_parts(row, sources)
            row |= dict(zip(map(systematic_column, QUANTITIES), total(parts), strict=True))
            row["systematics"] = sources.words(name, parts)
        except Hall2netError as error:
            row |= {"status": "refused", "reason": str(error)}
        rows.append(row)
    columns = [
        column
        for name in QUANTITIES
        for column in (name, uncertainty_column(name), systematic_column(name))
    ]
    return pd.DataFrame(rows, columns=["sample", *columns, "systematics", "status", "reason"])


def resistivity_parts(row: Mapping[str, Any], systematics: Systematics) -> Parts:
    """Systematic parts of `QUANTITIES` of a sample: R = V/I and rho = R w t_stack/L.

    Parameters
    ----------
    row : of resistivity.csv
    systematics : sources of the study
    """

    def derived(off: Off) -> np.ndarray:
        r_xx, rho = (row[name] / off.current for name in QUANTITIES)
        return np.array([r_xx, rho * resistivity_factor(off)])

    return systematics.parts(str(row["sample"]), derived)


def resistivity_factor(off: Off) -> float:
    """What rho = R w t_stack/L is off by where dimensions are."""
    return off.width_um * off.stack_nm / off.length_um


def resistivity_per_resistance(samples: Samples, sample: str) -> float:
    """w t_stack/L in uohm cm per ohm.

    Raises
    ------
    ConfigError
        If the sample lacks `width_um`, `length_um` or `stack_nm`.
    """
    width, length, stack = (
        fact(samples, sample, key) for key in ("width_um", "length_um", "stack_nm")
    )
    return width * stack / length * 1e-9 / _UOHM_CM


def _resistance(measurement: xr.Dataset, to_rho: float) -> tuple[float, float]:
    current = measurement["write_current"].to_numpy()
    resistance = measurement["resistance"].to_numpy()
    if not np.isfinite(resistance).any():
        resistance = measurement["resistivity"].to_numpy() / _UOHM_CM / to_rho
    temperature = measurement["point_temperature"].to_numpy()
    valid = np.isfinite(resistance)
    if np.isfinite(temperature).any() and np.ptp(temperature[valid]) > _ONE_TEMPERATURE_K:
        wanted = float(measurement["temperature"])
        if not np.isfinite(wanted):
            raise Hall2netError("several temperatures; give temperature_k in the sheet")
        valid &= np.abs(temperature - wanted) <= _ONE_TEMPERATURE_K / 2
    if valid.sum() < 3:
        raise Hall2netError(f"{valid.sum()} usable points, expected at least 3")
    resistance, current = resistance[valid], current[valid]
    if np.isfinite(current).all() and np.ptp(current) > 0.1 * np.abs(current).max():
        design = np.column_stack([current, np.ones_like(current)])
        fit = weighted_fit(design, resistance * current)
    else:
        fit = weighted_fit(np.ones((resistance.size, 1)), resistance)
    if not fit.value[0] > 0:
        raise Hall2netError(f"a resistance of {fit.value[0]:.3g} ohm, expected one above 0")
    return float(fit.value[0]), float(fit.sigma[0])
