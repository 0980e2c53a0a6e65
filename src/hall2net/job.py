"""What every workflow script runs in: its log, and one clear line when the input is bad."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

from hall2net.errors import Hall2netError


class _Tee:
    """Write to the log, and to the terminal where a person watches (progress bars)."""

    def __init__(self, log: TextIO, terminal: TextIO) -> None:
        self.log, self.terminal = log, terminal

    def write(self, text: str) -> int:
        if self.terminal.isatty():
            self.terminal.write(text)
        return self.log.write(text)

    def flush(self) -> None:
        self.log.flush()
        self.terminal.flush()

    def isatty(self) -> bool:
        return self.terminal.isatty()


@contextmanager
def job(log: str | Path) -> Iterator[None]:
    """Send logging, stdout, stderr and tracebacks of a script to `log`.

    Bad input (`Hall2netError`) ends the process with exit code 1 and the message as one line on
    the terminal. Any other exception is a fault of ours: its traceback goes to the log, and the
    line says where to find it.
    """
    console = sys.stderr
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with Path(log).open("w", encoding="utf-8", buffering=1) as stream:
        logging.basicConfig(
            stream=stream, level=logging.INFO, format="%(levelname)s: %(message)s", force=True
        )
        logging.captureWarnings(True)
        try:
            with redirect_stdout(stream), redirect_stderr(_Tee(stream, console)):
                yield
        except Hall2netError as error:
            stream.write(f"error: {error}\n")
            console.write(f"error: {error}\n")
            raise SystemExit(1) from None
        except Exception as error:
            traceback.print_exc(file=stream)
            console.write(f"internal error: {type(error).__name__}: {error} (see {log})\n")
            raise SystemExit(1) from None
