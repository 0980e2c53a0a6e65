"""The claims of the papers: a sentence, its figure, and the published numbers that carry it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path
from typing import Any

import pandas as pd

from hall2net.errors import FileError
from hall2net.figures.style import measured
from hall2net.files import read_yaml
from hall2net.study.published import PublishedNumber


@dataclass(frozen=True)
class Claim:
    """One claim of a paper.

    Attributes
    ----------
    words : the claim in a sentence
    figure : name of the figure that shows it
    numbers : published numbers within the study; a name stands for everything below it
    """

    words: str
    figure: str
    numbers: tuple[str, ...]

    def carries(self, number: PublishedNumber) -> bool:
        """Whether a published number of the study belongs to it."""
        return any(f"{number.quantity}.".startswith(f"{name}.") for name in self.numbers)


def read_claims(path: str | Path) -> dict[str, list[Claim]]:
    """Study to its claims.

    Raises
    ------
    FileError
        If the file is missing or no YAML, or an entry is not a claim.
    """
    claims: dict[str, list[Claim]] = {}
    for study, entries in (read_yaml(path) or {}).items():
        for number, entry in enumerate(entries, start=1):
            if set(entry) != {"claim", "figure", "numbers"}:
                found = f"claim {number} of {study} has {', '.join(map(str, entry))}"
                raise FileError(path, found, "claim, figure, numbers")
            claim = Claim(entry["claim"], entry["figure"], tuple(entry["numbers"]))
            claims.setdefault(study, []).append(claim)
    return claims


def number_rows(
    numbers: Sequence[PublishedNumber], comparison: pd.DataFrame
) -> list[dict[str, Any]]:
    """Published numbers beside ours, in words, where the comparison has them.

    Parameters
    ----------
    numbers : of one study
    comparison : content of `comparison-<scale>.csv`

    Returns
    -------
    One mapping a number: `words, path, published, ours, verdict, style, tolerance, z, ratio,
    source, remark`.
    """
    rows = comparison.set_index(comparison["study"] + "." + comparison["quantity"])
    found = [number for number in numbers if number.path in rows.index]
    words = _words(found)
    return [
        {
            "words": words[number.path],
            "path": number.path,
            "published": _shown(rows.at[number.path, "published"], number.percent),
            "ours": _ours(rows.loc[number.path], number.percent),
            "verdict": rows.at[number.path, "verdict"],
            "style": style_of(rows.at[number.path, "verdict"]),
            "tolerance": _tolerance(rows.at[number.path, "tolerance"], number.percent),
            "z": _number(rows.at[number.path, "z"], "{:.1f}"),
            "ratio": _number(rows.at[number.path, "ratio"], "{:.3f}"),
            "source": _text(rows.at[number.path, "source"]),
            "remark": _text(rows.at[number.path, "remark"]),
        }
        for number in found
    ]


def style_of(verdict: str) -> str:
    """Name of a verdict for the style sheet: its first words."""
    return verdict.split(":")[0].replace(" ", "-")


def _words(numbers: Sequence[PublishedNumber]) -> dict[str, str]:
    """Path to the words of a number; what its headline does not say of several is added."""
    shared: dict[str, list[str]] = {}
    for number in numbers:
        shared.setdefault(number.headline, []).append(number.path)
    words = {}
    for number in numbers:
        paths = [path.split(".") for path in shared[number.headline]]
        parts = number.path.split(".")[1:]
        if number.headline:
            common = len(commonprefix(paths)) if len(paths) > 1 else len(paths[0])
            parts = number.path.split(".")[common:]
        extra = ", ".join(part.replace("_", " ") for part in parts)
        joint = " " if extra.isdecimal() or not number.headline else ": "
        words[number.path] = joint.join(filter(None, [number.headline, extra]))
    return words


def _ours(row: pd.Series, percent: bool) -> str:
    if not _text(row["ours"]):
        return "–"
    try:
        value = float(row["ours"])
    except ValueError:
        return _shown(row["ours"], percent)
    factor, unit = (100.0, "%") if percent else (1.0, "")
    return _powers(
        measured(value * factor, row["ours_u"] * factor, unit, systematic=row["ours_sys"] * factor)
    )


def _shown(value: Any, percent: bool) -> str:  # noqa: ANN401
    """A published value, or the ends of a range: numbers as they are printed."""
    words = {"true": "yes", "false": "no"}.get(_text(value), _text(value))
    if not percent:
        return _powers(words)
    return " to ".join(f"{100 * float(part):.6g}" for part in words.split(" to ")) + " %"


def _powers(words: str) -> str:
    """Powers of ten as they are printed: 2.41e+11 is 2.41 × 10¹¹."""
    digits = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return re.sub(
        r"(?<=\d)e([+-])0*(\d+)",
        lambda found: " × 10" + f"{found[1].strip('+')}{found[2]}".translate(digits),
        words,
    )


def _tolerance(value: Any, percent: bool) -> str:  # noqa: ANN401
    text = _text(value)
    return f"{100 * float(text):g} points" if percent and text and "%" not in text else text


def _number(value: Any, form: str) -> str:  # noqa: ANN401
    return "" if pd.isna(value) else form.format(value).replace("-", "\N{MINUS SIGN}")


def _text(value: Any) -> str:  # noqa: ANN401
    return "" if pd.isna(value) else str(value)


def claims_of(
    claims: Sequence[Claim], numbers: Sequence[PublishedNumber], comparison: pd.DataFrame
) -> list[Mapping[str, Any]]:
    """The claims of a study with their numbers, ready for the page.

    Parameters
    ----------
    claims : of the paper, in their order
    numbers, comparison : as `number_rows` takes them
    """
    return [
        {
            "words": claim.words,
            "figure": claim.figure,
            "rows": number_rows([one for one in numbers if claim.carries(one)], comparison),
        }
        for claim in claims
    ]
