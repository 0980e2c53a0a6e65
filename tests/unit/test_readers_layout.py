"""The one parser of tables: what a grammar of laboratory files writes, it reads back."""

import csv
import io

import h5py
import numpy as np
import pytest

from hall2net.errors import FileError
from hall2net.readers.reading import read_measurement
from hall2net.readers.source import FORMATS, header_of, open_source
from hall2net.study.sheet import CHOICES
from hall2net.units import SI_FACTORS, unit_spelt

FILES = 250
"""Drawn from the grammar below."""

# Words that stand for a column, and the units that it may have, as people spell them.
WORDS = {
    "field": (["Field", "Magnetic Field", "Hz", "B", "mu0 H"], ["Oe", "mT", "T", "kOe", "G"]),
    "signal": (["Rxy", "Hall resistance", "R ch1", "Vxy", "Hall volt 2"], ["Ohm", "mΩ", "uV", "V"]),
    "time": (["Time", "t", "Elapsed"], ["s", "sec", "min"]),
    "temperature": (["Temperature", "T", "Sample temp"], ["K"]),
    "other": (["Lock-in phase", "Gain", "Status code", "Drive"], [""]),
}  # fmt: skip
STYLES = ["{} ({})", "{} [{}]", "{}({})", "{} / {}"]
PREAMBLES = {
    "none": [],
    "words": ["Hall loop of bar 3", "by a student, on a Monday"],
    "settings": ["# Sense current: 0.5 mA", "# Rate: 10 Oe/s", "#"],
    "pymeasure": ["#Procedure: <lab.Loop>", "#Parameters:", "#\tSense current: 0.0005 A", "#Data:"],
    "numbers": ["Samples{0}121{0}121", "X0{0}0.0{0}0.0", "Start{0}1.5{0}2.5", "***End***"],
}  # fmt: skip


def drawn(rng):
    """A file: its bytes, and the truth of names, units and numbers."""
    delimiter = rng.choice([",", ";", "\t", " ", "|"])
    decimal = "." if delimiter == "," else rng.choice([".", ","])
    keys = ["field", "signal", *rng.choice(["time", "temperature", "other"], 2, replace=False)]
    keys = keys[: rng.integers(2, 5)]
    rng.shuffle(keys)
    where = rng.choice(["name", "row", "brackets_row"])
    style = rng.choice(STYLES[:3] if delimiter == " " else STYLES)
    words, units = [], []
    for key in keys:
        word = str(rng.choice(WORDS[key][0]))
        words.append(word.replace(" ", "_") if delimiter == " " else word)
        units.append(str(rng.choice(WORDS[key][1])))
    if where != "name" and delimiter == " " and "" in units:
        where = "name"
    names = words
    if where == "name":
        names = [style.format(w, u) if u else w for w, u in zip(words, units, strict=True)]
    if len(set(names)) < len(names):
        return drawn(rng)
    numbers = np.round(rng.normal(0, 300, (int(rng.integers(3, 90)), len(keys))), 4)
    minus = rng.choice(["-", "-", "\N{MINUS SIGN}", "\N{EN DASH}"])
    quoted = delimiter != " " and rng.random() < 0.3
    newline = quoted and rng.random() < 0.5
    rows = [names]
    if where == "row":
        rows.append(units)
    if where == "brackets_row":
        rows.append([f"({unit})" for unit in units])
    for row in numbers:
        cells = [f"{value:.4f}".replace(".", decimal).replace("-", minus) for value in row]
        rows.append([cell + "\n" for cell in cells] if newline else cells)
    buffer = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    if delimiter == " ":
        buffer.write("".join("  ".join(row) + "\n" for row in rows))
    else:
        csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(
            rows
        )
    preamble = str(rng.choice(list(PREAMBLES)))
    head = [line.format(delimiter) for line in PREAMBLES[preamble]]
    tail = str(rng.choice(["", "end of file\n", "\n\n"]))
    text = "".join(line + "\n" for line in head) + buffer.getvalue() + tail
    end = rng.choice(["\n", "\r\n", "\r"]) if not newline else "\n"
    encodings = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]
    encoding = rng.choice(encodings + ["cp1252"] * (minus == "-" and "Ω" not in text))
    content = text.replace("\n", str(end)).encode(str(encoding))
    told = f"{delimiter!r} {decimal!r} {where} {preamble} {encoding} quoted {quoted} {minus!r}"
    return content, names, [unit_spelt(unit) for unit in units], numbers, told


@pytest.mark.parametrize("part", range(5))
def test_a_grammar_of_files_is_read_back(tmp_path, part):
    rng = np.random.default_rng(100 + part)
    path = tmp_path / "a.txt"
    for _ in range(FILES // 5):
        content, names, units, numbers, told = drawn(rng)
        path.write_bytes(content)
        source = open_source(path)
        assert source.names[: len(names)] == names, told
        assert source.units[: len(names)] == units, told
        found = source.read(range(len(names))).columns
        found = np.column_stack(list(found.values()))
        # Lines below the table are rows without a number.
        found = found[np.isfinite(found).any(axis=1)]
        np.testing.assert_allclose(found, numbers, err_msg=told)
        assert header_of(path, source.names, {}).names == source.names, told
        # The reader recognises what the draft does, and the names without their units.
        bare = [name.split("(")[0].split("[")[0].split(" / ")[0].strip() for name in names]
        if len(set(bare)) == len(bare):
            again = open_source(path, bare, "delimited")
            assert again.header == source.header, told


@pytest.mark.parametrize("columns", [2, 3, 5, 8])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "  "])
def test_a_table_without_names_is_counted(tmp_path, columns, delimiter):
    rng = np.random.default_rng(columns)
    numbers = np.round(rng.normal(0, 5, (30, columns)), 3)
    rows = "".join(delimiter.join(f"{v:.3f}" for v in row) + "\n" for row in numbers)
    path = tmp_path / "a.txt"
    path.write_text("hand-logged\n" + rows)
    source = open_source(path)
    assert source.names == [str(k) for k in range(1, columns + 1)]
    np.testing.assert_allclose(source.read([columns - 1]).columns[columns - 1], numbers[:, -1])


def test_words_in_the_first_cells_of_some_rows_do_not_hide_the_columns_of_numbers(tmp_path):
    """An oscilloscope writes its settings beside the first samples."""
    rng = np.random.default_rng(4)
    numbers = np.round(rng.normal(0, 1, (40, 2)), 5)
    side = ["Record Length,40,Points", "Interval,0.01,s", "Source,CH1,", "Units,V,"]
    rows = [f"{side[k] if k < 4 else ',,'},{a},{b}," for k, (a, b) in enumerate(numbers)]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    source = open_source(tmp_path / "a.csv", ["4", "5"])
    found = source.read([source.places("4")[0], source.places("5")[0]]).columns
    np.testing.assert_allclose(np.column_stack(list(found.values())), numbers)


ROW = {"file": "a.txt", "format": "delimited", "kind": "ahe_loop", "y_quantity": "resistance"}


def loop(n=60, up=210.0, down=-190.0):
    field = np.r_[np.linspace(500, -500, n), np.linspace(-499, 501, n)]
    falling = np.arange(2 * n) < n
    return field, np.where(field > np.where(falling, down, up), 0.4, -0.4)


@pytest.mark.parametrize("words", ["New Section: Section 1:", "Section 1 of 2", "-- back --", "x"])
def test_lines_of_words_between_rows_are_left_out(tmp_path, words):
    field, r = loop()
    rows = [f"{k:.1f}  {h:.4f}  {y:.4f}" for k, (h, y) in enumerate(zip(field, r, strict=True))]
    lines = ["@@Data", *rows[:60], words, *rows[60:], "@@END Data."]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    row = ROW | {"x_column": "2", "x_unit": "Oe", "y_column": "3", "y_unit": "ohm"}
    table = read_measurement(tmp_path, row)
    np.testing.assert_allclose(table["resistance"], r, atol=1e-4)


@pytest.mark.parametrize(
    ("letters", "unit"), [("VDC", "V"), (" mV", "mV"), ("OHM", "ohm"), ("Ω", "ohm"), ("RDNG#", "")]
)
def test_letters_behind_every_number_of_a_column(tmp_path, letters, unit):
    rows = [f"{h},{y:+.6E}{letters}" for h, y in ((1, 0.5), (2, -1.5), (3, 2.5))]
    path = tmp_path / "a.txt"
    path.write_text("\n".join(["Field (Oe),Reading", *rows]))
    source = open_source(path)
    assert source.units == ["Oe", unit]
    np.testing.assert_allclose(source.read([1]).columns[1], [0.5, -1.5, 2.5])


@pytest.mark.parametrize("odd", ["0.5", "0.5ADC", "0.5E"])
def test_letters_behind_some_numbers_only_are_refused(tmp_path, odd):
    lines = ["Field (Oe),Reading (V)", "1,0.5VDC", "2,0.6VDC", f"3,{odd}", "4,0.7VDC"]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    row = ROW | {"x_column": "Field (Oe)", "y_column": "Reading (V)", "y_unit": "ohm"}
    with pytest.raises(FileError, match="a.txt, line .*'Reading \\(V\\)'"):
        read_measurement(tmp_path, row)


def test_a_unit_in_the_name_and_another_behind_the_numbers_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("Field (Oe),Reading (mV)\n1,0.5VDC\n2,0.6VDC\n")
    row = ROW | {"x_column": "Field (Oe)", "y_column": "Reading (mV)", "y_quantity": "voltage"}
    with pytest.raises(FileError, match="numbers in V in the column 'Reading \\(mV\\)'"):
        read_measurement(tmp_path, row | {"current_ma": 1})


@pytest.mark.parametrize("extra", ["Rxy 1 (ohm)", "Rxy bar 1"])
def test_a_header_with_more_words_than_numbers_is_no_header(tmp_path, extra):
    """Never is the word that stands third taken for the third column."""
    (tmp_path / "a.txt").write_text(f"Hz I {extra} Rxy\n" + "1 2 3 4\n" * 3)
    row = ROW | {"x_column": "Hz", "y_column": "Rxy", "x_unit": "Oe", "y_unit": "ohm"}
    if extra == "Rxy 1 (ohm)":
        with pytest.raises(FileError, match="line 1: . names over 4 numbers in a row"):
            read_measurement(tmp_path, row)
    else:
        with pytest.raises(FileError, match="line 1: 6 names over 4 numbers in a row"):
            read_measurement(tmp_path, row)


@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
@pytest.mark.parametrize("decimal", [".", ","])
def test_a_multivu_file_that_a_spreadsheet_saved_again(tmp_path, delimiter, decimal):
    if delimiter == decimal == ",":
        decimal = "."
    field, r = loop()
    names = ["Comment", "Temperature (K)", "Magnetic Field (Oe)", "Bridge 1 Resistance (Ohms)"]
    rows = [["", f"{300 + 0.01 * (k % 3):.2f}", f"{h:.3f}", f"{y:.5f}"]
            for k, (h, y) in enumerate(zip(field, r, strict=True))]  # fmt: skip
    rows = [[cell.replace(".", decimal) for cell in row] for row in rows]
    head = [["[Header]", "", "", ""], ["TITLE", "bar", "", ""], ["[Data]", "", "", ""], names]
    text = "".join(delimiter.join(row) + "\r\n" for row in [*head, *rows])
    (tmp_path / "a.txt").write_text(text, newline="")
    row = ROW | {"format": "multivu", "y_column": names[3], "temperature_k": 300.0}
    table = read_measurement(tmp_path, row)
    np.testing.assert_allclose(table["resistance"], r, atol=1e-5)


@pytest.mark.parametrize(
    ("system", "units"),
    [("Hybrid SI", ["T", "A m2"]), ("cgs", ["Oe", "emu"]), ("", ["", ""])],
)
def test_micromag_of_older_series(tmp_path, system, units):
    said = f"Units of measure        {system}\n" if system else ""
    names = "     Raw           Raw         Adjusted      Adjusted\n"
    names += "    Field         Moment        Field         Moment\n"
    rows = "".join(f"{h:+.6E},{h / 7:+.6E},{h:+.6E},{h:+.6E}\n" for h in (0.5, 0.1, -0.4))
    head = "MicroMag 2900/3900 Data File (Series 0015)\nDirect moment vs. field\n\nINSTRUMENT\n"
    (tmp_path / "a.txt").write_text(f"{head}{said}\n{names}{rows}\nMicroMag Data File ends\n")
    source = open_source(tmp_path / "a.txt")
    assert source.names == ["Raw Field", "Raw Moment", "Adjusted Field", "Adjusted Moment"]
    assert source.units == units * 2
    row = {"file": "a.txt", "format": "micromag", "kind": "vsm_loop"}
    if not system:
        with pytest.raises(FileError, match="no unit of column 'Raw Field'.*x_unit"):
            read_measurement(tmp_path, row)
        row |= {"x_unit": "T", "y_unit": "emu"}
    table = read_measurement(tmp_path, row)
    factor = SI_FACTORS["field"][units[0] or "T"]
    np.testing.assert_allclose(table["field"], np.array([0.5, 0.1, -0.4]) * factor)


def itx(names, numbers, together):
    groups = [range(len(names))] if together else [[k] for k in range(len(names))]
    lines = ["IGOR"]
    for group in groups:
        lines += ["WAVES/D\t" + "\t".join(names[k] for k in group), "BEGIN"]
        lines += ["\t" + "\t".join(f"{row[k]:.6g}" for k in group) for row in numbers]
        lines += ["END"]
    return [*lines, f'X SetScale d, 0,0, "T", {names[0]}; SetScale d, 0,0, "Ohm", {names[1]}']


@pytest.mark.parametrize("together", [True, False])
def test_igor_text(tmp_path, together):
    rng = np.random.default_rng(5)
    numbers = np.round(rng.normal(0, 2, (50, 3)), 4)
    names = ["'B field'", "Rxy", "n"]
    (tmp_path / "a.itx").write_text("\r".join(itx(names, numbers, together)), newline="")
    source = open_source(tmp_path / "a.itx", stated="igor")
    assert source.names == ["B field", "Rxy", "n"]
    assert source.units[1:] == ["ohm", ""]
    assert header_of(tmp_path / "a.itx", source.names, {}).names == source.names
    found = source.read([0, 1, 2]).columns
    np.testing.assert_allclose(np.column_stack(list(found.values())), numbers)


def test_igor_text_with_words_in_a_wave_is_refused(tmp_path):
    (tmp_path / "a.itx").write_text("IGOR\nWAVES/T name\nBEGIN\n\tone\n\ttwo\nEND\n")
    with pytest.raises(FileError, match="a.itx, line 4: 'one'"):
        open_source(tmp_path / "a.itx")


@pytest.mark.parametrize("make", ["arrays", "fields", "matrix"])
def test_hdf5(tmp_path, make):
    rng = np.random.default_rng(6)
    numbers = rng.normal(0, 2, (40, 2))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["settings/range"] = 3.0
        if make == "arrays":
            for name, unit, values in zip("BR", ("T", "Ohm"), numbers.T, strict=True):
                file[f"run/{name}"] = values
                file[f"run/{name}"].attrs["units"] = unit
        elif make == "fields":
            kinds = [("B (T)", float), ("R (Ohm)", float)]
            file["run"] = np.array(list(map(tuple, numbers)), dtype=kinds)
        else:
            file["run"] = numbers
            file["run"].attrs["column_names"] = ["B (T)", "R (Ohm)"]
    source = open_source(tmp_path / "a.h5")
    assert [name[0] for name in source.names] == ["B", "R"]
    assert source.units == ["T", "ohm"]
    row = {"file": "a.h5", "format": "hdf5", "kind": "ahe_loop"}
    table = read_measurement(
        tmp_path, row | {"x_column": source.names[0], "y_column": source.names[1]}
    )
    np.testing.assert_allclose(table["resistance"], numbers[:, 1])
    with pytest.raises(FileError, match="a.h5: looks like hdf5"):
        read_measurement(tmp_path, row | {"format": "delimited"})


HEADS = {
    "qcodes": ('# set\tread\n# "Field (T)"\t"Hall voltage (V)"\n# 40\n', "\t"),
    "columns one by one": (
        "# Column 1:\n#\tname: Field\n#\tunit: T\n"
        "# Column 2:\n#\tname: Hall voltage\n#\tunit: V\n\n",
        "\t",
    ),
    "keithley": ("Model,2450\nReading,Volt DC\n\nField (T),Hall voltage (V)\n", ","),
    "zurich": ("% Field (T); Hall voltage (V)\n", ";"),
    "labber": ("Field - T,Hall voltage - V\n", ","),
    "lake shore 7400": ("Start Time: 10:11\n\n  Field(T)    Hall voltage(V)\n", "   "),
    "nanomoke": ("Sample\tA\nField / T\tHall voltage / V\n\n", "\t"),
    "origin": ("Field\tHall voltage\nT\tV\n\tsweep up\n", "\t"),
    "savetxt": ("# Field (T), Hall voltage (V)\n", " "),
    "labview": (
        "LabVIEW Measurement\t\n***End_of_Header***\t\nChannels\t2\t\nSamples\t40\t40\n"
        "Y_Unit_Label\tT\tV\nX0\t0.0\t0.0\nDelta_X\t0.1\t0.1\n***End_of_Header***\t\t\n"
        "Field (T)\tHall voltage (V)\tComment\n",
        "\t",
    ),
}  # fmt: skip


@pytest.mark.parametrize("program", HEADS)
def test_heads_of_known_programs(tmp_path, program):
    head, delimiter = HEADS[program]
    numbers = np.round(np.random.default_rng(7).normal(0, 1, (40, 2)), 4)
    rows = "".join(f"{a}{delimiter}{b}\n" for a, b in numbers)
    (tmp_path / "a.txt").write_text(head + rows)
    source = open_source(tmp_path / "a.txt", ["Field", "Hall voltage"])
    assert source.units[:2] == ["T", "V"]
    assert open_source(tmp_path / "a.txt").header == source.header
    found = np.column_stack(list(source.read([0, 1]).columns.values()))
    np.testing.assert_allclose(found[np.isfinite(found).all(axis=1)], numbers)


def test_the_counted_names_of_pandas_are_no_point(tmp_path):
    numbers = np.round(np.random.default_rng(8).normal(0, 1, (30, 2)), 4)
    rows = "".join(f"{k},{a},{b}\n" for k, (a, b) in enumerate(numbers))
    (tmp_path / "a.txt").write_text(",0,1\n" + rows)
    source = open_source(tmp_path / "a.txt")
    np.testing.assert_allclose(source.read([1]).columns[1], numbers[:, 0])


@pytest.mark.parametrize("stated", ["microsense", "delimited"])
@pytest.mark.parametrize("time", ["Time since start [s]", "Time"])
def test_microsense(tmp_path, stated, time):
    field, moment = loop()
    names = [time, "Applied Field [Oe]", "Signal X direction [memu]"]
    head = ["@@Columns", *(f"@Column {k:02d}: {name}" for k, name in enumerate(names))]
    rows = [f"{k}   {h:.4f}   {m:.4E}" for k, (h, m) in enumerate(zip(field, moment, strict=True))]
    head += ["@@End of Header.", "@@Data", "New Section: Section 0:"]
    text = [*head, *rows[:60], "New Section: Section 1:", *rows[60:], "@@END Data."]
    (tmp_path / "a.VHD").write_text("\n".join(text))
    row = {"file": "a.VHD", "format": stated, "kind": "vsm_loop"}
    if stated == "delimited":
        row |= {"x_column": "Applied Field", "y_column": "Signal X direction"}
    table = read_measurement(tmp_path, row)
    np.testing.assert_allclose(table["moment"], moment * 1e-6)


def test_a_broken_hdf5_file_is_one_error(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(range(200)))
    with pytest.raises(FileError, match="a.h5: no readable HDF5 file"):
        open_source(tmp_path / "a.h5")


def test_the_sheet_knows_every_format():
    assert set(CHOICES["format"]) == set(FORMATS)
