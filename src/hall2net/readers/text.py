"""A file's text and its table, whatever the encoding and the dressing around the data."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hall2net.errors import FileError

MAX_BYTES = 2 * 2**30
MAX_LINE = 100_000
MAX_COLUMNS = 1000


@dataclass(frozen=True)
class Table:
    """Numbers of a file as they stand in it.

    Attributes
    ----------
    data : one column a column of the file, NaN where a cell is empty or no number
    lines : (rows,) line of the file that each row begins in, from 1
    header : line of the file that names the columns, from 1
    """

    data: pd.DataFrame
    lines: np.ndarray
    header: int


def read_text(path: str | Path) -> str:
    """Text of a file: UTF-8 or UTF-16 where it says so, else cp1252, else Latin-1.

    Raises
    ------
    FileError
        If there is no such file, it is empty, too large, or no text.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FileError(path, f"{size / 2**30:.1f} GiB", "an instrument file below 2 GiB")
        content = path.read_bytes()
    except OSError as error:
        raise FileError(path, error.strerror or str(error), "a readable file") from error
    if not content.strip():
        raise FileError(path, "the file is empty", "a header and data rows")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise FileError(path, "broken UTF-16", "a text file") from error
    if b"\x00" in content:
        line = content[: content.index(b"\x00")].count(b"\n") + 1
        raise FileError(path, "binary data (a zero byte)", "a text file", line)
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def check_lines(path: str | Path, lines: list[str]) -> None:
    """Refuse lines that no instrument writes, before anything is parsed."""
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE:
            raise FileError(path, f"a line of {len(line)} characters", "at most 100,000", number)


def parse_table(path: str | Path, lines: list[str], header: int, delimiter: str) -> Table:
    """Parse the table whose column names stand in line `header` (from 0) of `lines`.

    Rows without any number are left out: instruments write them between segments.

    Raises
    ------
    FileError
        If column names repeat, a row has more cells than columns, quotes do not close, or no row
        holds a number.
    """
    names = [name.strip() for name in next(csv.reader([lines[header]], delimiter=delimiter))]
    if len(names) > MAX_COLUMNS:
        raise FileError(path, f"{len(names)} columns", f"at most {MAX_COLUMNS}", header + 1)
    body = lines[header + 1 :]
    if any('"' in line for line in body):
        rows, starts = _quoted_rows(path, body, header + 2, delimiter)
    else:
        rows, starts = body, np.arange(header + 2, header + 2 + len(body))
    rows = [
        _trimmed(path, row, delimiter, len(names), int(line))
        for row, line in zip(rows, starts, strict=True)
    ]
    data = pd.read_csv(
        io.StringIO("\n".join(rows)),
        sep=delimiter,
        names=range(len(names)),
        header=None,
        dtype=str,
        quoting=csv.QUOTE_NONE,
        skip_blank_lines=False,
        keep_default_na=False,
        index_col=False,
    )
    data = data.apply(pd.to_numeric, errors="coerce").astype(float)
    data.columns = names
    kept = np.isfinite(data.to_numpy()).any(axis=1)
    if not kept.any():
        raise FileError(path, "no data rows", "rows of numbers below the column names", header + 1)
    return Table(data[kept].reset_index(drop=True), starts[: len(data)][kept], header + 1)


def _quoted_rows(
    path: str | Path, body: list[str], first: int, delimiter: str
) -> tuple[list[str], np.ndarray]:
    """Rows whose quoted cells may run over lines, and the line each begins in."""
    reader = csv.reader(body, delimiter=delimiter)
    rows, starts, line = [], [], 0
    try:
        for row in reader:
            cells = (" ".join(cell.split()).replace(delimiter, ";") for cell in row)
            rows.append(delimiter.join(cells))
            starts.append(first + line)
            line = reader.line_num
    except csv.Error as error:
        raise FileError(path, f"quotes that do not close ({error})", "CSV", first + line) from error
    return rows, np.array(starts, dtype=int)


def _trimmed(path: str | Path, row: str, delimiter: str, width: int, line: int) -> str:
    """A row without the empty cells that some programs add at its end."""
    if row.count(delimiter) < width:
        return row
    cells = row.split(delimiter)
    if any(cell.strip() for cell in cells[width:]):
        raise FileError(path, f"{len(cells)} cells", f"{width}, as the column names", line)
    return delimiter.join(cells[:width])
