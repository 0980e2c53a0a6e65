"""One published number against ours: difference, ratio, z, and the verdict in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from hall2net.study.published import PublishedNumber

AGREES = "agrees"
DIFFERS = "differs"
CANNOT_TELL = "cannot tell"
RECOVERED = "recovered"
NOT_RECOVERED = "not recovered"
UNTESTED = "no test: emulated without it"
CONTRADICTED = "contradicted by the emulation"
STAND_IN = "stand-in images: not comparable"
NOT_MEASURED = "not measured at this scale"
AMBIGUOUS = "ambiguous in the paper"
FIGURE_ONLY = "shown only in a figure"
INPUT = "taken as input"
DEFINITION = "true by definition"
QUOTED = "quoted from another work"

MEANINGS = {
    AGREES: "the difference is within the tolerance",
    DIFFERS: "the difference is larger than the tolerance",
    CANNOT_TELL: "our uncertainty is larger than the tolerance, and the difference is not clear",
    RECOVERED: "the emulated raw data were built from this number, and the analysis finds it again",
    NOT_RECOVERED: "they were built from it, and the analysis finds another",
    UNTESTED: "the emulated raw data were not built from it, and agree with it all the same",
    CONTRADICTED: "the emulated raw data do not show what the paper says",
    STAND_IN: "the network was trained on other images than those of the paper",
    NOT_MEASURED: "this takes the paper's measurement, or its size and length of training",
    AMBIGUOUS: "the paper can be read in several ways",
    FIGURE_ONLY: "the paper draws it and prints no number",
    INPUT: "a setting of this study, taken from the paper",
    DEFINITION: "no measurement could give anything else",
    QUOTED: "the number of another work, which the paper compares itself with",
}
"""What each verdict means, in words."""

_CLEARLY = 3.0
"""Uncertainties beyond the tolerance from which numbers differ, however uncertain ours is: 0.1 % of
normal errors are larger."""

JUDGED = (AGREES, DIFFERS, CANNOT_TELL)
"""Verdicts on a paper; all others say why there is none."""


@dataclass(frozen=True)
class Ours:
    """What this study has beside a published number.

    Attributes
    ----------
    value : a number, a word, a truth value, the two ends of a bracket, or None
    uncertainty : statistical 1 sigma of a number; NaN where it is not known
    systematic : systematic 1 sigma; NaN where it is not known
    source : table or training
    remark : what a reader has to know
    verdict : given where the numbers do not decide it
    emulated : whether it comes from emulated raw data
    calibration : part of `systematic` from dimensions and calibrations; emulated raw data have
        those that the sheet of samples says, so that it does not count for them
    """

    value: float | str | bool | Sequence[float] | None
    uncertainty: float = float("nan")
    source: str = ""
    remark: str = ""
    verdict: str | None = None
    emulated: bool = False
    systematic: float = float("nan")
    calibration: float = 0.0

    @property
    def total(self) -> float:
        """Both uncertainties in quadrature; NaN where neither is known."""
        known = [one for one in (self.uncertainty, self.systematic) if np.isfinite(one)]
        return float(np.hypot.reduce(known)) if known else float("nan")


def compared_row(number: PublishedNumber, ours: Ours | None) -> dict[str, Any]:
    """The row of `hall2net.report.comparison.comparison_table` for one published number.

    `tolerance` is what `reference/published.yaml` states beforehand. Ours agrees where the
    difference is within it; where our uncertainty (of a bracket: its width) is larger than the
    tolerance, nobody can tell, unless the difference is `_CLEARLY` uncertainties beyond it.
    """
    published = number.value
    if ours is not None and isinstance(ours.value, float) and not np.isfinite(ours.value):
        ours = Ours(None, source=ours.source, verdict=ours.verdict or NOT_MEASURED)
    if ours is None:
        only_drawn = ".figures." in f".{number.quantity}."
        ours = Ours(None, verdict=FIGURE_ONLY if only_drawn else NOT_MEASURED)
    row: dict[str, Any] = {
        "study": number.study,
        "quantity": number.quantity,
        "published": _text(published),
        "ours": _text(ours.value),
        "ours_u": ours.uncertainty,
        "ours_sys": ours.systematic,
        "source": ours.source,
        "independent": False,
    }
    verdict = ours.verdict
    if _has_number(ours.value) and _has_number(published):
        row |= _numbers(number, ours)
        if verdict is None:
            row["tolerance"] = str(number.tolerance)
            verdict = _within(row["difference"], _width(ours), number.allowed)
        if verdict == INPUT and abs(row["z"]) > 3:
            verdict = NOT_MEASURED
    elif verdict is None:
        verdict = AGREES if ours.value == published else DIFFERS
    remark = [number.remark, ours.remark]
    if ours.emulated and verdict in JUDGED:
        verdict = _of_emulated(verdict, number)
        remark += [f"Emulated from it: {number.truth}." if number.truth else ""]
    elif verdict in JUDGED:
        row["independent"] = True
    return row | {"verdict": verdict, "remark": " ".join(part for part in remark if part)}


def _of_emulated(verdict: str, number: PublishedNumber) -> str:
    """Data that were made from a number test the code, and never the paper that prints it."""
    if verdict == CANNOT_TELL:
        return verdict
    if number.truth:
        return RECOVERED if verdict == AGREES else NOT_RECOVERED
    return UNTESTED if verdict == AGREES else CONTRADICTED


def _numbers(number: PublishedNumber, ours: Ours) -> dict[str, float]:
    """Difference to the nearest end of a range, ratio, and z."""
    low, high = _ends(number.value)
    own_low, own_high = _ends(ours.value)
    if own_high < low:
        own, nearest = own_high, low
    elif own_low > high:
        own, nearest = own_low, high
    else:
        own = nearest = max(low, own_low)
    # A printed number counts as uniform within half its last digit.
    spread = float(Decimal(1).scaleb(_exponent(low))) / 2 / np.sqrt(3)
    sigma = np.hypot(spread, _width(ours) / np.sqrt(12) if own_low < own_high else _width(ours))
    return {
        "difference": own - nearest,
        "ratio": own / nearest if nearest else np.nan,
        "z": (own - nearest) / sigma,
    }


def _within(difference: float, width: float, tolerance: float) -> str:
    if abs(difference) > tolerance + _CLEARLY * width:
        return DIFFERS
    if width > tolerance:
        return CANNOT_TELL
    # Rounding of a decimal fraction must not decide: 0.44 - 0.40 is not above 0.04.
    return AGREES if abs(difference) <= tolerance * (1 + 1e-9) else DIFFERS


def _width(ours: Ours) -> float:
    """How well ours is known: the width of a bracket, else 1 sigma, 0 where it is not known."""
    low, high = _ends(ours.value)
    exact = ours.calibration if ours.emulated else 0.0
    total = float(np.sqrt(max(np.nan_to_num(ours.total) ** 2 - exact**2, 0.0)))
    return high - low if high > low else total


def _ends(value: Any) -> tuple[float, float]:  # noqa: ANN401
    low, high = value if isinstance(value, list | tuple) else (value, value)
    return low, high


def _exponent(number: float) -> int:
    """Decimal exponent of the last printed digit: 0.36 gives -2, 4.4e7 gives 6."""
    text = Decimal(repr(number))
    if isinstance(number, float) and number == int(number) and abs(number) >= 1e5:
        text = text.normalize()
    return int(text.as_tuple().exponent)


def _has_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, list | tuple) or _is_number(value)


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return " to ".join(map(_text, value))
    return "" if value is None else f"{value:.6g}" if _is_number(value) else str(value)
