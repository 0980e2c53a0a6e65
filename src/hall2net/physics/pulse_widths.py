"""Critical current against pulse width: thermally activated switching."""

from typing import Any

import numpy as np
import pandas as pd

from hall2net.physics.lines import LinearFit, weighted_line
from hall2net.tables import uncertainty_column, usable

ATTEMPT_TIME_S = 1e-9
"""Attempt time of thermal activation, the usual value; I_c0 is the critical current there."""

_FEWEST = 3  # pulse widths; a line through two says nothing of its scatter
_FALLS = 2.0  # sigma; a smaller fall of the current with the width gives no stability

_COLUMNS = [
    "sample", "field_x_oe", "prefield_x_oe", "initial_field_z_oe", "temperature_k",
    "i_c0_ma", "i_c0_u_ma", "delta", "delta_u", "correlation", "chi2", "dof", "n_widths",
    "status", "reason",
]  # fmt: skip


def pulse_width_table(switching: pd.DataFrame) -> pd.DataFrame:
    """I_c = I_c0 [1 - ln(tau/1 ns)/Delta], fitted to the loops of each sample.

    A straight line in ln(tau), every current with its own uncertainty; where the currents scatter
    more, the uncertainties of the line are widened (`hall2net.physics.lines`). Formula: Koch et
    al., Phys. Rev. Lett. 92, 088302 (2004), with an attempt time of 1 ns.

    Parameters
    ----------
    switching : `switching_table`; loops of one sample, in-plane field, pre-applied and initial
        field, and temperature belong together

    Returns
    -------
    DataFrame, one row a series with three pulse widths or more: `sample` and the conditions;
    `i_c0_ma` and `delta` with `_u`, and their `correlation`; `chi2` (sum of squares over the stated
    uncertainties), `dof`, `n_widths`; `status` (ok, flagged, refused) and `reason`.
    """
    rows = usable(switching)
    rows = rows[rows["i_c_ma"].notna() & rows["pulse_width_s"].gt(0)]
    series = ["sample", *_conditions(rows)]
    table = []
    for _, loops in rows.groupby(series, dropna=False, sort=True):
        if loops["pulse_width_s"].nunique() >= _FEWEST:
            conditions = {name: loops[name].iloc[0] for name in _COLUMNS[:5] if name in loops}
            table.append(conditions | _law(loops))
    return pd.DataFrame(table, columns=_COLUMNS)


def critical_current(law: pd.Series, width_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Critical current of a law and its 1 sigma, in mA, each of the shape of the widths.

    Parameters
    ----------
    law : a row of `pulse_width_table` that is not refused
    width_s : pulse widths in s
    """
    start, delta = law["i_c0_ma"], law["delta"]
    x = np.log(np.asarray(width_s, dtype=float) / ATTEMPT_TIME_S)
    of_start, of_delta = (1 - x / delta) * law["i_c0_u_ma"], start * x / delta**2 * law["delta_u"]
    variance = of_start**2 + of_delta**2 + 2 * law["correlation"] * of_start * of_delta
    return start * (1 - x / delta), np.sqrt(np.maximum(variance, 0.0))


def _conditions(rows: pd.DataFrame) -> list[str]:
    """What must be the same for all loops of a series."""
    names = ("field_x_oe", "prefield_x_oe", "initial_field_z_oe", "temperature_k")
    return [name for name in names if name in rows]


def _law(loops: pd.DataFrame) -> dict[str, Any]:
    """The law of one series."""
    width = loops["pulse_width_s"].to_numpy(float)
    current = loops["i_c_ma"].to_numpy(float)
    u = loops[uncertainty_column("i_c_ma")].to_numpy(float)
    known = bool((np.isfinite(u) & (u > 0)).all())
    line = weighted_line(np.log(width / ATTEMPT_TIME_S), current, u if known else None)
    start, slope = line.value
    row = {
        "i_c0_ma": start,
        "i_c0_u_ma": line.sigma[0],
        "chi2": line.chi2 if known else np.nan,
        "dof": line.dof,
        "n_widths": len(np.unique(width)),
    }
    if slope > -_FALLS * line.sigma[1]:
        return row | {
            "status": "refused",
            "reason": "the critical current does not fall with the pulse width: "
            f"{slope:.2g} +- {line.sigma[1]:.2g} mA for e times the width",
        }
    # d(Delta)/d(start, slope) of Delta = -start/slope.
    gradient = np.array([-1 / slope, start / slope**2])
    delta_u = float(np.sqrt(gradient @ line.covariance @ gradient))
    row |= {
        "delta": -start / slope,
        "delta_u": delta_u,
        "correlation": float(line.covariance[0] @ gradient) / (line.sigma[0] * delta_u),
    }
    reasons = _doubts(loops, line, known)
    return row | {"status": "flagged" if reasons else "ok", "reason": "; ".join(reasons)}


def _doubts(loops: pd.DataFrame, line: LinearFit, known: bool) -> list[str]:
    """What puts the law of a series in doubt."""
    reasons = [line.reason] if line.reason else []
    if not known:
        reasons.append("uncertainties of the currents are not known: the scatter alone gives them")
    flagged = loops[loops["status"] == "flagged"] if "status" in loops else loops.iloc[:0]
    if len(flagged):
        reasons.append(f"{len(flagged)} of {len(loops)} critical currents are flagged")
    return reasons
