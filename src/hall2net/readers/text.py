"""A file's text, whatever its encoding; what is no text is refused before it is parsed."""

import re
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

# Minus signs of word processors and of some locales, before a digit: U+2212, dashes, hyphens.
_MINUS = re.compile(b"\xe2\x88\x92|(?:\xe2\x80[\x90-\x95]|\xef\xb9\xa3|\xef\xbc\x8d)(?=[.,]?[0-9])")

_WORDS_WITHIN = 2**16  # bytes in which the names and words of a file stand
# Two signs in a row that Japanese or Chinese words are written with.
_JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]{2}")
_ONLY_JAPANESE = re.compile(rb"[\x81-\x9f]")  # begins most signs; no common Chinese one
_CHINESE = re.compile(rb"(?:[\xb0-\xf7][\xa1-\xfe]){2}")

_BINARY = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
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
    return _text(path, _read_bytes(path))


def read_start(path: str | Path, most: int) -> tuple[Text, bool]:
    """The first lines of a file, and whether they are the whole file.

    Parameters
    ----------
    path : the file
    most : bytes that are looked at

    Raises
    ------
    FileError
        As of `read_text`.
    """
    path = Path(path)
    content = _read_bytes(path, most)
    whole = len(content) < most
    if not whole:
        # No character is cut: a line end is one byte, or two in UTF-16.
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content[:100]
        end = max(content.rfind(b"\n"), content.rfind(b"\r"))
        content = content[: len(content) // 2 * 2] if wide else content[: end + 1 or None]
    return _text(path, content), whole


def starts_as(path: str | Path, *marks: bytes) -> bool:
    """Whether a file begins with one of these bytes; False where it cannot be read."""
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            return file.read(max(map(len, marks))).startswith(marks)
    except (OSError, ValueError):
        return False


def _text(path: Path, content: bytes) -> Text:
    content = _as_utf8(path, content)
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


def _read_bytes(path: Path, most: int = -1) -> bytes:
    """All bytes of a file, or the first `most`."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FileError(path, "a folder, pipe or device", "a file")
        if status.st_size > MAX_BYTES:
            found = f"{status.st_size / 2**20:.0f} MiB"
            raise FileError(path, found, f"an instrument file of at most {MAX_BYTES >> 20} MiB")
        with path.open("rb") as file:
            content = file.read(most)
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
    if encoding := _utf16(content):
        try:
            content = content.decode(encoding).encode()
        except UnicodeError as error:
            raise FileError(path, "broken UTF-16", "a text file") from error
    if b"\x00" in content:
        line = content[: content.index(b"\x00")].count(b"\n") + 1
        raise FileError(path, "binary data (a zero byte)", "a text file", line)
    if content.isascii():
        return content
    for encoding in ("utf-8-sig", *_east_asian(content), "cp1252", "latin-1"):
        try:
            content = content.decode(encoding).encode()
            break
        except UnicodeDecodeError:
            continue
    return _MINUS.sub(b"-", content)


def _east_asian(content: bytes) -> list[str]:
    """Encodings of Japan and China in which a text has words of their signs.

    A lone letter with an accent and the one behind it may look like one sign, two signs in a row do
    not come about so.
    """
    start = content[:_WORDS_WITHIN]
    if _ONLY_JAPANESE.search(start):
        return ["cp932"] if _JAPANESE.search(start.decode("cp932", "replace")) else []
    return ["gb18030"] if _CHINESE.search(start) else []


def _utf16(content: bytes) -> str:
    """The kind of UTF-16 that a text is, by its mark or the zeros of plain letters; or none."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    start = content[:1000]
    for encoding, zeros, letters in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
        # Units such as µ and Ω are few.
        if start[zeros::2].count(0) > 0.45 * len(start) and 0 not in start[letters::2]:
            return encoding
    return ""
