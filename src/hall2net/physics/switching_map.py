"""Switching against the in-plane field: polarity, ratio and critical current densities."""

from typing import Any

import numpy as np
import pandas as pd

from hall2net.physics.lines import LinearFit, weighted_fit
from hall2net.physics.switching_rows import CRITERIA
from hall2net.tables import systematic_column, uncertainty_column, usable

OUTCOMES = {1: "switched", 0: "not switched", None: "refused"}
"""What the loops at one field say; only the first has a critical current."""

SERIES = ("sample", "temperature_k", "pulse_width_s", "prefield_x_oe", "initial_field_z_oe")
"""What is the same for all fields of a series."""

_J_C = ("j_c_a_m2", *(f"j_c_{name}_a_m2" for name in CRITERIA))
_ENDS = ("j_c_criteria_lo_a_m2", "j_c_criteria_hi_a_m2")
_ALIKE = ("criterion", "current_layer", "systematics")
_SAME_CURRENT = 0.02  # relative; sweeps to the same nominal current differ by less

_COLUMNS = [
    *SERIES, "field_x_oe", "current_max_ma", "n_loops", "outcome", "polarity",
    *(name for one in ("switching_ratio", *_J_C)
      for name in (one, uncertainty_column(one), systematic_column(one))),
    *_ENDS, "systematics", "criterion", "current_layer", "status", "reason",
]  # fmt: skip


def switching_map(switching: pd.DataFrame) -> pd.DataFrame:
    """Polarity, switching ratio and critical current densities against the in-plane field.

    Of the loops under the same conditions those with the largest current count, since a smaller one
    switches less of the film; repeats are averaged (`hall2net.physics.lines.weighted_fit`).

    Parameters
    ----------
    switching : `hall2net.physics.switching.switching_table`

    Returns
    -------
    DataFrame, one row a series (sample, temperature, pulse width, pre-applied and initial field)
    and in-plane field: `outcome` (switched, not switched, refused), `polarity` (+1, -1, 0; empty
    where refused), `switching_ratio`, `j_c_a_m2` and the same by every criterion, each with `_u`
    and `_sys`, the currents empty unless switched; `j_c_criteria_lo_a_m2, j_c_criteria_hi_a_m2`
    (the smallest and the largest of all criteria); `n_loops`, `status` (ok, flagged, refused),
    `reason`.
    """
    names = [name for name in (*SERIES, "field_x_oe") if name in switching]
    rows = []
    for _, loops in switching.groupby(names, dropna=False, sort=True):
        conditions = {name: loops[name].iloc[0] for name in names}
        rows.append(conditions | _one_field(loops))
    return pd.DataFrame(rows, columns=_COLUMNS)


def current_reductions(table: pd.DataFrame, reference: str, field_oe: float) -> pd.DataFrame:
    """J_c of the reference over that of each sample, by every criterion.

    Parameters
    ----------
    table : `switching_map`
    reference : sample
    field_oe : magnitude of the in-plane field; J_c is the mean over both signs, of the longest
        pulses, without a pre-applied field

    Returns
    -------
    DataFrame with the index `sample`, a column a criterion and its `_u`, NaN where either sample
    does not get there. Width and thickness that all samples share cancel.
    """
    rows = table[(table["prefield_x_oe"].fillna(0) == 0) & (table["outcome"] == OUTCOMES[1])]
    rows = rows[np.isclose(rows["field_x_oe"].abs(), field_oe)]
    longest = rows.groupby("sample")["pulse_width_s"].transform("max")
    rows = rows[rows["pulse_width_s"].isna() | (rows["pulse_width_s"] == longest)]
    found = {}
    for name in CRITERIA:
        value = rows.groupby("sample")[f"j_c_{name}_a_m2"].mean()
        squares = rows.assign(square=rows[f"j_c_{name}_u_a_m2"] ** 2).groupby("sample")["square"]
        relative = np.sqrt(squares.sum()) / squares.count() / value
        if reference not in value.index:
            value, relative = value * np.nan, relative * np.nan
        base, base_u = value.get(reference, np.nan), relative.get(reference, np.nan)
        found[name] = base / value
        found[f"{name}_u"] = base / value * np.hypot(relative, base_u)
    return pd.DataFrame(found)


def _one_field(loops: pd.DataFrame) -> dict[str, Any]:
    """What the loops under the same conditions say."""
    good = usable(loops)
    if good.empty:
        return {
            "n_loops": 0,
            "outcome": OUTCOMES[None],
            "status": "refused",
            "reason": "; ".join(dict.fromkeys(loops["reason"])),
        }
    largest = good["current_max_ma"].max()
    good = good[good["current_max_ma"] > (1 - _SAME_CURRENT) * largest]
    polarities = set(good["polarity"])
    reasons = list(dict.fromkeys(good.loc[good["status"] == "flagged", "reason"]))
    if len(polarities) > 1:
        found = ", ".join(f"{value:+g}" for value in sorted(polarities))
        reasons.append(f"{len(good)} loops under the same conditions have polarities {found}")
    row: dict[str, Any] = {
        "current_max_ma": largest,
        "n_loops": len(good),
        "polarity": polarities.pop() if len(polarities) == 1 else np.nan,
        **{name: good[name].iloc[0] for name in _ALIKE if name in good},
        "status": "flagged" if reasons else "ok",
        "reason": "; ".join(reasons),
    }
    row["outcome"] = OUTCOMES[0] if row["polarity"] == 0 else OUTCOMES[1]
    for column in ("switching_ratio", *_J_C):
        row |= _mean(good, column)
    row |= {name: good[name].mean() for name in _ENDS if name in good}
    return row


def _mean(loops: pd.DataFrame, column: str) -> dict[str, float]:
    """Mean of a column over repeats, with what is independent and what is common to them."""
    if column not in loops or not loops[column].notna().any():
        return {}
    u_column, sys_column = uncertainty_column(column), systematic_column(column)
    part = loops[loops[column].notna()]
    value, u = (part[name].to_numpy(float) for name in (column, u_column))
    known = len(value) == 1 or bool((np.isfinite(u) & (u > 0)).all())
    mean = float(value[0]), float(u[0])
    if len(value) > 1:
        fit: LinearFit = weighted_fit(np.ones((len(value), 1)), value, u if known else None)
        mean = float(fit.value[0]), float(fit.sigma[0])
    found = {column: mean[0], u_column: mean[1]}
    if sys_column in part:
        found[sys_column] = float(part[sys_column].mean())
    return found
