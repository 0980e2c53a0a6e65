"""Lock-in signals: what their columns are amplitudes of, and what they are in phase with."""

import re
from typing import Any

import numpy as np
import pandas as pd

from hall2net.errors import FileError
from hall2net.measurement import AMPLITUDES, HARMONIC
from hall2net.readers.columns import Columns, given

PARTS = {"first_y": "resistance_1y", "second_x": "resistance_2x", "second_y": "resistance_2y"}
"""Key of a column to the variable that it becomes."""

SAYS = {
    "rms": re.compile(r"(?i)rms"),
    "peak": re.compile(r"(?i)(?<![a-z])peak(?![a-z])|pk(?![a-z])"),
}
"""Words in the name of a column for what its numbers are."""


def resistance_factor(columns: Columns, voltage: bool) -> float:
    """Factor on voltage over current that makes it amplitude over amplitude.

    Parameters
    ----------
    columns : of the file
    voltage : whether the signal is one; a resistance is taken as it is

    Raises
    ------
    FileError
        If the sheet does not say whether a current or a voltage is rms or peak, or a column's name
        says otherwise.
    """
    current = _amplitude(columns, "current", "current_ma gives", ("current",))
    if not voltage:
        return 1.0
    signal = _amplitude(columns, "voltage", "the columns give", ("y", *PARTS))
    return AMPLITUDES[signal] / AMPLITUDES[current]


def peak_current(row: dict[str, Any], current: float) -> float:
    """The peak of the current of a harmonic measurement; that of another kind as it is.

    Parameters
    ----------
    row : of the sheet
    current : of `current_ma`
    """
    stated = given(row, "current_amplitude") if row["kind"] in HARMONIC else ""
    return current * AMPLITUDES.get(stated, 1.0)


def to_sine(columns: Columns, points: pd.DataFrame) -> pd.DataFrame:
    """The second harmonic as a lock-in shows it whose references are sines.

    With cosines a current cos(wt) has its first harmonic in X as well, and the second, a quarter
    turn later, in X and not in -Y.

    Parameters
    ----------
    columns : of the file
    points : with the variables of `PARTS` that the file has

    Raises
    ------
    FileError
        If the part that a torque appears in has no column.
    """
    cosine = given(columns.row, "lock_in_reference") == "cos"
    needed = "second_x" if cosine else "second_y"
    if PARTS[needed] not in points:
        found = f"{needed}_column is empty"
        raise FileError(columns.path, found, "the second harmonic's part that torques appear in")
    if not cosine:
        return points
    nothing = pd.Series(np.nan, index=points.index)
    x, y = (points.get(PARTS[key], nothing) for key in ("second_x", "second_y"))
    return points.assign(resistance_2x=y, resistance_2y=-x)


def _amplitude(columns: Columns, what: str, words: str, keys: tuple[str, ...]) -> str:
    """`rms` or `peak`, as the sheet says and no name contradicts."""
    column = f"{what}_amplitude"
    stated = given(columns.row, column)
    if stated not in AMPLITUDES:
        found = f"{column} is empty"
        raise FileError(columns.path, found, f"rms or peak, what {words}")
    for key in (key for key in keys if key in columns.places):
        name = columns.name(key)
        for other, pattern in SAYS.items():
            if other != stated and pattern.search(name):
                found = f"column {name!r}, and {column} {stated}"
                raise FileError(columns.path, found, f"{other}, or another column")
    return stated
