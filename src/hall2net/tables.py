"""What all result tables share: units in column names, uncertainties beside values, a status."""

import pandas as pd

# Longest first, so that "_a_m2" is not taken for "_m2".
_COLUMN_UNITS = (
    "_ohm_per_oe", "_erg_cm2", "_uohm_cm", "_a_m2", "_a_per_m", "_emu_cc", "_j_m3", "_uj", "_nj",
    "_oe", "_ohm", "_ma", "_mt", "_mm2", "_nm", "_um", "_k", "_s", "_a",
)  # fmt: skip


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


def usable(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with a number to show: fitted, perhaps flagged, never refused."""
    return table[table["status"] != "refused"]
