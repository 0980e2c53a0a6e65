"""Which of several channels is the Hall signal, by the words above a table and equal columns."""

import re
from collections.abc import Sequence

import numpy as np

from hall2net.study.draft.columns import Column
from hall2net.units import SI_FACTORS

_NAMED = re.compile(
    r"(?i)(?:^|[,;\t])\s*(?P<before>[^,;\t]+)[,;\t]\s*SAMPLE[ _]?(?P<after>\d)[ _]"
    r"(?:NAME|MATERIAL|COMMENT)"
    r"|\b(?:ch(?:annel)?|bridge|input|demod(?:ulator)?|lock.?in)[ _.#]*(?P<number>\d)\s*[:=]\s*"
    r"(?P<words>.+)"
)
"""What a line of the head calls a channel: `INFO, Rxy, Sample2 Name`, `Ch2: Hall voltage`."""
_SAME = 1e-6  # relative difference of one signal written in two columns


def channel_of(name: str) -> list[str]:
    """Numbers in the name of a column, which tell its channel.

    Parameters
    ----------
    name : of the column
    """
    return re.findall(r"\d+", name)


def without_doubles(signals: Sequence[Column]) -> list[Column]:
    """Columns without those that say the same as another one; a resistance stays.

    Parameters
    ----------
    signals : of one kind of measurement
    """
    kept: list[Column] = []
    for column in signals:
        for k, other in enumerate(kept):
            if _equal(column, other):
                if re.search("(?i)resistance", column.name):
                    kept[k] = column
                break
        else:
            kept.append(column)
    return kept


def called(words: Sequence[str]) -> dict[str, str]:
    """Number of each channel to what the lines above a table call it.

    Parameters
    ----------
    words : lines above the table
    """
    found: dict[str, str] = {}
    for line in words:
        if match := _NAMED.search(line):
            number = match["after"] or match["number"]
            found[number] = f"{found.get(number, '')} {match['before'] or match['words']}"
    return found


def of_named_channel(
    words: Sequence[str],
    signals: Sequence[Column],
    wanted: re.Pattern[str],
    other: re.Pattern[str],
) -> list[Column]:
    """Columns of the channel that the words above a table call what is wanted; else all.

    Parameters
    ----------
    words : lines above the table
    signals : columns of all channels
    wanted, other : words for the signal that is wanted, and for the other one
    """
    names = called(words)
    likely = [n for n, said in names.items() if wanted.search(said) and not other.search(said)]
    if len(likely) != 1:
        likely = [n for n, said in names.items() if wanted.search(said)]
    if len(likely) != 1:
        return list(signals)
    return [column for column in signals if channel_of(column.name)[:1] == likely] or list(signals)


def _equal(one: Column, other: Column) -> bool:
    """Whether two columns of one quantity hold the same numbers."""
    if one.quantity != other.quantity or not (one.unit and other.unit):
        return False
    factors = SI_FACTORS[one.quantity]
    mine, theirs = one.values * factors[one.unit], other.values * factors[other.unit]
    both = np.isfinite(mine) & np.isfinite(theirs)
    if both.sum() < 3 or (np.isfinite(mine) != np.isfinite(theirs)).any():
        return False
    return bool(np.allclose(mine[both], theirs[both], rtol=_SAME, atol=0))
