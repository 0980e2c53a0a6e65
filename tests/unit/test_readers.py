"""Readers on the troubles that laboratory files bring."""

from pathlib import Path

import numpy as np
import pytest
from scipy.constants import mu_0

from hall2net.errors import FileError
from hall2net.readers import open_dataset, read_measurement, read_sample, select, write_dataset
from hall2net.sheet import read_sheet
from hall2net.units import OERSTED

ROOT = Path(__file__).parents[2]

LOOP = {
    "id": "a", "file": "a.csv", "format": "delimited", "kind": "ahe_loop", "sample": "s",
    "x_column": "Field (Oe)", "x_unit": "Oe", "y_column": "R", "y_unit": "ohm",
    "y_quantity": "resistance",
}  # fmt: skip


def read(folder, content, encoding="utf-8", **changes):
    (folder / "a.csv").write_bytes(
        content if isinstance(content, bytes) else content.encode(encoding)
    )
    return read_measurement(folder, LOOP | changes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_encodings(tmp_path, encoding):
    table = read(tmp_path, "# 5 µm bar\nField (Oe),R\n1,2\n3,4\n", encoding)
    np.testing.assert_allclose(table["field"], np.array([1, 3]) * OERSTED)
    np.testing.assert_allclose(table["resistance"], [2, 4])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_line_ends(tmp_path, delimiter, end):
    lines = ["a logging program", "R,Field (Oe)", "2,1", "", ",", "4,3"]
    table = read(tmp_path, end.join(line.replace(",", delimiter) for line in lines))
    np.testing.assert_allclose(table["resistance"], [2, 4])


@pytest.mark.parametrize(
    ("unit", "factor"), [("Oe", OERSTED), ("mT", 1e-3 / mu_0), ("T", 1 / mu_0), ("A/m", 1.0)]
)
def test_units_of_the_field(tmp_path, unit, factor):
    table = read(tmp_path, "Field (Oe),R\n1,2\n2,2\n", x_unit=unit)
    np.testing.assert_allclose(table["field"], [factor, 2 * factor])


def test_a_quoted_cell_may_hold_newlines_and_delimiters(tmp_path):
    table = read(tmp_path, 'note,Field (Oe),R\n"one,\ntwo",1,2\n,3,4\n')
    np.testing.assert_allclose(table["resistance"], [2, 4])


def test_voltage_is_divided_by_the_probe_current(tmp_path):
    changes = {"y_unit": "uV", "y_quantity": "voltage", "current_ma": -2.0}
    table = read(tmp_path, "Field (Oe),R\n0,4\n1,8\n", **changes)
    np.testing.assert_allclose(table["resistance"], [-2e-3, -4e-3])


def test_voltage_without_its_current_is_refused(tmp_path):
    with pytest.raises(FileError, match="current_ma"):
        read(tmp_path, "Field (Oe),R\n0,4\n", y_unit="V", y_quantity="voltage")


def test_branches_in_two_files_are_read_one_after_the_other(tmp_path):
    (tmp_path / "b.csv").write_text("Field (Oe),R\n5,6\n")
    table = read(tmp_path, "Field (Oe),R\n1,2\n", file="a.csv; b.csv")
    np.testing.assert_allclose(table["resistance"], [2, 6])


def test_repeated_and_nan_rows_are_left_out(tmp_path):
    table = read(tmp_path, "Field (Oe),R\n1,2\n1,2\nNaN,2\n3,\n3,4\n1,2\n")
    np.testing.assert_allclose(table["resistance"], [2, 4, 2])


def test_channels_in_alternating_rows(tmp_path):
    table = read(tmp_path, "Field (Oe),R,other\n1,2,\n1,,7\n2,3,\n2,,8\n")
    np.testing.assert_allclose(table["resistance"], [2, 3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("Field (Oe),R\n", "no data rows"),
        ("Field (Oe),R\na,b\n", "no data rows"),
        ("Field (Oe),Q\n1,2\n", "'R'"),
        ("Field (Oe),R,R\n1,2,3\n", "2 times"),
        ("Field (Oe),R\n1,2,3\n", "line 2.*3 cells"),
        (b"PK\x03\x04\x00\x00", "zip archive"),
        ("Field (Oe),R\n1,2\n1e9,2\n", "line 3.*field.*unit"),
        ("Field (Oe),R\n" + "1," * 200_000, "line 2.*400000 bytes"),
    ],
)
def test_bad_files_name_file_line_and_trouble(tmp_path, content, message):
    with pytest.raises(FileError, match=message) as caught:
        read(tmp_path, content)
    assert "a.csv" in str(caught.value)


def test_a_unit_that_is_none_is_refused(tmp_path):
    with pytest.raises(FileError, match="'furlong'.*Oe"):
        read(tmp_path, "Field (Oe),R\n1,2\n", x_unit="furlong")


def test_one_temperature_of_a_file_with_several(tmp_path):
    content = "[Header]\n[Data]\nTemperature (K),Field (Oe),R (Ohms)\n"
    content += "300.1,1,2\n300.0,2,2\n200,1,5\n"
    changes = {"format": "multivu", "y_column": "R (Ohms)", "y_unit": ""}
    table = read(tmp_path, content, temperature_k=200, **changes)
    np.testing.assert_allclose(table["resistance"], [5])
    with pytest.raises(FileError, match="temperature_k"):
        read(tmp_path, content, **changes)
    with pytest.raises(FileError, match="200.00 to 300.10"):
        read(tmp_path, content, temperature_k=4, **changes)


MICROMAG = """MicroMag 2900/3900 Data File (Series 0016.002)
Direct moment vs. field; Hysteresis loop

Number of segments              2
Number of data                  3

Segment   Averaging      Initial        Field         Final                    Final
 Number      Time         Field       Increment       Field         Pause      Index
             (s)           (T)           (T)           (T)           (s)
0000001,+100.0000E-03,+1.500000E+00,+5.000000E-03,-1.500000E+00,+1.000000E+00,0000601

                               Adjusted      Adjusted
    Field         Moment        Field         Moment
     (T)          (Am²)          (T)          (Am²)
+1.400000E+00,+700.0000E-06,+1.400000E+00,+400.0000E-06
+0.000000E+00,+600.0000E-06,+0.000000E+00,+300.0000E-06

-1.400000E+00,-700.0000E-06,-1.400000E+00,-400.0000E-06

MicroMag 2900/3900 Data File ends
"""


@pytest.mark.parametrize(
    ("column", "moments"),
    [("", [7e-4, 6e-4, -7e-4]), ("Adjusted Moment (Am²)", [4e-4, 3e-4, -4e-4])],
)
def test_micromag_names_stand_on_several_lines(tmp_path, column, moments):
    changes = dict.fromkeys(("x_column", "x_unit", "y_unit", "y_quantity"), "")
    changes |= {"format": "micromag", "kind": "vsm_loop", "y_column": column}
    table = read(tmp_path, MICROMAG.replace("\n", "\r\n"), "latin-1", **changes)
    np.testing.assert_allclose(table["field"] * mu_0, [1.4, 0, -1.4])
    np.testing.assert_allclose(table["moment"], moments)


def test_a_sample_is_written_and_read_back_as_the_same_bytes(tmp_path):
    sheet = read_sheet(ROOT / "raw/cotb/measurements.csv")
    rows = sheet[sheet["sample"] == "freestanding"]
    dataset = read_sample(ROOT / "raw/cotb", rows)
    for name in ("a.nc", "b.nc"):
        write_dataset(dataset, tmp_path / name)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    assert open_dataset(tmp_path / "a.nc").identical(dataset)
    one = select(dataset, "sot_freestanding_m25mt")
    assert float(one["field_x"]) == pytest.approx(-250 * OERSTED)
    assert one["write_current"].values.max() == pytest.approx(0.02)


def test_a_missing_measurement_and_a_broken_cache_are_told(tmp_path):
    sheet = read_sheet(ROOT / "raw/cotb/measurements.csv").head(1)
    with pytest.raises(FileError, match="'nothing'"):
        select(read_sample(ROOT / "raw/cotb", sheet), "nothing")
    (tmp_path / "broken.nc").write_bytes(b"not netcdf")
    with pytest.raises(FileError, match="NetCDF"):
        open_dataset(tmp_path / "broken.nc")
