"""Which columns of a file hold the parts of a lock-in signal, by their names."""

import re

from hall2net.readers.lock_in import SAYS
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.columns import Column, RawFile

_SIGNALS = ("voltage", "resistance")


def _harmonic(number: int, words: str) -> re.Pattern[str]:
    """Names of a part of this harmonic."""
    return re.compile(
        rf"(?i){number} ?[wωf](?![a-z])|{number} ?_?om(?:ega)?(?![a-z])|{words}|"
        rf"(?<![a-z])h(?:arm(?:onic)?)?[ _]?{number}(?!\d)|(?<![a-z])[xy][ _]?{number}(?!\d)|"
        rf"(?:lock.?in|li|lia|sr8[36]0)[ _]?{number}(?!\d)"
    )


_NUMBER = {"second": _harmonic(2, "2nd|second"), "first": _harmonic(1, "1st|first")}
_Y = re.compile(r"(?<![A-Za-z])[Yy](?![A-Za-z])|(?i:out.?of.?phase|imag)")
_ALONG = re.compile(r"(?i)xx|long")
_DIRECTION = {0.0: re.compile(r"(?i)^(?:[µμ]_?0 ?|mu_?0)?[hb]_?x(?![a-z])"),
              90.0: re.compile(r"(?i)^(?:[µμ]_?0 ?|mu_?0)?[hb]_?y(?![a-z])")}  # fmt: skip
_DEGREES = re.compile(r"(?i)(?<![\d.])(\d+(?:[.p]\d+)?)[ _]?deg")


def lock_in_parts(file: RawFile) -> dict[str, Column]:
    """Columns by `first_x`, `first_y`, `second_x`, `second_y`; empty where there is no second one.

    Parameters
    ----------
    file : as it shows itself
    """
    parts: dict[str, Column] = {}
    for column in file.of(*_SIGNALS):
        if _ALONG.search(column.name) or not column.changes:
            continue
        number = next((key for key, words in _NUMBER.items() if words.search(column.name)), "")
        if number:
            parts.setdefault(f"{number}_{'y' if _Y.search(column.name) else 'x'}", column)
    seconds = {"second_x", "second_y"} & set(parts)
    return parts if seconds and "first_x" in parts else {}


def amplitude(names: list[str]) -> str:
    """What names say their numbers are, `rms` or `peak`; else to be filled in."""
    said = {words for words, pattern in SAYS.items() for name in names if pattern.search(name)}
    return said.pop() if len(said) == 1 else UNKNOWN


def direction(column: Column, file: str) -> float | str:
    """Direction of a field from the current in degrees, by its column's name or the file's."""
    for degrees, pattern in _DIRECTION.items():
        if pattern.search(column.name):
            return degrees
    match = _DEGREES.search(file)
    return float(match[1].replace("p", ".")) if match else UNKNOWN
