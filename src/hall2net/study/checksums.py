"""`SHA256SUMS`: whether the raw files of a study are still those that were measured."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from hall2net.errors import FileError, Hall2netError


def checksums(folder: str | Path, names: Iterable[str]) -> str:
    """What `SHA256SUMS` of a folder holds: a line a file, by name.

    Parameters
    ----------
    folder : of the files
    names : of the files, relative to it
    """
    return "".join(f"{_sha256(Path(folder, name))}  {name}\n" for name in sorted(names))


def verify_checksums(folder: str | Path) -> dict[str, str]:
    """Compare every file that `SHA256SUMS` of a folder lists with its checksum.

    Returns
    -------
    File name to SHA-256 in hexadecimal, sorted by name.

    Raises
    ------
    Hall2netError
        One line that names every file that is missing or changed, or a line that is no checksum.
    """
    sums = Path(folder, "SHA256SUMS")
    try:
        lines = sums.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(sums, "cannot be read", "the output of `sha256sum`") from error
    expected = {}
    for number, line in enumerate(lines, start=1):
        match = re.fullmatch(r"([0-9a-f]{64}) [ *](.+)", line)
        if not match:
            raise FileError(sums, f"{line[:80]!r}", "<sha256>  <file>", number)
        expected[match[2]] = match[1]
    missing = [name for name in expected if not Path(folder, name).is_file()]
    changed = [
        name
        for name, digest in expected.items()
        if name not in missing and _sha256(Path(folder, name)) != digest
    ]
    problems = [
        f"{word}: {', '.join(names[:10])}{' and more' if len(names) > 10 else ''}"
        for word, names in (("missing", missing), ("changed", changed))
        if names
    ]
    if problems:
        raise Hall2netError(
            f"{sums}: {'; '.join(problems)}; restore the files, or if the change is meant, "
            f"write a new SHA256SUMS with `sha256sum`"
        )
    return dict(sorted(expected.items()))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
