"""`hall2net init` on what laboratories write: samples, channels, aging, alphabets, doubts."""

import numpy as np
import pytest

from hall2net.readers.reading import read_measurement
from hall2net.readers.source import open_source
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.names import hints_of_name, hints_of_words
from hall2net.study.draft.rows import drafted
from hall2net.study.draft.sample_words import naming_words

FIELD = np.concatenate([np.linspace(-600, 600, 41), np.linspace(600, -600, 41)])
RISING = np.arange(82) < 41
HALL = 0.4 * np.tanh((FIELD - np.where(RISING, 110, -90)) / 10) + 1e-4 * np.sin(np.arange(82.0))
ALONG = 512 + 1e-3 * np.cos(np.arange(82.0))


def table(names, *columns, delimiter=","):
    rows = zip(*columns, strict=True)
    lines = [names, *(delimiter.join(f"{value:.7g}" for value in row) for row in rows)]
    return "\n".join(lines) + "\n"


def put(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


def rows_of(folder):
    return {one.file: one for one in drafted(folder, "mine").measurements}


def only(folder):
    (one,) = drafted(folder, "mine").measurements
    return one


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("Pt5_CoTb6_dev3_+2mA_Hx-500Oe_300K", "pt5_cotb6_dev3"),
        ("20240311_S12_AHE_03", "s12"),
        ("CoTb_A3_300K_RxxRxy", "cotb_a3"),
        ("W4_CoFeB_MvsH_300K_IP", "w4_cofeb"),
        ("2182A_hall_dev3_I=1mA", "dev3"),
        ("dev9_AHE_3scans", "dev9"),
        ("w2d4_AHE_Imag", "w2d4"),
        ("Sample 3 - AHE - 300 K", "sample_3"),
        ("R2C5_AHE_1.8K_100uA", "r2c5"),
        ("SOT_W5_D3_tp1ms_Hx+0.3kOe_run2", "w5_d3"),
        ("old_T6_300K", "t6"),
        ("S1_gain100_133Hz_Vg=2V", "s1"),
        ("S1_annealed_300C_30min", "s1"),
        ("S1_phi=90_avg10_tc300ms", "s1"),
        ("R2C5_w=5um", "r2c5_5um"),
        ("LSMO_STO_Pt", "lsmo_sto_pt"),
        ("hall_bar_50K", ""),
        ("sweep_tabs", ""),
    ],
)
def test_words_that_look_like_a_sample(name, sample):
    assert naming_words(hints_of_name(name).rest) == sample


@pytest.mark.parametrize("temperature", [2, 77, 300])
def test_the_number_of_a_film_is_no_temperature_where_kelvin_stands(temperature):
    assert hints_of_name(f"T6_{temperature}K").cells == {"temperature_k": temperature}
    assert "temperature_k" not in hints_of_name("T6_ahe").cells  # 6 K, or the film T6
    assert hints_of_name("S1_T250_ahe").cells == {"temperature_k": 250}


@pytest.mark.parametrize("pieces", [("left", "right"), ("inner", "outer"), ("north", "south")])
def test_words_that_part_files_of_one_kind_are_asked_about(tmp_path, pieces):
    for piece in pieces:
        for kelvin in (200, 300):
            put(tmp_path / f"B12_{piece}_{kelvin}K.csv", table("H (Oe),R (ohm)", FIELD, HALL))
    for one in rows_of(tmp_path).values():
        assert one.cells["sample"] == UNKNOWN and "b12" in one.choices["sample"]


def test_a_word_that_no_other_file_has_is_a_guess(tmp_path):
    put(tmp_path / "permalloy.csv", table("H (Oe),R (ohm)", FIELD, HALL))
    assert only(tmp_path).choices["sample"] == ["permalloy"]
    for kelvin in (200, 300):
        put(tmp_path / "two" / f"heusler_{kelvin}K.csv", table("H (Oe),R (ohm)", FIELD, HALL))
    assert {one.cells["sample"] for one in rows_of(tmp_path / "two").values()} == {"heusler"}


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ("#\tDevice name: HB3", "hb3"),
        ("Specimen: Ta5/CoFeB", "ta5_cofeb"),
        ("Probe;A3", "a3"),
        ("INFO,Pt5_CoTb6,SAMPLE_MATERIAL", "pt5_cotb6"),
        ("INFO, W7 transverse, Sample2 Name", "w7"),
        ("Device: Keithley 2400", None),
        ("Device address: GPIB0::24::INSTR", None),
    ],
)
def test_samples_in_the_lines_above_a_table(line, sample):
    assert hints_of_words([line]).cells.get("sample") == sample


@pytest.mark.parametrize("file", ["aging/ret_annealed_x.csv", "monday/loop.csv", "loop.csv"])
def test_a_sample_that_a_file_states_outranks_folders_that_name_none(tmp_path, file):
    put(tmp_path / file, "# sample annealed\n" + table("H (Oe),R (ohm)", FIELD, HALL))
    put(tmp_path / "S4/loop.csv", table("H (Oe),R (ohm)", FIELD, HALL))
    made = rows_of(tmp_path)
    assert (made[file].cells["sample"], made["S4/loop.csv"].cells["sample"]) == ("annealed", "s4")


MULTIVU = "[Header]\nTITLE, CoTb hall\nBYAPP, Resistivity, 2.0, 1.0\n{}[Data]\n"
CALLS = ["INFO, {words}, Sample{number} Name", "INFO,{words} 4 wire,SAMPLE{number}_MATERIAL"]


@pytest.mark.parametrize("hall", [1, 2])
@pytest.mark.parametrize("call", CALLS)
def test_the_head_says_which_channel_is_the_hall_signal(tmp_path, hall, call):
    along = 3 - hall
    said = [call.format(words="Rxx", number=along), call.format(words="Rxy", number=hall)]
    names = "Temperature (K),Magnetic Field (Oe),Bridge 1 Resistivity (Ohm),"
    names += "Bridge 2 Resistivity (Ohm),Bridge 1 Resistance (Ohms),Bridge 2 Resistance (Ohms)"
    pair = (HALL, ALONG) if hall == 1 else (ALONG, HALL)
    text = table(names, np.full(82, 250.0), FIELD, *pair, *pair)
    put(tmp_path / "a.dat", MULTIVU.format("\n".join(said) + "\n") + text)
    cells = only(tmp_path).cells
    assert cells["y_column"] == f"Bridge {hall} Resistance (Ohms)" and cells["kind"] == "ahe_loop"


@pytest.mark.parametrize(
    ("file", "head", "name"),
    [
        ("a.csv", "", "Rxx (ohm)"),
        ("a.csv", "# Ch1: longitudinal\n", "R ch1 (ohm)"),
        ("S1_MR_300K.csv", "", "Resistance (ohm)"),
    ],
)
def test_a_resistance_along_the_bar_is_no_hall_loop(tmp_path, file, head, name):
    put(tmp_path / file, head + table(f"H (Oe),{name}", FIELD, ALONG + 1e-6 * FIELD**2))
    one = only(tmp_path)
    assert one.cells["kind"] == UNKNOWN and "along the bar" in one.why


@pytest.mark.parametrize("column", [0.1, 5.0])
def test_a_name_and_a_column_that_contradict_each_other_are_asked_about(tmp_path, column):
    text = table("H_z (Oe),I_ac (mA),V (mV)", FIELD, np.full(82, column), HALL)
    put(tmp_path / "M9_Idc=5mA_Hx=1000Oe.csv", text)
    found = only(tmp_path).cells["current_ma"]
    assert found == (5.0 if column == 5.0 else UNKNOWN)


@pytest.mark.parametrize("unit", ["s", "ms", "h"])
@pytest.mark.parametrize(
    ("file", "name", "kind"),
    [
        ("d5_retention.csv", "Time", "retention"),
        ("d5.csv", "Time after write", "retention"),
        ("d5.csv", "time since pulse", "retention"),
        ("d5.csv", "Time", UNKNOWN),
    ],
)
def test_a_signal_against_time(tmp_path, unit, file, name, kind):
    time = np.geomspace(1, 1e4, 82) if kind != UNKNOWN else np.linspace(1, 1e4, 82)
    put(tmp_path / file, table(f"Index,{name} ({unit}),Rxy (ohm)", np.arange(82), time, HALL))
    cells = only(tmp_path).cells
    if kind == UNKNOWN:  # the index may count pulses
        assert cells["kind"] in (UNKNOWN, "pulse_train") and UNKNOWN in cells.values()
        return
    assert (cells["kind"], cells["x_unit"]) == (kind, unit)
    points = read_measurement(tmp_path, {"file": file, **cells})
    assert points["time"].max() == pytest.approx(1e4 * {"s": 1, "ms": 1e-3, "h": 3600}[unit])


@pytest.mark.parametrize(
    ("file", "counter", "levels", "kind"),
    [
        ("d5_endurance.csv", "N", (8, -8), "endurance"),
        ("d5.csv", "Cycle", (8, -8), "endurance"),
        ("d5.csv", "Pulse number", (8, -8), "pulse_train"),
        ("d5_endurance.csv", "Cycle", (8, 4), "pulse_train"),
    ],
)
def test_writes_of_both_signs_that_a_column_counts(tmp_path, file, counter, levels, kind):
    cycles, current = np.repeat(np.arange(1, 42), 2), np.tile(levels, 41)
    put(tmp_path / file, table(f"{counter},I write (mA),Rxy (ohm)", cycles, current, HALL))
    cells = only(tmp_path).cells
    assert (cells["kind"], cells["x_column"]) == (kind, "I write (mA)")
    assert cells["pulse_column"] == counter


@pytest.mark.parametrize(
    ("field", "signal", "encoding"),
    [
        ("磁場", "ホール抵抗", "cp932"),
        ("磁場", "ホール抵抗", "utf-16"),
        ("磁场", "霍尔电阻", "gb18030"),
        ("磁场强度", "横向电阻", "gb18030"),
        ("Magnetfeld äußeres", "Hallwiderstand größte", "cp1252"),
        ("champ magnétique créé", "résistance de Hall", "cp1252"),
        ("fält åäö", "Hallmotstånd µ", "cp1252"),
    ],
)
def test_names_in_other_alphabets(tmp_path, field, signal, encoding):
    put(tmp_path / "S7.csv", table(f"{field} (Oe),{signal} (ohm)", FIELD, HALL), encoding)
    cells = only(tmp_path).cells
    assert cells["kind"] == "ahe_loop"
    assert (cells["x_column"], cells["y_column"]) == (f"{field} (Oe)", f"{signal} (ohm)")


def test_units_in_columns_of_their_own(tmp_path):
    rows = [f"{k},{k * 0.5:.3f},Volt DC,F,{k * 1e-4:.5f},Amp DC,{k * 0.3:.2f}" for k in range(20)]
    names = "Index,Reading,Unit,Math,Source,Source Unit,Time"
    put(tmp_path / "hb1.csv", "\n".join(["Keithley Instruments", "", names, *rows]))
    cells = only(tmp_path).cells
    assert (cells["kind"], cells["x_column"], cells["y_column"]) == (
        "resistivity", "Source", "Reading",
    )  # fmt: skip


def test_rows_that_origin_labels(tmp_path):
    head = "Long Name\tmu0H\tVxy\nUnits\tmT\tmV\nComments\t\tdev3\n"
    rows = "".join(f"\t{x / 10:.3f}\t{y:.6f}\n" for x, y in zip(FIELD, HALL, strict=True))
    put(tmp_path / "S1.txt", head + rows)
    source = open_source(tmp_path / "S1.txt")
    assert source.names[1:] == ["mu0H", "Vxy"] and source.units[1:] == ["mT", "mV"]


@pytest.mark.parametrize("unit", ["", "VDC"])
def test_a_file_that_was_cut_is_read_up_to_there(tmp_path, unit):
    row = {"file": "a.csv", "format": "delimited", "kind": "ahe_loop", "x_column": "H (Oe)",
           "y_column": "R", "y_unit": "V", "y_quantity": "voltage", "current_ma": 1}  # fmt: skip
    lines = [f"{x:.2f},{y * 1e-3:.5E}{unit}" for x, y in zip(FIELD, HALL, strict=True)]
    text = "\n".join(["H (Oe),R", *lines])
    last = len(lines[-1])
    for cut in range(last):
        put(tmp_path / "a.csv", text[: len(text) - cut])
        assert len(read_measurement(tmp_path, row)) in (81, 82)


def test_the_parts_of_a_lock_in_signal_are_voltages(tmp_path):
    names = "chunk;timestamp;field_oe;x;y;r"
    put(
        tmp_path / "S1.csv",
        table(names, *[np.zeros(82)] * 2, FIELD, HALL, HALL, HALL, delimiter=";"),
    )
    one = only(tmp_path)
    assert one.cells["y_quantity"] == "voltage" and one.choices["y_column"] == ["x", "y", "r"]


def test_curves_side_by_side_are_asked_about(tmp_path):
    text = table("H1 (Oe),R1 (ohm),H2 (Oe),R2 (ohm)", FIELD, HALL, 0.9 * FIELD, 0.8 * HALL)
    put(tmp_path / "S1.csv", text)
    cells = only(tmp_path).cells
    assert cells["x_column"] == cells["y_column"] == UNKNOWN
