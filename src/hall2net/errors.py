"""The one root of every error that hall2net raises on bad input, and the problems it names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

_SHOWN = 12
"""Most allowed names that a message lists."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input.

    Attributes
    ----------
    where : file, or block of the configuration
    found : what is wrong, in words
    expected : what a good input has there
    near : the allowed name that is most like the one found
    key : the key or column
    lines : lines of the file that it stands in, counted from 1
    study : the study that it concerns; empty if it concerns all
    """

    where: str
    found: str
    expected: str = ""
    near: str = ""
    key: str = ""
    lines: tuple[int, ...] = ()
    study: str = ""

    def __str__(self) -> str:
        where = f"{self.where}, {in_lines(self.lines)}" if self.lines else self.where
        found = f"{self.key} {self.found}" if self.key else self.found
        text = f"{where}: {found}" if where else found
        if self.near:
            return f"{text}; did you mean {self.near!r}?"
        return f"{text}; expected {self.expected}" if self.expected else text


def one_of(where: str, value: object, allowed: Iterable[str], key: str = "") -> Problem:
    """The problem of a value that is none of the allowed ones.

    Parameters
    ----------
    where : file, or block of the configuration
    value : what was found
    allowed : every value that would do
    key : the key or column that has the value
    """
    names = [str(name) for name in allowed]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Problem(
        where,
        repr(value),
        f"one of {', '.join(names[:_SHOWN])}{more}" if names else "",
        near=nearest(value, names),
        key=key,
    )


def nearest(value: object, allowed: Iterable[str]) -> str:
    """The allowed name that is most like a value; empty if none is."""
    return next(iter(get_close_matches(str(value), list(allowed), n=1)), "")


def together(problems: Iterable[Problem]) -> list[Problem]:
    """Problems that differ in their lines alone as one, in the order of the first of each."""
    lines: dict[Problem, list[int]] = {}
    for problem in problems:
        lines.setdefault(replace(problem, lines=()), []).extend(problem.lines)
    return [replace(one, lines=tuple(sorted(set(found)))) for one, found in lines.items()]


class Hall2netError(Exception):
    """Bad input, described in one line: where, what was found, what was expected, what to do."""

    @property
    def problems(self) -> list[Problem]:
        """The problems, in order."""
        return [Problem("", line) for line in str(self).splitlines()]


class FileError(Hall2netError):
    """A file cannot be used.

    Parameters
    ----------
    path : path of the file
    found : what is wrong, in words
    expected : what a good file has there
    line : line number in the file, counted from 1
    """

    def __init__(
        self, path: str | Path, found: str, expected: str = "", line: int | None = None
    ) -> None:
        self.path, self.line = Path(path), line
        lines = () if line is None else (line,)
        self._problem = Problem(str(path), found, expected, lines=lines)
        super().__init__(str(self._problem))

    @property
    def problems(self) -> list[Problem]:
        """The one problem of the file."""
        return [self._problem]


class ConfigError(Hall2netError):
    """A key of the configuration or a cell of a sheet has a value that cannot be used.

    Parameters
    ----------
    message : in words, where there is one problem
    problems : one or many
    """

    def __init__(self, message: str = "", problems: Sequence[Problem] = ()) -> None:
        self._problems = together(problems) or [Problem("", message)]
        super().__init__("\n".join(map(str, self._problems)))

    @property
    def problems(self) -> list[Problem]:
        """The problems, in order."""
        return self._problems


def in_lines(lines: Sequence[int]) -> str:
    """Line numbers in words, neighbours as ranges: `lines 2-14, 17`."""
    ranges: list[list[int]] = []
    for line in lines:
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    words = [str(first) if first == last else f"{first}-{last}" for first, last in ranges]
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(words[:_SHOWN])}{more}"
