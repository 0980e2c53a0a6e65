"""Readers on the troubles that laboratory files bring."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import mu_0

from hall2net.errors import FileError
from hall2net.loops import fit_loop
from hall2net.readers import open_dataset, read_measurement, read_sample, select, write_dataset
from hall2net.sheet import read_sheet
from hall2net.units import OERSTED

ROOT = Path(__file__).parents[2]
REAL = Path(
    os.environ.get("HALL2NET_INSTRUMENT_FILES", ROOT.parent / "shared" / "instrument-files")
)
real_files = pytest.mark.skipif(not REAL.is_dir(), reason="no real instrument files here")

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
        (b"PK\x03\x04\x00\x00", "zero byte"),
        ("Field (Oe),R\n1,2\n1e9,2\n", "line 3.*field.*unit"),
        ("Field (Oe),R\n" + "1," * 200_000, "characters"),
    ],
)
def test_bad_files_name_file_line_and_trouble(tmp_path, content, message):
    with pytest.raises(FileError, match=message) as caught:
        read(tmp_path, content)
    assert "a.csv" in str(caught.value)


def test_a_unit_that_is_none_is_refused(tmp_path):
    with pytest.raises(FileError, match="'Tesla'.*Oe"):
        read(tmp_path, "Field (Oe),R\n1,2\n", x_unit="Tesla")


def test_one_temperature_of_a_file_with_several(tmp_path):
    content = "[Header]\n[Data]\nTemperature (K),Field (Oe),R (Ohms)\n"
    content += "300.1,1,2\n300.0,2,2\n200,1,5\n"
    changes = {"format": "multivu", "y_column": "R (Ohms)", "y_unit": ""}
    table = read(tmp_path, content, temperature_k=200, **changes)
    np.testing.assert_allclose(table["resistance"], [5])
    with pytest.raises(FileError, match="temperature_k"):
        read(tmp_path, content, **changes)
    with pytest.raises(FileError, match="200.0 to 300.1"):
        read(tmp_path, content, temperature_k=4, **changes)


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


def real(name, kind="ahe_loop", **changes):
    row = {"id": "r", "file": name, "kind": kind, "sample": "s"} | changes
    return read_measurement(REAL, row)


@real_files
def test_real_lakeshore_file():
    table = real("lakeshore8600_vsm.csv", "vsm_loop", format="lakeshore8600")
    assert table["field"].max() / OERSTED == pytest.approx(20000.2, abs=0.2)
    assert table["moment"].iloc[0] == pytest.approx(-7.81e-5 * 1e-3)


@real_files
def test_real_vsm_loop():
    table = real("qd_ppms_vsm_mh.dat", "vsm_loop", format="multivu", temperature_k=300)
    assert np.abs(table["field"]).max() * mu_0 == pytest.approx(14, abs=0.1)
    assert table["moment"].iloc[0] == pytest.approx(-0.300012917e-3)


@real_files
@pytest.mark.parametrize(
    ("name", "column", "unit", "quantity", "temperature"),
    [
        ("qd_ppms_act_hall.dat", "Res. ch1 (ohm-cm)", "ohm cm", "resistivity", 2),
        ("qd_ppms_act_hall.dat", "Volts ch1", "V", "voltage", 2),
        ("qd_ppms_resistivity.dat", "Bridge 2 Resistivity (Ohm)", "ohm", "resistance", 2),
    ],
)
def test_files_without_hysteresis_give_no_coercive_field(name, column, unit, quantity, temperature):
    table = real(
        name, format="multivu", temperature_k=temperature, y_column=column, y_unit=unit,
        y_quantity=quantity, current_ma=1.03,
    )  # fmt: skip
    signal = table["resistivity" if quantity == "resistivity" else "resistance"].to_numpy()
    found = fit_loop(table["field"].to_numpy() / OERSTED, signal)
    assert found["status"] == "refused"
    assert np.isnan(found["h_c_oe"])
