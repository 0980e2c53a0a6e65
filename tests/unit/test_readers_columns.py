"""The right columns and rows: conditions in columns, two measurements in a file, joined files.

Truths are drawn here; a loop rises at `up` and falls at `down`.
"""

import numpy as np
import pandas as pd
import pytest

from hall2net.errors import FileError
from hall2net.measurement import select
from hall2net.readers.reading import read_measurement, read_sample
from hall2net.units import OERSTED

ROW = {
    "id": "m", "sample": "s", "file": "a.csv", "format": "delimited", "kind": "ahe_loop",
    "x_column": "Field (Oe)", "y_column": "Rxy (ohm)",
}  # fmt: skip


def loop(up=210.0, down=-190.0, height=0.4, n=61, top=2000.0):
    field = np.r_[np.linspace(top, -top, n), np.linspace(-top, top, n)[1:]]
    falling = np.arange(field.size) < n
    return field, np.where(field > np.where(falling, down, up), height, -height)


def write(folder, columns, name="a.csv"):
    pd.DataFrame(columns).to_csv(folder / name, index=False)


def crossings(table):
    """Fields at which the signal changes its sign, rising and falling, in Oe."""
    field, r = table["field"].to_numpy() / OERSTED, table["resistance"].to_numpy()
    k = np.flatnonzero(np.sign(r[1:]) != np.sign(r[:-1]))
    middle = (field[k] + field[k + 1]) / 2
    return sorted(zip(np.where(r[k + 1] > 0, "up", "down"), middle, strict=True), key=str)


def assert_loop(table, up, down, step=70):
    found = dict(crossings(table))
    assert len(crossings(table)) == 2
    assert found["up"] == pytest.approx(up, abs=step)
    assert found["down"] == pytest.approx(down, abs=step)


TEMPERATURE_NAMES = ["T (K)", "Temperature (K)", "Sample temp [K]", "T", "Temp", "T / K"]


@pytest.mark.parametrize("name", TEMPERATURE_NAMES)
@pytest.mark.parametrize("decoy", [False, True])
def test_temperature_k_chooses_points_in_any_table(tmp_path, name, decoy):
    rng = np.random.default_rng(1)
    ups = {250: 420, 275: 330, 300: 240}
    parts = []
    for temperature, up in ups.items():
        field, r = loop(up, -up)
        shown = temperature + 0.03 * rng.standard_normal(field.size)
        part = {"Field (Oe)": field, "Rxy (ohm)": r}
        if decoy:
            part["T setpoint (K)"] = np.full(field.size, 4.2)
        parts.append(pd.DataFrame(part | {name: shown}))
    write(tmp_path, pd.concat(parts))
    for temperature, up in ups.items():
        table = read_measurement(tmp_path, ROW | {"temperature_k": temperature})
        assert_loop(table, up, -up)
        assert table["point_temperature"].mean() == pytest.approx(temperature, abs=0.05)
    with pytest.raises(FileError, match="250, 275, 300.*temperature_k"):
        read_measurement(tmp_path, ROW)
    with pytest.raises(FileError, match="no point within 1 K of 77 K.*temperature_column"):
        read_measurement(tmp_path, ROW | {"temperature_k": 77})


@pytest.mark.parametrize("name", ["T (°C)", "Temp_C", "Temperature (C)"])
def test_degrees_celsius_are_converted_before_points_are_chosen(tmp_path, name):
    parts = []
    for celsius, up in ((-23.15, 420), (26.85, 240)):
        field, r = loop(up, -up)
        parts.append(pd.DataFrame({"Field (Oe)": field, "Rxy (ohm)": r, name: celsius}))
    write(tmp_path, pd.concat(parts))
    for temperature, up in ((250, 420), (300, 240)):
        table = read_measurement(tmp_path, ROW | {"temperature_k": temperature})
        assert_loop(table, up, -up)
        assert table["point_temperature"].mean() == pytest.approx(temperature)


@pytest.mark.parametrize(("unit", "size"), [("A", 1.0), ("mA", 1e3)])
@pytest.mark.parametrize("coil", [0.05, -0.2])
def test_a_coils_current_is_a_field_by_its_calibration(tmp_path, unit, size, coil):
    field, r = loop()
    ampere = field * 1e-4 / coil
    write(tmp_path, {f"I coil ({unit})": size * ampere, "Rxy (ohm)": r, "B (T)": 1e-4 * field})
    row = ROW | {"x_column": f"I coil ({unit})"}
    assert_loop(read_measurement(tmp_path, row | {"coil_t_per_a": coil}), 210, -190)
    with pytest.raises(FileError, match="a current in the column.*coil_t_per_a"):
        read_measurement(tmp_path, row)
    with pytest.raises(FileError, match="'B \\(T\\)', which is a field; expected no coil_t_per_a"):
        read_measurement(tmp_path, row | {"x_column": "B (T)", "coil_t_per_a": coil})


@pytest.mark.parametrize("name", ["Cycle", "loop no.", "Run #", "k"])
def test_cycle_chooses_points(tmp_path, name):
    parts = []
    for cycle, up in enumerate((420, 330, 240), start=1):
        field, r = loop(up, -up)
        parts.append(pd.DataFrame({"Field (Oe)": field, "Rxy (ohm)": r, name: cycle}))
    write(tmp_path, pd.concat(parts))
    row = ROW | ({"cycle_column": "k"} if name == "k" else {})
    for cycle, up in enumerate((420, 330, 240), start=1):
        assert_loop(read_measurement(tmp_path, row | {"cycle": cycle}), up, -up)
    together = read_measurement(tmp_path, row)
    # The same numbers end a cycle and begin the next: a stall to the reader.
    assert len(together) == 3 * len(field) - 2
    assert any("1, 2, 3: taken together; cycle in" in one for one in together.attrs["remarks"])
    with pytest.raises(FileError, match="no row of cycle 7.*one of 1, 2, 3"):
        read_measurement(tmp_path, row | {"cycle": 7})


def test_a_cycle_that_no_column_counts_is_refused(tmp_path):
    field, r = loop()
    write(tmp_path, {"Field (Oe)": field, "Rxy (ohm)": r})
    with pytest.raises(FileError, match="no column counts cycles; expected cycle_column"):
        read_measurement(tmp_path, ROW | {"cycle": 2})


@pytest.mark.parametrize("shown", [1700.0, 0.0, -5.0, 1e6])
def test_a_dead_temperature_channel_counts_as_none(tmp_path, shown):
    field, r = loop()
    drift = shown + 0.001 * abs(shown) * np.sin(np.arange(field.size))
    drift = np.minimum(drift, 0) if shown <= 0 else drift
    write(tmp_path, {"Field (Oe)": field, "Rxy (ohm)": r, "T (K)": drift})
    for temperature in ({}, {"temperature_k": 300}):
        table = read_measurement(tmp_path, ROW | temperature)
        assert_loop(table, 210, -190)
        assert "point_temperature" not in table
        assert any("'T (K)'" in remark for remark in table.attrs["remarks"])


def test_a_drift_without_set_points_is_one_measurement_and_said(tmp_path):
    field, r = loop()
    write(tmp_path, {"Field (Oe)": field, "Rxy (ohm)": r, "T (K)": np.linspace(90, 120, 121)})
    table = read_measurement(tmp_path, ROW)
    assert len(table) == field.size
    assert any("drifts from 90 to 120 K" in remark for remark in table.attrs["remarks"])
    row = ROW | {"temperature_k": 300, "temperature_column": "none"}
    assert len(read_measurement(tmp_path, row)) == field.size


def test_a_temperature_that_the_file_does_not_tell_is_said(tmp_path):
    field, r = loop()
    write(tmp_path, {"Field (Oe)": field, "Rxy (ohm)": r})
    data = read_sample(tmp_path, pd.DataFrame([ROW | {"temperature_k": 4.0}]))
    assert "no temperature in the file" in select(data, "m")["remarks"].item()


@pytest.mark.parametrize("current_ma", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("thermal_uv", [0.0, 3.0, 200.0])
def test_a_read_current_that_alternates(tmp_path, current_ma, thermal_uv):
    """Half the difference of +I and -I: the thermal voltage falls out."""
    field, r = loop()
    sign = np.tile([1.0, -1.0], field.size)
    current = current_ma * sign
    voltage = np.repeat(r, 2) * current + 1e-3 * thermal_uv
    columns = {"Field (Oe)": np.repeat(field, 2), "I read (mA)": current, "Vxy (mV)": voltage}
    write(tmp_path, columns)
    row = ROW | {"y_column": "Vxy (mV)", "y_quantity": "voltage"}
    for more in ({"current_ma": current_ma}, {}, {"current_column": "I read (mA)"}):
        table = read_measurement(tmp_path, row | more)
        np.testing.assert_allclose(table["resistance"], r, rtol=1e-9)
        np.testing.assert_allclose(table["field"] / OERSTED, field, atol=1e-9)


def test_a_voltage_is_divided_by_its_own_row_s_current(tmp_path):
    field, r = loop()
    current = 0.5 * (1 + 0.05 * np.sin(np.arange(field.size)))
    write(tmp_path, {"Field (Oe)": field, "I (mA)": current, "Vxy (mV)": r * current})
    row = ROW | {"y_column": "Vxy (mV)"}
    table = read_measurement(tmp_path, row | {"current_column": "I (mA)"})
    np.testing.assert_allclose(table["resistance"], r)


@pytest.mark.parametrize("quantity", ["voltage", "resistance"])
def test_two_read_currents_in_turn_are_two_measurements(tmp_path, quantity):
    parts = []
    for current, up in ((-1.0, 240), (0.5, 330)):
        field, r = loop(up, -up)
        signal = r * current if quantity == "voltage" else r
        name = "Vxy (mV)" if quantity == "voltage" else "Rxy (ohm)"
        parts.append(pd.DataFrame({"Field (Oe)": field, "I (mA)": current, name: signal}))
    write(tmp_path, pd.concat(parts))
    row = ROW | {"kind": "loop_shift", "y_column": name}
    for current, up in ((-1.0, 240), (0.5, 330)):
        assert_loop(read_measurement(tmp_path, row | {"current_ma": current}), up, -up)
    with pytest.raises(FileError, match=r"'I \(mA\)' is at -1, 0.5 mA in turn.*current_ma"):
        read_measurement(tmp_path, row)


@pytest.mark.parametrize(
    ("name", "values", "cell"),
    [
        ("Hx (Oe)", (-500.0, 500.0), "field_x_oe"),
        ("In-plane field (Oe)", (0.0, 800.0), "field_x_oe"),
        ("Angle (deg)", (0.0, 90.0), ""),
        ("Sample Position (deg)", (-90.0, 90.0), ""),
    ],
)
def test_another_condition_that_changes_chooses_or_refuses(tmp_path, name, values, cell):
    parts, ups = [], dict(zip(values, (210, 420), strict=True))
    for value, up in ups.items():
        field, r = loop(up, -up)
        parts.append(pd.DataFrame({"Field (Oe)": field, name: value, "Rxy (ohm)": r}))
    write(tmp_path, pd.concat(parts))
    with pytest.raises(FileError, match=f"is at {min(values):g}, {max(values):g} .* in turn"):
        read_measurement(tmp_path, ROW)
    for value, up in ups.items() if cell else ():
        assert_loop(read_measurement(tmp_path, ROW | {cell: value}), up, -up)


@pytest.mark.parametrize("name", ["Magnet Current (A)", "Coil current (A)", "I out (A)"])
def test_a_magnet_s_current_is_no_condition(tmp_path, name):
    field, r = loop()
    columns = {"Field (Oe)": field, name: field / 1e3, "Vxy (mV)": r}
    write(tmp_path, columns)
    row = ROW | {"y_column": "Vxy (mV)", "current_ma": 1}
    np.testing.assert_allclose(read_measurement(tmp_path, row)["resistance"], r)


MPMS = {"format": "multivu", "kind": "vsm_loop", "x_column": "", "y_column": ""}
MOMENTS = ("Moment (emu)", "DC Moment Free Ctr (emu)")


def multivu(folder, table):
    head = "[Header]\nTITLE,film\nBYAPP,MPMS3\n[Data]\n"
    (folder / "a.csv").write_text(head + table.to_csv(index=False))


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("scan", ["temperature", "loop"])
def test_two_options_in_one_file(tmp_path, swap, scan):
    """A scan and a loop, each in a column of its own, whichever comes first."""
    field, moment = loop(up=1500, down=-1500, top=50000.0)
    names = MOMENTS[::-1] if swap else MOMENTS
    first = {"Temperature (K)": np.arange(10, 315, 5.0), "Magnetic Field (Oe)": 500.0}
    if scan == "loop":
        first = {"Temperature (K)": 300.0, "Magnetic Field (Oe)": field}
    first = pd.DataFrame(first).assign(**{names[0]: 2e-4})
    first[names[0]] *= 1 + 0.01 * np.arange(len(first))
    second = {"Temperature (K)": 300.0, "Magnetic Field (Oe)": field, names[1]: moment * 1e-3}
    multivu(tmp_path, pd.concat([first, pd.DataFrame(second)]))
    row = ROW | MPMS | {"temperature_k": 300.0}
    if scan == "loop":
        with pytest.raises(FileError, match=r"Moment.*and another one in '.*Moment.*y_column"):
            read_measurement(tmp_path, row)
        row["y_column"] = names[1]
    table = read_measurement(tmp_path, row)
    np.testing.assert_allclose(table["moment"], moment * 1e-6)


def test_of_the_columns_that_the_format_knows_a_constant_one_is_no_signal(tmp_path):
    field, moment = loop()
    table = {"Magnetic Field (Oe)": field, MOMENTS[0]: 0.0, MOMENTS[1]: moment}
    multivu(tmp_path, pd.DataFrame(table))
    table = read_measurement(tmp_path, ROW | MPMS)
    np.testing.assert_allclose(table["moment"], moment * 1e-3)


@pytest.mark.parametrize("how", ["place", "alternatives"])
def test_branches_whose_columns_have_other_names_are_joined(tmp_path, how):
    field, r = loop(250, -230)
    for name, part, word in (("d.csv", slice(61), "Down"), ("u.csv", slice(61, None), "Up")):
        columns = {f"Field {word} (Oe)": field[part], f"Hall {word} (ohm)": r[part]}
        write(tmp_path, columns, name)
    row = ROW | {"file": "d.csv;u.csv"}
    if how == "place":
        row |= {"x_column": "Field Down (Oe)", "y_column": "Hall Down (ohm)"}
    else:
        row |= {"x_column": "Field Up (Oe)|Field Down (Oe)", "y_column": "Hall Down|Hall Up"}
    assert_loop(read_measurement(tmp_path, row), 250, -230)


def test_branches_with_other_columns_are_not_joined_by_place(tmp_path):
    field, r = loop()
    write(tmp_path, {"Field Down (Oe)": field, "Hall Down (ohm)": r}, "d.csv")
    write(tmp_path, {"Hall Up (ohm)": r, "Field Up (Oe)": field}, "u.csv")
    row = ROW | {"file": "d.csv;u.csv"} | {"x_column": "Field Down (Oe)", "y_column": "Hall Down"}
    with pytest.raises(FileError, match="u.csv.*no column 'Field Down"):
        read_measurement(tmp_path, row)


@pytest.mark.parametrize("unit", ["ohm", "mV"])
def test_a_resistance_along_the_bar(tmp_path, unit):
    field, r = loop()
    along = 800 + 1e-4 * np.abs(field)
    columns = {"Field (Oe)": field, f"xy ({unit})": r, f"xx ({unit})": along}
    write(tmp_path, columns)
    row = ROW | {"y_column": f"xy ({unit})", "rxx_column": f"xx ({unit})", "current_ma": 2}
    table = read_measurement(tmp_path, row)
    factor = 0.5 if unit == "mV" else 1
    np.testing.assert_allclose(table["resistance_xx"], along * factor)
    np.testing.assert_allclose(table["resistance"], r * factor)


@pytest.mark.parametrize("kind", ["pulse_train", "sot_switching"])
def test_a_write_without_a_reading_is_a_point(tmp_path, kind):
    rows = ["1,-16,", "1,0.2,-0.5", "1,0.2,-0.49", "2,7,", "2,7,", "2,0.2,0.5"]
    (tmp_path / "a.csv").write_text("n,I (mA),R (ohm)\n" + "\n".join(rows))
    row = ROW | {"kind": kind, "x_column": "I (mA)", "y_column": "R (ohm)"}
    table = read_measurement(tmp_path, row)
    np.testing.assert_allclose(table["write_current"] * 1e3, [-16, 0.2, 0.2, 7, 7, 0.2])
    np.testing.assert_array_equal(np.isnan(table["resistance"]), [1, 0, 0, 1, 1, 0])


def test_many_words_for_numbers_are_said(tmp_path):
    field, r = loop()
    words = pd.Series(r).astype(object).where(np.arange(r.size) % 4 > 0, "overload")
    write(tmp_path, {"Field (Oe)": field, "Rxy (ohm)": words})
    table = read_measurement(tmp_path, ROW)
    assert len(table) == 90
    assert "31 of 121 rows hold no number in 'Rxy (ohm)'; left out" in table.attrs["remarks"]


@pytest.mark.parametrize("minus", ["\N{MINUS SIGN}", "\N{EN DASH}", "\N{FULLWIDTH HYPHEN-MINUS}"])
def test_minus_signs_of_word_processors(tmp_path, minus):
    field, r = loop()
    rows = "\n".join(f"{h}\t{y}" for h, y in zip(field, r, strict=True)).replace("-", minus)
    (tmp_path / "a.csv").write_text(f"Field (Oe)\tRxy (ohm)\n{rows}", encoding="utf-8")
    assert_loop(read_measurement(tmp_path, ROW), 210, -190)
