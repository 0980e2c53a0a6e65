import os
import subprocess
import sys

import pandas as pd
import pytest

from hall2net.errors import FileError
from hall2net.files import atomic, check_writable, read_csv, read_json, write_csv, write_json


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("before")
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_no_folder_to_write_into_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        write_json({}, tmp_path / "file" / "x.json")


def test_tables_keep_ten_digits_and_the_column_order(tmp_path):
    write_csv(pd.DataFrame({"b": [1 / 3], "a": [None]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "b,a\n0.3333333333,\n"


def test_json_has_sorted_keys_and_no_nan(tmp_path):
    write_json({"b": 1, "a": 2}, tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text() == '{\n  "a": 2,\n  "b": 1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"a": float("nan")}, tmp_path / "y.json")
    assert not (tmp_path / "y.json").exists()


KILLED = """
import os, signal, sys
from hall2net.files import atomic
with atomic(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("before")
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert len(os.listdir(tmp_path)) == 2 and path.read_text() == "before"
    # Another file's, and that of a writer at work, stay.
    others = {".other.1.csv", f".table.{os.getppid()}.csv", ".table.x.csv"}
    for name in others:
        (tmp_path / name).write_text("")
    write_csv(pd.DataFrame({"a": [1], "b": [2]}), path)
    assert set(os.listdir(tmp_path)) == {"table.csv", *others}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no table .*No such file"),
        (b"", "no table .*No columns"),
        (b"\x89PNG\r\n\x1a\n\0\xff", "no table"),
        (b"garbage\nand more\n", "no table .first line 'garbage'"),
        (b"a,b\n1,2\n3", "no whole table .cut off"),
        (b"a,b\n1,2\n1,2,3\n", "no table .*line 3"),
    ],
)
def test_a_damaged_table_is_named_with_what_to_do(tmp_path, content, message):
    path = tmp_path / "lut.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=f"lut.csv: {message}(.|\n)*delete it"):
        read_csv(path)


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"\xff\xfe"])
def test_damaged_json_is_named_with_what_to_do(tmp_path, content):
    (tmp_path / "metrics.json").write_bytes(content)
    with pytest.raises(FileError, match="metrics.json: no JSON .*delete it"):
        read_json(tmp_path / "metrics.json")


def test_a_folder_that_takes_no_files_is_told(tmp_path):
    check_writable(tmp_path)
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileError, match="missing: cannot be written .No such file"):
        check_writable(tmp_path / "missing")


FULL = """
import resource, sys
import numpy as np, xarray as xr
from hall2net.errors import FileError
from hall2net.measurement import write_samples
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
whole = {"start": ("measurement", [0]), "field": ("point", np.arange(1e5))}
try:
    write_samples([xr.Dataset(whole, attrs={"sample": "a"})], sys.argv[1])
except FileError as error:
    print(error)
"""


def test_measurements_that_do_not_fit_on_the_disk_are_one_clear_error(tmp_path):
    """HDF5 would end the process without a word; the limit on files stands for the disk's end."""
    command = [sys.executable, "-c", FULL, str(tmp_path / "a.nc")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{tmp_path}/a.nc: cannot be written (File too large)")
    assert os.listdir(tmp_path) == []
