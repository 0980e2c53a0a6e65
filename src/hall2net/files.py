"""Files that are whole or not there: written under a temporary name, then renamed.

Tables and JSON come out as the same bytes for the same content.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pandas as pd
import yaml

from hall2net.errors import FileError

DELETE = "delete it, and the next run makes it again"
"""What to do about a damaged file that the workflow made."""


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` when the block ends well.

    Raises
    ------
    FileError
        If the file cannot be written (disk full, folder read-only); `path` is as before.
    """
    path = Path(path)
    # The suffix stays last: writers choose the format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(path)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def check_writable(folder: str | Path) -> None:
    """Find out whether a file of 1 MiB can be written into a folder; none stays there.

    Raises
    ------
    FileError
        If not: the disk is full, or the folder is read-only.
    """
    try:
        with TemporaryFile(dir=folder) as probe:
            probe.write(bytes(2**20))
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(path: str | Path, error: OSError) -> FileError:
    found = f"cannot be written ({error.strerror or error})"
    return FileError(path, found, "a writable folder with free space")


def _remove_left_behind(path: Path) -> None:
    """Delete the temporary files of `path` whose writers were killed."""
    for name in os.listdir(path.parent):
        match = re.fullmatch(rf"\.{re.escape(path.stem)}\.(\d+){re.escape(path.suffix)}", name)
        if match and not _is_alive(int(match[1])):
            (path.parent / name).unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def write_csv(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table without its index, numbers with 10 significant digits."""
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.10g", lineterminator="\n")


def read_csv(path: str | Path, dtype: Mapping[str, type] | None = None) -> pd.DataFrame:
    """Read a table that `write_csv` wrote.

    Parameters
    ----------
    path : path of the file
    dtype : types of columns, where they are not to be inferred

    Raises
    ------
    FileError
        If the file is missing, cut off, or no table.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        table = pd.read_csv(StringIO(text), dtype=dtype)
    except (OSError, ValueError) as error:
        raise _damaged(path, "no table", error) from error
    if not text.endswith("\n"):
        raise _damaged(path, "no whole table", "cut off in its last line")
    if len(table.columns) < 2:
        raise _damaged(path, "no table", f"first line {text.splitlines()[0][:60]!r}")
    return table


def read_json(path: str | Path) -> Any:  # noqa: ANN401
    """Read what `write_json` wrote.

    Raises
    ------
    FileError
        If the file is missing or no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, "no JSON", error) from error


def read_yaml(path: str | Path) -> Any:  # noqa: ANN401
    """Read a YAML file, such as the published numbers.

    Raises
    ------
    FileError
        If the file is missing or no YAML.
    """
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        found = " ".join(str(error).split())
        raise FileError(path, f"cannot be read ({found})", "a YAML file") from error


def _damaged(path: str | Path, found: str, why: object) -> FileError:
    return FileError(path, f"{found} ({why})", f"the file as it was written; {DELETE}")


def write_json(content: Any, path: str | Path) -> None:  # noqa: ANN401
    """Write JSON with sorted keys; NaN is refused, since JSON has none."""
    with atomic(path) as temporary:
        text = json.dumps(content, sort_keys=True, indent=2, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
