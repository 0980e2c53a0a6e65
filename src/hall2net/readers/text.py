"""A file's text, whatever its encoding; what is no text is refused before it is parsed."""

import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hall2net.errors import FileError

MAX_BYTES = 256 * 2**20
MAX_LINES = 8_000_000
MAX_LINE = 100_000
HEAD_LINES = 5000
"""Column names stand within this many lines; MicroMag's come after its table of segments."""

_BINARY = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True)
class Text:
    """Lines of a file.

    Attributes
    ----------
    path : the file
    content : UTF-8, lines ended by a line feed
    ends : (lines,) where in `content` each line ends
    """

    path: Path
    content: bytes
    ends: np.ndarray

    def start(self, number: int) -> int:
        """Where in `content` line `number` (from 1) starts."""
        return int(self.ends[number - 2]) + 1 if number > 1 else 0

    def line(self, number: int) -> str:
        """Line `number`, from 1."""
        return self.content[self.start(number) : int(self.ends[number - 1])].decode()

    def head(self) -> list[str]:
        """The first lines, where the column names are looked for."""
        return [self.line(k) for k in range(1, min(len(self.ends), HEAD_LINES) + 1)]


def read_text(path: str | Path) -> Text:
    """Text of a file: UTF-8 or UTF-16 where it says so, else cp1252, else Latin-1.

    Raises
    ------
    FileError
        If there is no such file, it is none (a folder, a pipe), it is empty, no text, larger than
        256 MiB, or has more than 8 million lines or one of more than 100,000 bytes.
    """
    path = Path(path)
    content = _as_utf8(path, _read_bytes(path))
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    count = content.count(b"\n")
    if count > MAX_LINES:
        raise FileError(path, f"{count} lines", f"at most {MAX_LINES}")
    ends = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))
    if not content.endswith(b"\n"):
        ends = np.append(ends, len(content))
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.max() > MAX_LINE:
        number = int(np.argmax(lengths > MAX_LINE))
        raise FileError(
            path, f"a line of {lengths[number]} bytes", f"at most {MAX_LINE}", number + 1
        )
    return Text(path, content, ends)


def _read_bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FileError(path, "a folder, pipe or device", "a file")
        if status.st_size > MAX_BYTES:
            found = f"{status.st_size / 2**20:.0f} MiB"
            raise FileError(path, found, f"an instrument file of at most {MAX_BYTES >> 20} MiB")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise FileError(path, found, "a readable file") from error
    if not content or content.isspace():
        raise FileError(path, "the file is empty", "a header and data rows")
    return content


def _as_utf8(path: Path, content: bytes) -> bytes:
    for start, kind in _BINARY.items():
        if content.startswith(start):
            raise FileError(path, kind, "the text file itself, unpacked or exported as CSV")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeError as error:
            raise FileError(path, "broken UTF-16", "a text file") from error
    if b"\x00" in content:
        line = content[: content.index(b"\x00")].count(b"\n") + 1
        raise FileError(path, "binary data (a zero byte)", "a text file", line)
    if content.isascii():
        return content
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1").encode()
