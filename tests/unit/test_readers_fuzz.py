"""Damaged files: each gives a table of plausible numbers, or one error that names the file."""

import random
import re
import signal
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from scipy.constants import mu_0

from hall2net.errors import Hall2netError
from hall2net.measurement import POINT_VARIABLES
from hall2net.readers.reading import read_measurement

MUTANTS = 350
"""A format."""

SECONDS = 5
LIMITS = {
    "field": 20 / mu_0, "write_current": 1, "resistance": 1e9, "moment": 1, "resistivity": 1e3,
    "point_temperature": 1500, "time": 1e10, "pulse": 1e9,
}  # fmt: skip


def rows(count, *columns):
    """Lines of cells; a column is a format and a function of the row's number."""
    return [[form.format(value(k)) for form, value in columns] for k in range(count)]


def field(k):
    return 400 * np.sin(0.4 * k)


def signal_of(k):
    return 0.05 + 0.1 * np.tanh(3 * np.sin(0.4 * k - 0.5))


def joined(delimiter, lines):
    return "".join(delimiter.join(cells) + "\n" for cells in lines)


def multivu(names, table):
    head = "[Header]\n; Data File\nTITLE,a loop\nINFO,5 µm bar,SAMPLE_COMMENT\n[Data]\n"
    return head + joined(",", [names, *table])


TIMED = ("{:.1f}", lambda k: 2.0 * k)
WARM = ("{:.3f}", lambda k: 300 + 0.01 * (k % 3))
OERSTED = ("{:.2f}", field)
OHM = ("{:.6f}", signal_of)
EMU = ("{:+.4E}", lambda k: 1e-4 * signal_of(k))
EMPTY = ("", lambda k: k)

COLUMNS = {"x_column": "Field (Oe)", "y_column": "R (Ohm)"}
SHAPES = {
    "multivu": (
        {"format": "multivu", "kind": "ahe_loop", "y_column": "Resistance Ch1 (Ohms)"},
        multivu(
            ["Comment", "Time Stamp (sec)", "Temperature (K)", "Field (Oe)"]
            + ["Resistance Ch1 (Ohms)", "Resistance Ch2 (Ohms)"],
            rows(20, EMPTY, TIMED, WARM, OERSTED, OHM, EMPTY),
        ),
    ),
    "multivu_vsm": (
        {"format": "multivu", "kind": "vsm_loop", "temperature_k": 300.0},
        multivu(
            ["Comment", "Time Stamp (sec)", "Temperature (K)", "Magnetic Field (Oe)"]
            + ["Moment (emu)", 'Coil Signal" (mV)'],
            rows(20, ('"a\nnote, {}"', int), TIMED, WARM, OERSTED, EMU, OHM),
        ),
    ),
    "lakeshore8600": (
        {"format": "lakeshore8600", "kind": "vsm_loop"},
        "#FIELD CONFIGURATIONS,,,\nMagnet: EM7,,,\n##DATA TABLE Moment (m) [emu] vs Field [Oe],,,\n"
        + "Step,Field [Oe],Moment (m) [emu],Field Status\n"
        + joined(",", rows(20, ("{}", int), OERSTED, EMU, ("GOOD", int))).replace(
            "\n10,", "\n,,,\n10,"
        ),
    ),
    "micromag": (
        {"format": "micromag", "kind": "vsm_loop"},
        "MicroMag 2900/3900 Data File (Series 0016.002)\nDirect moment vs. field\n\n"
        + "    Field       Moment  \n     (T)        (Am²)   \n"
        + joined(",", rows(20, ("{:+.6E}", lambda k: 1e-3 * field(k)), EMU))
        + "\nMicroMag 2900/3900 Data File ends\n",
    ),
    "comma": (
        {"format": "delimited", "kind": "loop_shift", "time_column": "t (s)"} | COLUMNS,
        "# delta mode\n"
        + joined(",", [["t (s)", *COLUMNS.values()], *rows(20, TIMED, OERSTED, OHM)]),
    ),
    "semicolon_decimal_comma": (
        {"format": "delimited", "kind": "ahe_loop"} | COLUMNS,
        joined(";", [COLUMNS.values(), *rows(25, OERSTED, OHM)]).replace(".", ","),
    ),
    "blanks_without_names": (
        {
            "format": "delimited", "kind": "sot_switching", "x_column": "1", "x_unit": "mA",
            "y_column": "2", "y_unit": "mV", "y_quantity": "voltage", "current_ma": 0.5,
        },
        "logged by hand\n" + joined("  ", rows(25, ("{:.3f}", lambda k: field(k) / 40), OHM)),
    ),
    "pulse_train": (
        {
            "format": "delimited", "kind": "pulse_train", "x_column": "I (mA)",
            "y_column": "R (Ohm)", "pulse_column": "pulse", "time_column": "t (s)",
        },
        joined(
            "\t",
            [["pulse", "I (mA)", "t (s)", "R (Ohm)"]]
            + rows(25, ("{}", lambda k: k // 5), ("{:.1f}", lambda k: 15 - k), TIMED, OHM),
        ),
    ),
}  # fmt: skip

NUMBERS = [
    "1e9", "-1e300", "1e999", "nan", "inf", "-Infinity", "1.#QNAN", "9.9E37", "1.79e308",
    "0x1F", "1_000", "1,5", "1.234.567", "--1", "1e", "", "٣", "True", "#DIV/0!", "9" * 400,
]  # fmt: skip
UNITS = ["Oe", "T", "mT", "A/m", "kOe", "Ohms", "emu", "A", "mA", "K", "s", "", "µΩ", "furlong"]


def truncate(rng, data):
    return data[: rng.randrange(len(data) + 1)]


def flip_bytes(rng, data):
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        if damaged:
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def insert_junk(rng, data):
    place = rng.randrange(len(data) + 1)
    junk = rng.choice(
        [rng.randbytes(rng.randrange(1, 300)), b"\x00", b'"', b'""', b"\x1a", b"\xff\xfe"]
    )
    return data[:place] + junk + data[place:]


def remove_part(rng, data):
    begin, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:begin] + data[end:]


def repeat_part(rng, data):
    begin, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[begin:end] * rng.randrange(1, 4) + data[end:]


def swap_cells(rng, data):
    """Two cells of a line change places: of the column names, too."""
    lines = data.split(b"\n")
    k = rng.randrange(len(lines))
    cells = re.split(rb"([,;\t])", lines[k])
    i, j = (2 * rng.randrange((len(cells) + 1) // 2) for _ in range(2))
    cells[i], cells[j] = cells[j], cells[i]
    lines[k] = b"".join(cells)
    return b"\n".join(lines)


def swap_lines(rng, data):
    lines = data.split(b"\n")
    i, j = (rng.randrange(len(lines)) for _ in range(2))
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def replace_one(rng, data, pattern, new):
    found = list(re.finditer(pattern, data))
    if not found:
        return data
    place = rng.choice(found)
    return data[: place.start()] + new + data[place.end() :]


def other_number(rng, data):
    return replace_one(rng, data, rb"[+-]?\d+[.,]?\d*(E[+-]\d+)?", rng.choice(NUMBERS).encode())


def other_unit(rng, data):
    return replace_one(rng, data, rb"(?<=[(\[])[^()\[\]]*(?=[)\]])", rng.choice(UNITS).encode())


def other_delimiter(rng, data):
    old, new = rng.choice(b',;\t. "'), rng.choice(b',;\t. "')
    if rng.random() < 0.5:
        return data.replace(bytes([old]), bytes([new]))
    return replace_one(rng, data, re.escape(bytes([old])), bytes([new]))


def other_line_ends(rng, data):
    return data.replace(b"\n", rng.choice([b"\r\n", b"\r", b"", b"\n\n", b" \n", b",\n", b"\x85"]))


def quotes(rng, data):
    return replace_one(rng, data, rb"[,;\t ]", b'"' * rng.randrange(1, 40))


def long_line(rng, data):
    place = rng.randrange(len(data) + 1)
    filler = rng.choice([b"a", b",", b'"', b"1,", b"9", b";", b" "])
    return data[:place] + filler * rng.choice([300, 5_000, 120_000]) + data[place:]


def other_encoding(rng, data):
    text = data.decode("utf-8", "replace")
    return text.encode(rng.choice(["utf-16", "utf-16-le", "utf-32", "cp037"]), "replace")


def other_start(rng, data):
    known = [b"PK\x03\x04", b"\x1f\x8b\x08", b"\xef\xbb\xbf", b"\xfe\xff", b"[Header]\n", b"\n\n"]
    return rng.choice(known) + data


MUTATIONS = [
    truncate, flip_bytes, insert_junk, remove_part, repeat_part, swap_cells, swap_lines,
    other_number, other_unit, other_delimiter, other_line_ends, quotes, long_line,
    other_encoding, other_start,
]  # fmt: skip


class Hang(Exception):
    pass


@contextmanager
def no_hang():
    def stop(*_):
        raise Hang(f"no answer within {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(folder, row, data):
    """The table or the one error, each as a good one has to be."""
    (folder / "damaged.dat").write_bytes(data)
    try:
        with no_hang(), warnings.catch_warnings():
            warnings.simplefilter("error")
            table = read_measurement(folder, row | {"file": "damaged.dat"})
    except Hall2netError as error:
        assert "damaged.dat" in str(error)
        assert "\n" not in str(error)
        assert error.line is None or f"damaged.dat, line {error.line}:" in str(error)
        return error
    assert len(table)
    assert set(table) <= set(POINT_VARIABLES)
    written = row["kind"] in ("sot_switching", "pulse_train")
    assert np.isfinite(table.iloc[:, 0]).all()
    assert written or np.isfinite(table.iloc[:, 1]).all(), "both coordinates of every point"
    for name, values in table.items():
        assert not np.isinf(values).any()
        assert not (values.abs() > LIMITS[name]).any(), name
    return table


@pytest.mark.parametrize("shape", SHAPES)
def test_mutants(tmp_path, shape):
    row, text = SHAPES[shape]
    tables = 0
    for seed in range(MUTANTS):
        rng = random.Random(f"{shape} {seed}")
        data = text.encode()
        used = rng.choices(MUTATIONS, k=rng.choice([1, 1, 2, 3]))
        for mutation in used:
            data = mutation(rng, data) if data else data
        try:
            tables += not isinstance(outcome(tmp_path, row, data), Hall2netError)
        except BaseException as fault:
            fault.add_note(f"{shape}, seed {seed}: {', '.join(m.__name__ for m in used)}")
            raise
    assert MUTANTS / 10 < tables < MUTANTS, "neither all refused nor all taken"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_cut_short_has_the_points_up_to_there(tmp_path, shape):
    row, text = SHAPES[shape]
    data = text.encode()
    whole = outcome(tmp_path, row, data)
    assert len(whole) >= 20
    longest = 0
    for end in range(0, len(data), 3):
        part = outcome(tmp_path, row, data[:end])
        if isinstance(part, Hall2netError):
            in_last_row = part.line is not None and part.line >= data[:end].count(b"\n")
            assert in_last_row or longest == 0, f"{part} after {longest} points"
            continue
        # Of the last row a part of a number may be left.
        longest = len(part)
        known = whole[part.columns.tolist()].iloc[: longest - 1]
        np.testing.assert_array_equal(part.iloc[:-1], known)
    assert longest >= len(whole) - 1


@pytest.mark.parametrize("shape", ["multivu", "multivu_vsm", "lakeshore8600"])
def test_a_field_unit_changed_in_the_file_is_never_taken_in_silence(tmp_path, shape):
    row, text = SHAPES[shape]
    for unit in ("T", "kOe", "mT", "A/m", "K", ""):
        changed = re.sub(r"Field ([(\[])Oe", rf"Field \g<1>{unit}", text)
        assert isinstance(outcome(tmp_path, row, changed.encode()), Hall2netError), unit
