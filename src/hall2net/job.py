"""What every workflow script runs in: its log, and one clear line when the input is bad."""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

from hall2net.errors import Hall2netError


class _Log:
    """A log that a full disk cuts short: the work itself says so where its results do not fit."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # full, or closed
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self.stream.flush()

    def close(self) -> None:
        with suppress(OSError):
            self.stream.close()


class _Tee:
    """Write to the log, and to the terminal where a person watches (progress bars)."""

    def __init__(self, log: _Log, terminal: TextIO) -> None:
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


def _end_with_parent(record: _Log) -> None:
    """End this process soon after Snakemake was killed, which then could not end it: it would
    write its results beside those of the next run, or over them."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        record.write("error: ended, since Snakemake was killed\n")
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _say(line: str, *streams: TextIO | _Log) -> None:
    for stream in streams:
        with suppress(OSError, ValueError):  # a terminal that was closed
            stream.write(f"{line}\n")


@contextmanager
def job(log: str | Path) -> Iterator[Callable[[str], None]]:
    """Send logging, stdout, stderr and tracebacks of a script to `log`.

    Gives a function that writes one line to the terminal and the log: what a fit came to.

    Bad input (`Hall2netError`) ends the process with exit code 1 and the message as one line on
    the terminal. Any other exception is a fault of ours: its traceback goes to the log, and the
    line says where to find it. When the process that started the script is killed, the script ends.
    """
    console = sys.stderr
    try:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        stream = Path(log).open("w", encoding="utf-8", buffering=1)
    except OSError as error:
        console.write(f"error: {log}: cannot be written ({error.strerror})\n")
        raise SystemExit(1) from None
    with closing(_Log(stream)) as record:
        logging.basicConfig(
            stream=record, level=logging.INFO, format="%(levelname)s: %(message)s", force=True
        )
        logging.captureWarnings(True)
        _end_with_parent(record)
        try:
            with redirect_stdout(record), redirect_stderr(_Tee(record, console)):
                yield lambda line: _say(line, record, console)
        except Hall2netError as error:
            console.write(f"error: {error}\n")
            record.write(f"error: {error}\n")
            raise SystemExit(1) from None
        except Exception as error:
            console.write(f"internal error: {type(error).__name__}: {error} (see {log})\n")
            traceback.print_exc(file=record)
            raise SystemExit(1) from None
