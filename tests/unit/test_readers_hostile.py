"""Files that would fill the memory or never end: each gives one error, in little memory."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hall2net.errors import ConfigError, FileError
from hall2net.readers.reading import read_measurement
from hall2net.study.sheet import read_sheet

ROW = {
    "format": "delimited", "kind": "ahe_loop", "x_column": "H (Oe)", "y_column": "R (Ohm)",
}  # fmt: skip
HEAD = b"H (Oe),R (Ohm)\n1,2\n"

BIG = {
    "columns": (b"1,", "line 3: a line of"),
    "quotes": (b'"', "line 3: a line of"),
    "quote_lines": (b'"' * 99_998 + b"a\n", "line 3: quotes that do not close"),
    "open_quote": (b'"a' + b" " * 998 + b"\n1,2\n", "line 3: quotes that do not close"),
    "empty_cells": (b"," * 99_999 + b"\n", "line 3: 100000 cells"),
    "short_lines": (b"1\n", "lines; expected at most"),
    "names": (b'"overload","R (Ohm)"\n', "line 3: other column names"),
}
"""What is repeated below a header until there are 100 MB, and how it is refused."""

READ_ALL = """
import json, pathlib, sys
from hall2net.errors import FileError
from hall2net.readers.reading import read_measurement

row, head, fillers = json.load(sys.stdin)
for name, filler in fillers.items():
    path = pathlib.Path(name)
    with path.open("w") as file:
        file.write(head)
        while file.tell() < 10**8:
            file.write(filler * max(1, 10**6 // len(filler)))
    try:
        read_measurement(".", row | {"file": name})
    except FileError as error:
        print(error)
    path.unlink()
# Not ru_maxrss, which a new process takes over from the one that started it.
status = pathlib.Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def test_big_files(tmp_path):
    """Within 1 GB; the time limit is there to end a hang."""
    fillers = {name: filler.decode() for name, (filler, _) in BIG.items()}
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL], input=json.dumps([ROW, HEAD.decode(), fillers]),
        cwd=tmp_path, capture_output=True, text=True, timeout=10 * len(BIG), check=True,
    )  # fmt: skip
    *errors, memory = done.stdout.splitlines()
    for error, (name, (_, message)) in zip(errors, BIG.items(), strict=True):
        assert error.startswith(name)
        assert message in error
    assert int(memory) < 1000


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_an_archive_is_not_unpacked(tmp_path, kind):
    path = tmp_path / "bomb.csv"
    if kind == "gzip":
        path.write_bytes(gzip.compress(HEAD + bytes(10**7)))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", HEAD + bytes(10**7))
    with pytest.raises(FileError, match=f"bomb.csv: a {kind} archive"):
        read_measurement(tmp_path, ROW | {"file": "bomb.csv"})


def pipe(path):
    os.mkfifo(path)


def loop(path):
    path.symlink_to(path.name)


def device(path):
    path.symlink_to("/dev/zero")


def huge(path):
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (pipe, "pipe"), (Path.mkdir, "folder"), (device, "device"), (huge, "1048576 MiB"),
        (loop, "symbolic links"), (lambda path: None, "No such file"),
    ],
)  # fmt: skip
def test_what_stands_in_place_of_a_file(tmp_path, make, message):
    make(tmp_path / "a.csv")
    with pytest.raises(FileError, match=f"a.csv: .*{message}"):
        read_measurement(tmp_path, ROW | {"file": "a.csv"})


@pytest.mark.parametrize("make", [pipe, Path.mkdir, loop])
def test_the_sheet_names_it_before_it_is_read(tmp_path, make):
    make(tmp_path / "a.csv")
    sheet = tmp_path / "measurements.csv"
    sheet.write_text("id,file,format,kind,sample\nm,a.csv,delimited,ahe_loop,s\n")
    with pytest.raises(ConfigError, match="line 2: .*'a.csv'"):
        read_sheet(sheet)
