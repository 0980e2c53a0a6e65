"""Which measurements of a study repeat one, and which show the same device on another bar."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hall2net.measurement import CONDITIONS


def repeats_of(sheet: pd.DataFrame, measurement: str) -> list[str]:
    """Measurements that repeat one: the same kind, sample and conditions.

    Parameters
    ----------
    sheet : `measurements.csv`
    measurement : id of the one
    """
    alike = _alike(sheet, measurement)
    own = sheet.set_index("id").at[measurement, "sample"]
    return alike[alike["sample"] == own]["id"].tolist()


def other_bars(
    sheet: pd.DataFrame, samples: Mapping[str, Mapping[str, Any]], measurement: str
) -> list[str]:
    """Measurements of the same kind and conditions on other bars of the same device.

    Samples are bars of one device if `samples.csv` gives them the same label and the same
    dimensions. Of each the first measurement counts.

    Parameters
    ----------
    sheet : `measurements.csv`
    samples : sample to its facts
    measurement : id of the one
    """
    own = str(sheet.set_index("id").at[measurement, "sample"])
    bars = [name for name in samples if name != own and samples[name] == samples.get(own)]
    alike = _alike(sheet, measurement)
    return alike[alike["sample"].isin(bars)].drop_duplicates("sample")["id"].tolist()


def _alike(sheet: pd.DataFrame, measurement: str) -> pd.DataFrame:
    """Other measurements of the same kind under the same conditions."""
    row = sheet[sheet["id"] == measurement].iloc[0]
    alike = (sheet["id"] != measurement) & (sheet["kind"] == row["kind"])
    for column, *_ in CONDITIONS.values():
        if column in sheet:
            alike &= (sheet[column] == row[column]) | (sheet[column].isna() & pd.isna(row[column]))
    return sheet[alike]
