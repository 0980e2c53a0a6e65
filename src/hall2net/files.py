"""Files that are whole or not there: written under a temporary name, then renamed.

Tables and JSON come out as the same bytes for the same content.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd

from hall2net.errors import FileError


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
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        found = f"cannot be written ({error.strerror or error})"
        raise FileError(path, found, "a writable folder with free space") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_csv(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table without its index, numbers with 10 significant digits."""
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.10g", lineterminator="\n")


def write_json(content: Any, path: str | Path) -> None:  # noqa: ANN401
    """Write JSON with sorted keys; NaN is refused, since JSON has none."""
    with atomic(path) as temporary:
        text = json.dumps(content, sort_keys=True, indent=2, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
