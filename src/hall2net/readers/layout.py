"""Where the table of a text stands: its delimiter, rows of numbers, names and units.

All of it follows from the content. A table is the longest run of rows of numbers; its names stand
in a line above it that has as many words as the rows have numbers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from hall2net.readers.table import (
    BLANKS,
    MAX_COLUMNS,
    Header,
    cut,
    folded,
    is_number,
    letters_of,
)
from hall2net.readers.text import HEAD_LINES, Text
from hall2net.units import is_unit, unit_in, unit_spelt

_DELIMITERS = ("\t", ";", ",", "|", BLANKS)
_COMMENT = "#%!/*' "
# How many first lines are looked at: more only where no run of rows is long enough.
_WINDOWS = (60, 400, HEAD_LINES)
_HEAD_BYTES = 2**22  # lines of 100 kB are not looked at by the thousand
_LONG_RUN = 20
_ROWS_ABOVE = 40  # lines of words above a run of rows among which its names may be
_LONG_LINE = 20_000  # names between blanks do not fill so much
_FIRST_ROWS = 20  # rows of a run whose cells are kept
_NO_UNIT = {
    "", "-", "--", "a.u.", "arb", "arb.", "arb. units", "1", "%", "none", "counts", "deg", "°",
    "rad", "hz", "khz", "db", "w", "mw", "mm", "mbar", "c",
}  # fmt: skip
_LISTED = re.compile(r"(?i)^\W*col(?:umn)?\W*\d+\W*[:=]\s*(.*\w.*)$")
_LISTED_NAME = re.compile(r"(?i)^\W*name\s*[:=]\s*(.*\w.*)$")
_UNIT_COLUMN = re.compile(r"(?i)(.*?)[ _]?units?")
_LISTED_UNIT = re.compile(r"(?i)^\W*units?\s*[:=]\s*(.*)$")


@dataclass
class Run:
    """Rows of numbers, one below the other.

    Attributes
    ----------
    delimiter : between the cells
    first : line of the first row, from 1
    above : lines of words above the first row, the nearest last
    rows : how many
    width : cells of the longest row
    numbers, words : of each column, how many cells hold them
    head : the first rows, each with its line
    """

    delimiter: str
    first: int
    above: list[int]
    rows: int = 0
    width: int = 0
    numbers: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    head: list[tuple[int, list[str]]] = field(default_factory=list)

    def add(self, line: int, cells: list[str], kinds: list[str]) -> None:
        """Take one more row.

        Parameters
        ----------
        line : that it begins in
        cells : of the row
        kinds : of each cell: n (number), w (word) or e (empty)
        """
        if len(self.head) < _FIRST_ROWS:
            self.head.append((line, cells))
        self.rows += 1
        self.width = max(self.width, len(kinds))
        for counts in (self.numbers, self.words):
            counts += [0] * (self.width - len(counts))
        for place, kind in enumerate(kinds):
            if kind == "n":
                self.numbers[place] += 1
            elif kind == "w":
                self.words[place] += 1

    @property
    def numeric(self) -> list[int]:
        """Columns that hold numbers."""
        return [k for k in range(self.width) if self.numbers[k] > self.words[k]]

    @property
    def score(self) -> tuple[int, int]:
        """Of two ways to cut a text, the one with more numbers, then with fewer words."""
        return sum(self.numbers), -sum(self.words)

    def trim(self) -> None:
        """Give up first rows that are none: words where the others hold numbers, or 0, 1, 2, ….

        The latter is what pandas writes above columns without names.
        """
        numeric = self.numeric
        line, cells = self.head[0]
        counted = ["", *(str(k) for k in range(self.width - 1))]
        if self.rows > 1 and self.width > 2 and cells == counted:
            self.head.pop(0)
            self.rows, self.first = self.rows - 1, self.head[0][0]
        while len(self.head) > 1 and self.rows > 1:
            line, cells = self.head[0]
            kinds = _kinds(cells)
            if not any(k < len(kinds) and kinds[k] == "w" for k in numeric):
                break
            self.above.append(line)
            self.head.pop(0)
            self.rows -= 1
            for place, kind in enumerate(kinds):
                self.numbers[place] -= kind == "n"
                self.words[place] -= kind == "w"
            self.first = self.head[0][0]


def layouts(text: Text, everywhere: bool = False) -> list[Header]:
    """Ways to take the text as a table, the likeliest first.

    Parameters
    ----------
    text : the file
    everywhere : also tables that are not the longest, in the order of their lines

    Returns
    -------
    Headers whose names fit the rows below them; a table without names has its columns counted
    from 1. Empty if there are no rows of two numbers.
    """
    runs = _runs(text)
    if not runs:
        return []
    best = _best(runs)
    likely = [first_alike(runs, best), *sorted(runs, key=_order)]
    likely = [run for run in likely if everywhere or run.score[0] >= 0.9 * best.score[0]]
    found = [header for run in likely for header in _named(text, run)]
    return found or [_unnamed(text, likely[0])]


def counted(text: Text, width: int) -> Header | None:
    """The table with its columns counted from 1; None if no row has `width` cells."""
    runs = [run for run in _runs(text) if run.width >= width]
    return _unnamed(text, first_alike(runs, _best(runs))) if runs else None


def first_alike(runs: list[Run], best: Run) -> Run:
    """The first of the runs that continue each other, with lines of words between them."""
    return next(
        run
        for run in runs
        if run.delimiter == best.delimiter
        and run.width == best.width
        and run.numeric == best.numeric
    )


def cuts(text: Text, number: int) -> Iterator[tuple[list[str], str, int]]:
    """Ways to cut a line into column names: names, delimiter, and the line below.

    A comment sign may stand before the names. Between blanks, a unit in brackets belongs to the
    word before it.
    """
    line = text.line(number)
    quoted = '"' in line
    for delimiter in _DELIMITERS[:-1]:
        if delimiter in line or quoted:
            cells, below = cut(text, number, delimiter)
            if len(cells) > MAX_COLUMNS:
                continue
            names = [" ".join(cell.split()) for cell in cells]
            names[0] = names[0].lstrip(_COMMENT).strip('"')
            if len(names) > 1 and not names[0] and names[1].startswith("#"):
                names = names[1:]
            yield names, delimiter, below
    plain = line.strip().lstrip(_COMMENT)
    if len(plain) > _LONG_LINE:
        return
    ways = [re.findall(r'"[^"]*"|\S+', plain), re.split(r"\s{2,}|\t", plain), plain.split()]
    ways.insert(0, re.findall(r"[^\s()\[\]]*(?:\s?[(\[][^()\[\]]*[)\]])+\S*|\S+", plain))
    tried: list[list[str]] = []
    for names in ways:
        names = [name.strip('"') for name in names]
        if names not in tried and len(names) <= MAX_COLUMNS:
            tried.append(names)
            yield names, BLANKS, number + 1


def _runs(text: Text) -> list[Run]:
    """All runs of rows, for the delimiter that suits best and those as good."""
    count = max(1, min(len(text.ends), int(np.searchsorted(text.ends, _HEAD_BYTES))))
    runs: list[Run] = []
    for window in _WINDOWS:
        last = min(window, count)
        lines = text.content[: int(text.ends[last - 1])]
        runs = []
        for delimiter in _DELIMITERS:
            if delimiter == BLANKS or delimiter.encode() in lines:
                runs += _runs_cut_at(text, delimiter, last)
        if last == count:
            break
        # Long enough, and not ended within the window: another may follow further down.
        if runs and (best := _best(runs)).rows >= _LONG_RUN and best is _last(runs, best.delimiter):
            break
    return runs


def _best(runs: list[Run]) -> Run:
    return max(runs, key=lambda run: run.score)


def _last(runs: list[Run], delimiter: str) -> Run:
    return [run for run in runs if run.delimiter == delimiter][-1]


def _order(run: Run) -> tuple[int, int]:
    numbers, words = run.score
    return -numbers, -words


def _runs_cut_at(text: Text, delimiter: str, last: int) -> list[Run]:
    runs: list[Run] = []
    above: list[int] = []
    number = 1
    while number <= last:
        line = number
        cells, number = cut(text, number, delimiter)
        if len(cells) > MAX_COLUMNS:
            above.append(line)
            continue
        kinds = _kinds(cells)
        numbers = kinds.count("n")
        if numbers < 2 or (delimiter == BLANKS and kinds.count("w") > numbers):
            if "w" in kinds:
                above.append(line)
            continue
        run = runs[-1] if runs else None
        if run is None or _parted(text, run, above, len(kinds)):
            run = Run(delimiter, line, above[-_ROWS_ABOVE:])
            runs.append(run)
        above = []
        run.add(line, cells, kinds)
    for run in runs:
        run.trim()
    return runs


def _kinds(cells: list[str]) -> list[str]:
    """What cells are: n (number), w (word), e (empty); without empty ones at the end."""
    kinds = []
    for cell in cells:
        cell = cell.strip()
        kinds.append("n" if cell and is_number(cell) else "w" if cell else "e")
    while kinds and kinds[-1] == "e":
        kinds.pop()
    return kinds


def _parted(text: Text, run: Run, above: list[int], width: int) -> bool:
    """Whether a row begins a run of its own: other column names stand before it."""
    if run.delimiter == BLANKS and width != run.width:
        return True
    for number in above:
        for names, delimiter, _ in cuts(text, number):
            if delimiter != run.delimiter or not _fits(names, delimiter, run.delimiter, width):
                continue
            if any(map(is_number, names)) or _are_units(names):
                continue
            if not _repeats(text, run, names):
                return True
    return False


def _repeats(text: Text, run: Run, names: list[str]) -> bool:
    wanted = [folded(name) for name in names]
    return any(
        [folded(name) for name in own] == wanted
        for number in run.above
        for own, delimiter, _ in cuts(text, number)
        if delimiter == run.delimiter
    )


def _fits(
    names: list[str], cut_at: str, delimiter: str, width: int, commented: bool = False
) -> bool:
    """Whether names may be those of rows with `width` cells.

    Words cut at other signs than the numbers are names only if they have a unit, or stand behind a
    comment sign.
    """
    filled = sum(bool(name) for name in names)
    if filled < 2:
        return False
    if cut_at == delimiter != BLANKS:
        return len(names) >= width
    if len(names) != width:
        return False
    if cut_at != delimiter and not commented and not any(map(unit_in, names)):
        return False
    return cut_at != BLANKS or not _is_sentence(names)


def _is_sentence(names: list[str]) -> bool:
    return names[-1].endswith(".") or any(name.endswith(":") or "=" in name for name in names)


def _named(text: Text, run: Run) -> list[Header]:
    """The run below each line of words that may name its columns, the likeliest first."""
    listed = _listed(text, run)
    fits: list[tuple[int, list[str], str, int]] = []
    for number in run.above:
        below = _below_continued(fits, number)
        if below:
            continue
        commented = text.line(number).lstrip()[:1] in ("#", "%")
        for names, delimiter, after in cuts(text, number):
            known = sum(map(is_number, names))
            fitting = _fits(names, delimiter, run.delimiter, run.width, commented)
            if fitting and 2 * known < len(names):
                fits.append((number, names, delimiter, after))
                break
    units_at = [k for k, (_, names, _, _) in enumerate(fits) if _are_units(names)]
    named = [k for k in range(len(fits)) if k not in units_at]
    order = sorted(named, key=lambda k: _likeliness(fits, k, units_at, run))
    labelled = _labelled_units(text, run)
    headers = listed
    for k in order:
        number, names, _, _ = fits[k]
        units = next((fits[u][1] for u in units_at if u > k), [])
        units = _column_units(names, units, labelled, run)
        last = max([fits[u][0] for u in units_at if u > k], default=number)
        body = _first_with_a_number(text, run, last)
        headers.append(Header(names, run.delimiter, number, body, units))
    return headers


def _first_with_a_number(text: Text, run: Run, names: int) -> int:
    """The first row below the names: one that lacks all but one number is a row, too."""
    for number in run.above:
        if number > names and "n" in _kinds(cut(text, number, run.delimiter)[0]):
            return number
    return run.first


def _below_continued(fits: list[tuple[int, list[str], str, int]], number: int) -> bool:
    """Whether a line belongs to the quoted names that began above it."""
    return bool(fits) and number < fits[-1][3]


def _likeliness(
    fits: list[tuple[int, list[str], str, int]], k: int, units_at: list[int], run: Run
) -> tuple[bool, bool, int]:
    """Sorts names: those with a word for each column of numbers, above units, near the rows."""
    names = fits[k][1]
    numeric = run.numeric
    missing = any(not names[place] for place in numeric if place < len(names))
    above_units = bool(units_at) and k < units_at[-1]
    return missing, bool(units_at) and not above_units, -k


def _are_units(names: list[str]) -> bool:
    """Whether all words are units or stand for none, and one is a unit."""
    words = [name.strip("()[]{} ") for name in names]
    if words[0].lower() in ("unit", "units"):
        # Origin's own word for the row, above a column without names.
        words = words[1:]
    known = [is_unit(word) for word in words]
    return any(known) and all(k or w.lower() in _NO_UNIT for k, w in zip(known, words, strict=True))


def _labelled_units(text: Text, run: Run) -> list[str]:
    """Units in a line of the head that begins with a word for units, one cell a column."""
    for number in reversed(_lines_above(run)):
        cells, _ = cut(text, number, run.delimiter)
        cells = [cell.strip() for cell in cells]
        if len(cells) > 1 and "unit" in cells[0].lower() and any(map(is_unit, cells[1:])):
            return ["", *cells[1:]]
    return []


def _lines_above(run: Run) -> range:
    return range(max(1, run.first - _ROWS_ABOVE), run.first)


def _column_units(names: list[str], below: list[str], labelled: list[str], run: Run) -> list[str]:
    """Unit of each column: in its name, in a line of units, behind its numbers, in the head."""
    units, beside = [], _units_beside(names, run)
    for place, name in enumerate(names):
        unit = unit_in(name)
        for row in (below, labelled, beside):
            word = row[place].strip("()[]{} ") if place < len(row) else ""
            unit = unit or (word if is_unit(word, name) else "")
        units.append(unit_spelt(unit or _letters(run, place), name))
    return units


def _units_beside(names: list[str], run: Run) -> list[str]:
    """Units that stand in columns of their own: `Reading, Unit, Source, Source Unit`."""
    units = [""] * len(names)
    for place, name in enumerate(names):
        match = _UNIT_COLUMN.fullmatch(name.strip())
        own = folded(match[1]) if match else ""
        meant = [k for k, other in enumerate(names) if own and folded(other) == own]
        meant = meant or ([place - 1] if match and not own and place else [])
        cells = {row[place].strip() for _, row in run.head if place < len(row)}
        if meant and len(cells) == 1 and is_unit(unit := cells.pop()):
            units[meant[0]] = unit
    return units


def _letters(run: Run, place: int) -> str:
    """The unit behind all numbers of a column's first rows; empty if none."""
    cells = [cells[place].strip() for _, cells in run.head if place < len(cells)]
    letters = {letters_of(cell) for cell in cells if cell}
    unit = letters.pop() if len(letters) == 1 else ""
    return unit if is_unit(unit) else ""


def _listed(text: Text, run: Run) -> list[Header]:
    """Names that stand in the head one a line: `Column 01: Field [Oe]`."""
    lines = [text.line(number)[:300] for number in range(max(1, run.first - 400), run.first)]
    for pattern in (_LISTED, _LISTED_NAME):
        names = [match[1].strip() for line in lines if (match := pattern.match(line))]
        if len(names) == run.width:
            below = [match[1].strip() for line in lines if (match := _LISTED_UNIT.match(line))]
            below = below if len(below) == run.width else []
            units = _column_units(names, below, [], run)
            return [Header(names, run.delimiter, run.first, run.first, units)]
    return []


def _unnamed(text: Text, run: Run) -> Header:
    names = [str(k) for k in range(1, run.width + 1)]
    units = _column_units([""] * run.width, [], _labelled_units(text, run), run)
    return Header(names, run.delimiter, run.first, run.first, units)
