import os

import pandas as pd
import pytest

from hall2net.errors import FileError
from hall2net.files import atomic, write_csv, write_json


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
