"""The one root of every error that hall2net raises on bad input."""

from pathlib import Path


class Hall2netError(Exception):
    """Bad input, told in one line: where, what was found, what was expected, what to do."""


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
        where = f"{path}" if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {found}" + (f"; expected {expected}" if expected else ""))


class ConfigError(Hall2netError):
    """A key of the configuration or a cell of a sheet has a value that cannot be used."""
