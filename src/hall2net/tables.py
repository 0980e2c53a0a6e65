"""What all result tables share: units in column names, uncertainties beside values, a status."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

# Longest first, so that "_a_m2" is not taken for "_m2".
_COLUMN_UNITS = (
    "_uohm_per_ma", "_ohm_per_oe", "_oe_per_k", "_per_k", "_erg_cm2", "_uohm_cm", "_a_m2",
    "_a_per_m", "_emu_cc", "_j_m3", "_uj", "_nj",
    "_oe", "_ohm", "_ma", "_mt", "_mm2", "_nm", "_um", "_k", "_s", "_a",
)  # fmt: skip

_OF_A_STEP = {"h_up_oe": 1.0, "h_dn_oe": 1.0, "h_c_oe": 0.5**0.5, "h_0_oe": 0.5**0.5}
"""1 sigma of the field step in a switching field, and in the mean or half distance of two."""

_STATUSES = ("ok", "flagged", "refused")
_ROOM_K = 300.0
_MOST_REASONS = 3
"""In one line on a terminal; the table has them all."""


def uncertainty_column(column: str) -> str:
    """Name of the column with the 1-sigma uncertainty of `column`: `h_c_oe` gives `h_c_u_oe`."""
    unit = column_unit(column)
    return f"{column.removesuffix(unit)}_u{unit}"


def systematic_column(column: str) -> str:
    """Name of the column with a systematic uncertainty: `h_dmi_oe` gives `h_dmi_sys_oe`."""
    unit = column_unit(column)
    return f"{column.removesuffix(unit)}_sys{unit}"


def column_unit(column: str) -> str:
    """The unit at the end of a column's name: `_oe` for `h_c_oe`; empty for a plain number."""
    return next((unit for unit in _COLUMN_UNITS if column.endswith(unit)), "")


def total_sigma(row: pd.Series | pd.DataFrame, column: str) -> Any:  # noqa: ANN401
    """1 sigma of a loop's value, statistical, systematic and field step together.

    Parameters
    ----------
    row : a row of loops.csv, or the table
    column : one of its values
    """
    steps = row.get("h_step_u_oe", 0.0) * _OF_A_STEP.get(column, 0.0)
    # What a loop has no systematic part or field step of adds nothing to its statistical part.
    others = [np.nan_to_num(part) for part in (row.get(systematic_column(column), 0.0), steps)]
    return sum(part**2 for part in (row[uncertainty_column(column)], *others)) ** 0.5


def with_left_out(table: pd.DataFrame, reasons: Mapping[str, str]) -> pd.DataFrame:
    """A table in which measurements that a person left out are refused; their numbers stay.

    Parameters
    ----------
    table : one row a measurement: `id`, `status`, `reason`
    reasons : id of each measurement that is left out to the reason
    """
    if not reasons:
        return table
    table = table.copy()
    chosen = table["id"].isin(list(reasons))
    table.loc[chosen, "status"] = "refused"
    table.loc[chosen, "reason"] = "left out: " + table.loc[chosen, "id"].map(reasons)
    return table


def usable(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with a number to show: fitted, perhaps flagged, never refused."""
    return table[table["status"] != "refused"]


def outcome(table: pd.DataFrame, things: str) -> str:
    """What became of the rows of a table, in one line with the reasons.

    Parameters
    ----------
    table : with `status` (ok, flagged, refused) and `reason`
    things : what its rows are, in the plural

    Examples
    --------
    >>> table = pd.DataFrame({"status": ["ok", "refused"], "reason": ["", "one-sided sweep"]})
    >>> outcome(table, "loops")
    '2 loops: 1 ok, 1 refused: one-sided sweep'
    """
    counts = table["status"].value_counts()
    parts = [f"{counts[status]} {status}" for status in _STATUSES if status in counts]
    reasons = table.loc[table["status"] != "ok", "reason"].fillna("").value_counts()
    words = [reason if n == 1 else f"{reason} ({n} times)" for reason, n in reasons.items()]
    if len(words) > _MOST_REASONS:
        words[_MOST_REASONS:] = [f"and {len(words) - _MOST_REASONS} more reasons"]
    return ": ".join(filter(None, [f"{len(table)} {things}", ", ".join(parts), "; ".join(words)]))


def hall_loops(loops: pd.DataFrame) -> pd.DataFrame:
    """Rows of loops.csv that show the anomalous Hall resistance of each sample.

    Those of kind `ahe_loop`; for a sample without one, its `loop_shift` loops in the smallest
    in-plane field, and of these the ones at the smallest current.
    """
    direct = loops[loops["kind"] == "ahe_loop"]
    shifts = loops[(loops["kind"] == "loop_shift") & ~loops["sample"].isin(direct["sample"])]
    if shifts.empty:
        return direct
    for condition in ("field_x_oe", "current_ma"):
        size = shifts[condition].abs()
        shifts = shifts[size == size.groupby(shifts["sample"]).transform("min")]
    return pd.concat([direct, shifts]).sort_index()


def room_temperature_loops(loops: pd.DataFrame) -> pd.DataFrame:
    """Of `hall_loops`, the one of each sample that is nearest to 300 K.

    Parameters
    ----------
    loops : rows of loops.csv
    """
    shown = hall_loops(usable(loops))
    nearest = (shown["temperature_k"] - _ROOM_K).abs().sort_values(kind="stable").index
    first = shown.loc[nearest].drop_duplicates("sample").index
    return shown[shown.index.isin(first)]
