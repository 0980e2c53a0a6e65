"""Readers on the troubles that laboratory files bring."""

from pathlib import Path

import numpy as np
import pytest
from scipy.constants import mu_0

from hall2net.errors import FileError
from hall2net.measurement import open_measurement, open_samples, select, write_samples
from hall2net.physics.loops import fit_loop
from hall2net.readers.reading import read_measurement, read_sample
from hall2net.study.sheet import read_sheet
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


def test_an_encoding_by_its_byte_order_mark(tmp_path):
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        content = mark + "Field (Oe),R µ\r\n1,2\r\n3,4\r\n".encode(encoding)
        table = read(tmp_path, content, y_column="R µ")
        np.testing.assert_allclose(table["resistance"], [2, 4])


FIELD_UNITS = {
    "Oe": OERSTED, "kOe": 1e3 * OERSTED, "G": OERSTED, "T": 1 / mu_0, "mT": 1e-3 / mu_0,
    "A/m": 1.0, "kA/m": 1e3,
}  # fmt: skip
CURRENT_UNITS = {"A": 1.0, "mA": 1e-3, "uA": 1e-6, "nA": 1e-9}


@pytest.mark.parametrize("unit", FIELD_UNITS)
def test_units_of_the_field(tmp_path, unit):
    expected = np.array([1, 2]) * FIELD_UNITS[unit]
    stated = read(tmp_path, "H,R\n1,2\n2,2\n", x_column="H", x_unit=unit)
    named = read(tmp_path, f"H ({unit}),R\n1,2\n2,2\n", x_column=f"H ({unit})", x_unit="")
    np.testing.assert_allclose(stated["field"], expected)
    np.testing.assert_allclose(named["field"], expected)


@pytest.mark.parametrize("unit", CURRENT_UNITS)
def test_units_of_the_write_current(tmp_path, unit):
    changes = {"kind": "sot_switching", "x_column": f"I [{unit}]", "x_unit": ""}
    table = read(tmp_path, f"I [{unit}],R\n0.5,2\n-0.5,2\n", **changes)
    np.testing.assert_allclose(table["write_current"], np.array([0.5, -0.5]) * CURRENT_UNITS[unit])


@pytest.mark.parametrize(
    ("spelling", "factor"),
    [("Ohms", 1), ("mΩ", 1e-3), ("mΩ", 1e-3), ("µΩ", 1e-6), ("μOhm", 1e-6), ("kOhm", 1e3)],
)
def test_spellings_of_the_ohm(tmp_path, spelling, factor):
    content = f"Field (Oe),R ({spelling})\n1,2\n3,4\n"
    table = read(tmp_path, content, y_column=f"R ({spelling})", y_unit="", y_quantity="")
    np.testing.assert_allclose(table["resistance"], np.array([2, 4]) * factor)


def test_a_name_may_be_spelt_with_other_case_blanks_and_mu(tmp_path):
    content = "field  (oe) ,R (\N{MICRO SIGN}Ohm)\n1,2\n3,4\n"
    table = read(tmp_path, content, y_column="R (\N{GREEK SMALL LETTER MU}Ohm)", y_unit="uohm")
    np.testing.assert_allclose(table["resistance"], [2e-6, 4e-6])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [";", "\t", "   "])
def test_decimal_commas(tmp_path, delimiter, end):
    lines = ["Field (Oe)|R", "-1000,5|2,5E-3", "1000|3", ",5|-,25"]
    table = read(tmp_path, end.join(line.replace("|", delimiter) for line in lines))
    np.testing.assert_allclose(table["field"], np.array([-1000.5, 1000, 0.5]) * OERSTED)
    np.testing.assert_allclose(table["resistance"], [2.5e-3, 3, -0.25])


@pytest.mark.parametrize("cell", ["1.5", "1.234,5", "1,234.5", "1,2,3", "12:30", "1_5"])
def test_a_number_that_may_be_read_two_ways_is_refused(tmp_path, cell):
    with pytest.raises(FileError, match="a.csv, line 3"):
        read(tmp_path, f"Field (Oe);R\n1,5;2,5\n{cell};3,5\n")


@pytest.mark.parametrize(
    "content",
    [
        "Field (Oe)   R\n  1   2\n  3  4  \n",
        "# Field (Oe)   R\n1 2\n3\t4\n",
        "#Field (Oe),R\n1,2\n3,4\n",
        'by hand\n"Field\n(Oe)","R"\n"1","2"\n"3","4"\n',
        "Field (Oe),R,\n1,2,\n3,4,\n",
        "Field (Oe),R\nOe,A m2\n1,2\n,\n3,4\nend of file\n",
        "Field (Oe),R\n1,2\nField (Oe),R\n3,4\n",
        "Field (Oe),R\n1,2\n5,Inf\n5,1.#QNAN\n5,#DIV/0!\n5,OVERLOAD\n3,4\n5\n",
        'Field (Oe),R,note\n1,2,5" wafer\n3,4,\n',
    ],
)
def test_tables_that_laboratories_write(tmp_path, content):
    table = read(tmp_path, content)
    np.testing.assert_allclose(table["field"], np.array([1, 3]) * OERSTED)
    np.testing.assert_allclose(table["resistance"], [2, 4])


@pytest.mark.parametrize("content", ["1,9,2\n3,9,4\n", "# my loop\n1 9 2\n3 9 4\n"])
def test_columns_without_names_are_counted(tmp_path, content):
    table = read(tmp_path, content, x_column="1", y_column="3")
    np.testing.assert_allclose(table["field"], np.array([1, 3]) * OERSTED)
    np.testing.assert_allclose(table["resistance"], [2, 4])


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


@pytest.mark.parametrize("file", ["up.csv; down.csv", "whole.csv"])
def test_a_loop_is_the_same_from_two_files_and_split_across_the_ends(tmp_path, file):
    """Truth: switching at +50 and -30 Oe."""
    rng = np.random.default_rng(3)
    up = np.arange(-200, 200.1, 2)
    down, switching = up[::-1], {1: 50, -1: -30}
    signal = {
        sign: np.tanh((field - switching[sign]) / 5) + 0.01 * rng.standard_normal(up.size)
        for sign, field in ((1, up), (-1, down))
    }
    middle = up.size // 2
    parts = {
        "up.csv": (up, signal[1]),
        "down.csv": (down, signal[-1]),
        "whole.csv": (
            np.concatenate([up[middle:], down, up[:middle]]),
            np.concatenate([signal[1][middle:], signal[-1], signal[1][:middle]]),
        ),
    }
    for name, columns in parts.items():
        rows = "".join(f"{h},{r}\n" for h, r in zip(*columns, strict=True))
        (tmp_path / name).write_text("Field (Oe),R\n" + rows)
    table = read_measurement(tmp_path, LOOP | {"file": file})
    found = fit_loop(table["field"].to_numpy() / OERSTED, table["resistance"].to_numpy())
    assert found["status"] == "ok"
    for name, truth in (("h_up_oe", 50), ("h_dn_oe", -30)):
        error = np.hypot(found[name.replace("_oe", "_u_oe")], found["h_step_u_oe"])
        assert abs(found[name] - truth) < 4 * error


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
        ("Field (Oe),R,S\n1,,2\n2,,3\n", "no row with both"),
        ("Field (Oe),R\n1,-\n2,2.5.1\n", "line 3.*'2.5.1'.*'R'"),
        ('Field (Oe),R\n1,2\n"3,4\n5,6\n', "line 3.*quotes"),
        ('note,Field (Oe),R\n"a,1,2\n' + ",3,4\n" * 120 + '",5,6\n', "line 2.*quotes"),
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


def test_low_temperatures_lie_closer(tmp_path):
    content = "[Header]\n[Data]\nTemperature (K),Field (Oe),R (Ohms)\n"
    content += "2.001,1,2\n2.2,2,3\n1.999,2,4\n"
    changes = {"format": "multivu", "y_column": "R (Ohms)", "y_unit": ""}
    table = read(tmp_path, content, temperature_k=2.0, **changes)
    np.testing.assert_allclose(table["resistance"], [2, 4])


NO_COLUMNS = dict.fromkeys(("x_column", "x_unit", "y_column", "y_unit", "y_quantity"), "")
MULTIVU = "[Header]\nTITLE,a\n[Data]\n"


@pytest.mark.parametrize(
    ("names", "cells"),
    [
        ("Comment,Field (Oe),Moment (emu)", ",1,2"),
        ("Comment,Magnetic Field (Oe),Moment (emu)", ",1,2"),
        ("Field (Oe),Magnetic Field (Oe),Moment (emu)", "7,1,2"),
        ("Field (Oe),Magnetic Field (Oe),Moment (emu)", "1,,2"),
        ("Moment (emu),DC Moment Free Ctr (emu),Magnetic Field (Oe)", ",2,1"),
    ],
)
def test_columns_of_multivu_modes(tmp_path, names, cells):
    changes = NO_COLUMNS | {"format": "multivu", "kind": "vsm_loop"}
    table = read(tmp_path, f"{MULTIVU}{names}\n{cells}\n", **changes)
    np.testing.assert_allclose(table["field"], [OERSTED])
    np.testing.assert_allclose(table["moment"], [2e-3])


LAKESHORE = """#FIELD CONFIGURATIONS,,
Magnet: none,,
##DATA TABLE Moment (m) [emu] vs Field [Oe],,
Field [Oe],Moment (m) [emu],Moment (m) Status
2,1E-05,GOOD
-2,-1E-05,GOOD
,,
-2,-2E-05,GOOD
"""


def test_lakeshore_segments_are_parted_by_empty_rows(tmp_path):
    changes = NO_COLUMNS | {"format": "lakeshore8600", "kind": "vsm_loop"}
    table = read(tmp_path, LAKESHORE, **changes)
    np.testing.assert_allclose(table["field"], np.array([2, -2, -2]) * OERSTED)
    np.testing.assert_allclose(table["moment"], [1e-8, -1e-8, -2e-8])


@pytest.mark.parametrize(
    ("stated", "content", "message"),
    [
        ("delimited", MULTIVU + "Field (Oe),R\n1,2\n", "looks like multivu"),
        ("multivu", LAKESHORE, "looks like lakeshore8600"),
        ("lakeshore8600", MICROMAG, "looks like micromag"),
        ("multivu", "Field (Oe),R\n1,2\n", r"lacks.*\[Data\].*format delimited"),
        ("lakeshore8600", LAKESHORE + LAKESHORE, "line 11: a second ##DATA TABLE"),
        ("multivu", (MULTIVU + "Field (Oe),R\n1,2\n") * 2, r"line 8: a second \[Data\]"),
        ("delimited", "Field (Oe),R\n1,2\nR,Field (Oe)\n3,4\n", "line 3: other column names"),
    ],
)
def test_formats_and_tables_that_do_not_fit(tmp_path, stated, content, message):
    with pytest.raises(FileError, match=f"a.csv.*{message}"):
        read(tmp_path, content, format=stated)


@pytest.mark.parametrize(
    ("unit", "kind", "value"),
    [
        ("T", "ahe_loop", 400), ("mT", "ahe_loop", 2.5e4), ("kOe", "ahe_loop", 400),
        ("A", "sot_switching", 12), ("mA", "sot_switching", 2000),
    ],
)  # fmt: skip
def test_values_that_no_instrument_reaches_are_no_unit_error_in_silence(
    tmp_path, unit, kind, value
):
    content = f"x ({unit}),R\n0.1,2\n{value},2\n"
    with pytest.raises(FileError, match="a.csv, line 3: .*check the unit"):
        read(tmp_path, content, x_column=f"x ({unit})", x_unit="", kind=kind)


def test_the_example_of_the_documentation(tmp_path):
    text = (ROOT / "docs/files.md").read_text(encoding="utf-8")
    (tmp_path / "measurements.csv").write_text(
        text[text.index("id,file,") :].split("```")[0], encoding="utf-8"
    )
    names = "Comment,Time Stamp (sec),Temperature (K),Magnetic Field (Oe),Volts ch1"
    (tmp_path / "act.dat").write_text(f"{MULTIVU}{names}\n,1,2.001,5,1.03E-6\n,2,4,5,7\n")
    (tmp_path / "vsm.csv").write_text(LAKESHORE)
    for name, row in (("up.txt", "-1,5;2"), ("down.txt", "1,5;3")):
        (tmp_path / name).write_text(f"B (mT);Uxy (µV)\n{row}\n", encoding="cp1252")
    dataset = read_sample(tmp_path, read_sheet(tmp_path / "measurements.csv"))
    np.testing.assert_allclose(select(dataset, "hall_2k")["resistance"], [1e-3])
    assert select(dataset, "loop")["moment"].size == 3
    shift = select(dataset, "shift")
    np.testing.assert_allclose(shift["field"] * mu_0, [-1.5e-3, 1.5e-3])
    np.testing.assert_allclose(shift["resistance"], [2e-6 / -3e-3, 3e-6 / -3e-3])


def test_samples_are_written_and_read_back_as_the_same_bytes(tmp_path):
    folder = ROOT / "raw/cotb"
    sheet = read_sheet(folder / "measurements.csv")
    samples = {name: read_sample(folder, rows) for name, rows in sheet.groupby("sample")}
    for name in ("a.nc", "b.nc"):
        write_samples(list(samples.values()), tmp_path / name)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    back = open_samples([tmp_path / "a.nc"])
    assert list(back) == ["as_grown", "freestanding"]
    assert all(back[name].identical(dataset) for name, dataset in samples.items())
    one = select(samples["freestanding"], "sot_freestanding_m25mt")
    assert float(one["field_x"]) == pytest.approx(-250 * OERSTED)
    assert one["write_current"].values.max() == pytest.approx(0.02)
    same = open_measurement(tmp_path / "a.nc", "sot_freestanding_m25mt")
    assert same["sample"].item() == "freestanding"
    assert same["write_current"].identical(one["write_current"])
    assert same["resistance"].identical(one["resistance"])


def test_a_missing_measurement_and_a_broken_cache_are_told(tmp_path):
    sheet = read_sheet(ROOT / "raw/cotb/measurements.csv").head(1)
    with pytest.raises(FileError, match="'nothing'"):
        select(read_sample(ROOT / "raw/cotb", sheet), "nothing")
    (tmp_path / "broken.nc").write_bytes(b"not netcdf")
    with pytest.raises(FileError, match="NetCDF"):
        open_samples([tmp_path / "broken.nc"])
