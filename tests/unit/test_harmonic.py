"""Torques from harmonic Hall voltages: against hand calculation, truth, and what methods refuse."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hall2net.emulate.harmonic import Device, field_at, lock_in
from hall2net.errors import FileError, Hall2netError
from hall2net.physics.agreement import difference
from hall2net.physics.facts import Given
from hall2net.physics.harmonic import harmonic_table
from hall2net.physics.harmonic_angle import angle_torques, fit_rotation
from hall2net.physics.harmonic_field import FieldInputs, field_torques, fit_sweep
from hall2net.physics.lock_in import Harmonics, harmonics
from hall2net.physics.torque_methods import torque_methods_table
from hall2net.readers.reading import read_measurement, read_sample
from hall2net.units import OERSTED

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
import coverage_harmonic as bench

NO_TABLE = bench.EMPTY
DEVICE = Device(
    r_ahe_ohm=1.0, r_phe_ohm=0.2, h_k_oe=4000.0, h_dl_per_ma_oe=3.0, h_fl_per_ma_oe=1.5,
    h_oersted_per_ma_oe=-0.5, thermal_uohm_per_ma=20.0,
)  # fmt: skip
AMPLITUDE_MA = 2.0


def points(device, size_oe, angle_deg, state=1):
    """Harmonics of the emulator as the readers and `lock_in` give them."""
    volts = lock_in(device, field_at(device, size_oe, angle_deg), AMPLITUDE_MA, state)
    ohm = {name: value / (AMPLITUDE_MA * 1e-3) for name, value in volts.items()}
    return ohm["x1"], -ohm["y2"]


def sweep(device, angle_deg, state, reach_oe=800.0):
    size = np.linspace(-reach_oe, reach_oe, 41)
    first, second = points(device, size, np.full(41, angle_deg), state)
    read = Harmonics(size * OERSTED, first, second, AMPLITUDE_MA * 1e-3, 0.0)
    return fit_sweep(read, np.radians(angle_deg), state)


def rotation(device, size_oe):
    angle = np.arange(0, 360, 10.0)
    first, second = points(device, np.full(36, size_oe), angle)
    read = Harmonics(np.radians(angle), first, second, AMPLITUDE_MA * 1e-3, 0.0)
    return fit_rotation(read, size_oe * OERSTED)


def inputs(ratio=0.2, thermal=20.0):
    exact = [Given(value, 0.0) for value in (ratio, 1.0, thermal * 1e-3)]
    return FieldInputs(*exact, misalignment=np.radians(1.0))


PER_MA = 1e-3 / OERSTED


def test_small_fields_give_the_torques_of_the_worked_example():
    """The numbers of docs/harmonic.md, for the state up."""
    along, across = sweep(DEVICE, 0.0, 1), sweep(DEVICE, 90.0, 1)
    assert along.curvature * OERSTED**2 == pytest.approx(-3.125e-8, rel=1e-3)
    # [(3.0 + 0.4 * 1.0)/2 Oe/mA * 2 mA]/(4000 Oe)^2 + 20 uohm/mA * 2 mA/4000 Oe
    assert along.slope * OERSTED == pytest.approx(2.125e-7 + 1e-8, rel=1e-3)
    # -[(1.0 + 0.4 * 3.0)/2 Oe/mA * 2 mA]/(4000 Oe)^2
    assert across.slope * OERSTED == pytest.approx(-1.375e-7, rel=1e-3)
    found = field_torques([along, across], inputs())
    np.testing.assert_allclose(found.value * PER_MA, [3.0, 1.0], rtol=2e-3)


@pytest.mark.parametrize("state", [1, -1])
@pytest.mark.parametrize("ratio", [-0.4, 0.0, 0.3])
@pytest.mark.parametrize("r_ahe", [-2.0, 0.5])
def test_signs_of_state_planar_and_anomalous_hall_effect(state, ratio, r_ahe):
    device = replace(DEVICE, r_ahe_ohm=r_ahe, r_phe_ohm=ratio * r_ahe)
    sweeps = [sweep(device, angle, state) for angle in (0.0, 90.0)]
    known = replace(inputs(ratio), r_ahe=Given(r_ahe, 0.0))
    found = field_torques(sweeps, known)
    np.testing.assert_allclose(found.value * PER_MA, [3.0, 1.0], rtol=5e-3)


def test_both_states_show_a_field_that_is_not_along_the_current():
    device = replace(DEVICE, misalignment_deg=2.0)
    sweeps = [sweep(device, angle, state) for angle in (0.0, 90.0) for state in (1, -1)]
    found = field_torques(sweeps, inputs())
    assert np.degrees(found.turn) == pytest.approx(2.0, abs=0.1)
    np.testing.assert_allclose(found.value * PER_MA, [3.0, 1.0], rtol=5e-3)


@pytest.mark.parametrize("h_k_oe", [-3000.0, 2000.0, 4000.0])
def test_rotations_part_damping_like_thermal_and_field_like(h_k_oe):
    """With an easy plane (H_k < 0) too, and a zero of the angle that is not the current's."""
    device = replace(DEVICE, h_k_oe=h_k_oe, misalignment_deg=-3.0, tilt_deg=0.5)
    rotations = [rotation(device, size) for size in (6000.0, 8000.0, 12000.0, 20000.0)]
    found = angle_torques(rotations, Given(1.0, 0.0), Given(h_k_oe * OERSTED, 0.0), 0.0)
    assert found.planar.value == pytest.approx(0.2, rel=2e-3)
    assert np.degrees(found.turn) == pytest.approx(-3.0, abs=0.05)
    expected = [3.0 / PER_MA, 20e-3, 1.0 / PER_MA]
    np.testing.assert_allclose(found.value, expected, rtol=1e-2)


def refused(device=DEVICE, kinds=("harmonic_field",), facts=(), rng=3, **conditions):
    """Reason of the only row of a table that is made with the truth of a device."""
    truth = bench.drawn(np.random.default_rng(rng))
    truth = replace(truth, device=device, amplitude_ma=AMPLITUDE_MA, noise=1e-7,
                    facts={**bench.FACTS, **dict(facts)})  # fmt: skip
    data = bench.dataset(truth, kinds, np.random.default_rng(rng))
    for name, change in conditions.items():
        data[name] = ("measurement", change(data[name].to_numpy().copy()))
    table = harmonic_table([data], NO_TABLE, NO_TABLE, NO_TABLE, {"emulated": truth.facts},
                           settings={}, convention={})  # fmt: skip
    (row,) = table.to_dict("records")
    assert row["status"] == "refused" and pd.isna(row["h_dl_per_ma_oe"])
    return row["reason"]


RATIO = {"planar_hall_ratio": 0.2, "planar_hall_ratio_u": 0.01}


def test_what_the_field_method_does_not_allow_is_refused():
    assert "harmonic_angle, or give planar_hall_ratio" in refused()
    half = {"planar_hall_ratio": 0.49, "planar_hall_ratio_u": 0.01}
    assert "diverges at 1/2" in refused(facts=half)
    along = {"direction": lambda values: 0 * values}
    assert "measure along the current" in refused(facts=RATIO, **along)
    given = RATIO | {"r_ahe_ohm": 1.0, "r_ahe_u_ohm": 0.01}
    up_only = {"initial_field_z": lambda values: np.full_like(values, -1.0)}
    assert "curves the other way" in refused(facts=given, **up_only)
    assert "sqrt(2)" in refused(facts=RATIO | {"r_ahe_ohm": 2**-0.5, "r_ahe_u_ohm": 0.001})
    unknown = {"initial_field_z": lambda values: np.full_like(values, np.nan)}
    assert "initial_field_z_oe" in refused(facts=RATIO, **unknown)


def test_fields_that_are_not_small_are_refused_or_left_out():
    large = np.linspace(-3900, 3900, 15)
    first, second = points(DEVICE, large, np.zeros(15))
    coarse = Harmonics(large * OERSTED, first, second, 2e-3, 0.0)
    with pytest.raises(Hall2netError, match="the fields are not small"):
        fit_sweep(coarse, 0.0, 1, largest=0.4 * 4000 * OERSTED)
    fine = np.linspace(-3900, 3900, 61) * OERSTED
    turning = Harmonics(fine, np.sign(fine), np.zeros(61), 2e-3, 0.0)
    with pytest.raises(Hall2netError, match="no parabola"):
        fit_sweep(turning, 0.0, 1)
    noise = np.random.default_rng(1).standard_normal(15)
    with pytest.raises(Hall2netError, match="no curvature"):
        fit_sweep(replace(coarse, first=noise), 0.0, 1)


def test_what_rotations_do_not_allow_is_refused():
    known = {"r_ahe_ohm": 1.0, "r_ahe_u_ohm": 0.01, "h_k_oe": 4000.0, "h_k_u_oe": 40.0}
    angle = ("harmonic_angle",)
    assert "R_AHE is not known" in refused(kinds=angle)
    assert "H_k is not known" in refused(kinds=angle, facts={"r_ahe_ohm": 1.0})
    same = {"field_in_plane": lambda values: np.full_like(values, values[0])}
    assert "one field magnitude" in refused(kinds=angle, facts=known, **same)
    below = {"field_in_plane": lambda values: values * 0.3}
    assert "not above H_k" in refused(kinds=angle, facts=known, **below)
    part = np.radians(np.arange(0, 100, 5.0))
    with pytest.raises(Hall2netError, match="half a turn"):
        fit_rotation(Harmonics(part, part, part, 1e-3, 0.0), 1e6)


def measurement(x1, y1, x2, y2):
    import xarray as xr

    names = ("resistance", "resistance_1y", "resistance_2x", "resistance_2y")
    made = {name: ("point", value) for name, value in zip(names, (x1, y1, x2, y2), strict=True)}
    made["field"] = ("point", np.linspace(-1, 1, len(x1)))
    return xr.Dataset(made | {"current": 1e-3})


@pytest.mark.parametrize("phase_deg", [-30.0, 4.0, 40.0])
def test_the_phase_of_the_current_is_taken_out(phase_deg):
    device = replace(DEVICE, phase_deg=phase_deg)
    size = np.linspace(-800, 800, 41)
    volts = lock_in(device, field_at(device, size, np.zeros(41)), AMPLITUDE_MA)
    ohm = [volts[name] / 2e-3 for name in ("x1", "y1", "x2", "y2")]
    found = harmonics(measurement(*ohm), "field")
    first, second = points(DEVICE, size, np.zeros(41))
    np.testing.assert_allclose(found.first, first, rtol=1e-6)
    np.testing.assert_allclose(found.second, second, atol=1e-9)
    assert np.degrees(found.phase) == pytest.approx(phase_deg, abs=1e-3)
    assert not found.reasons


def test_wrong_quadratures_are_told():
    line, flat = np.linspace(-1, 1, 41), np.ones(41)
    with pytest.raises(Hall2netError, match="in phase with the double reference"):
        harmonics(measurement(flat, 0 * flat, line, 0.1 * line), "field")
    with pytest.raises(Hall2netError, match="90 degrees from the reference"):
        harmonics(measurement(0 * flat, flat, 0 * line, line), "field")
    with pytest.raises(Hall2netError, match="second_x_column is needed"):
        harmonics(measurement(flat, 0.3 * flat, np.nan * line, line), "field")
    assert "wrong quadrature" in harmonics(
        measurement(flat, 0 * flat, 0.4 * line, line), "field"
    ).reasons[0]  # fmt: skip


ROW = {
    "id": "a", "sample": "s", "file": "a.csv", "format": "delimited", "kind": "harmonic_field",
    "x_column": "B", "x_unit": "mT", "y_column": "X1", "y_unit": "mV", "y_quantity": "voltage",
    "second_x_column": "X2 (uV)", "second_y_column": "Y2 (uV)", "current_ma": 2.0,
    "current_amplitude": "rms", "voltage_amplitude": "rms", "direction_deg": 90.0,
    "initial_field_z_oe": 1.0,
}  # fmt: skip


def read(folder, **cells):
    lines = ["B,X1,X2 (uV),Y2 (uV)", *(f"{k},{2 + k},{k},{-3 * k}" for k in range(-9, 10))]
    (folder / "a.csv").write_text("\n".join(lines))
    return read_measurement(folder, ROW | cells)


def test_amplitudes_are_stated_and_become_peaks(tmp_path):
    """3 uV at 2 mA is 1.5 mohm, whatever both are amplitudes of; a mixture differs by sqrt(2)."""
    same = read(tmp_path)
    np.testing.assert_allclose(same["resistance_2y"], -1.5e-3 * np.arange(-9, 10), atol=1e-12)
    np.testing.assert_allclose(same["resistance"], 0.5 * (2 + np.arange(-9, 10)))
    mixed = read(tmp_path, current_amplitude="peak")
    np.testing.assert_allclose(mixed["resistance_2y"], 2**0.5 * same["resistance_2y"])
    sample = read_sample(tmp_path, pd.DataFrame([ROW]))
    assert sample["current"].item() == pytest.approx(2e-3 * 2**0.5)
    assert sample["direction"].item() == pytest.approx(np.pi / 2)
    cosine = read(tmp_path, lock_in_reference="cos")
    np.testing.assert_allclose(cosine["resistance_2y"], -same["resistance_2x"])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"current_amplitude": None}, "current_amplitude is empty; expected rms or peak"),
        ({"voltage_amplitude": None}, "voltage_amplitude is empty; expected rms or peak"),
        ({"second_y_column": None}, "second_y_column is empty"),
        ({"second_x_column": None, "lock_in_reference": "cos"}, "second_x_column is empty"),
    ],
)
def test_a_missing_statement_is_refused(tmp_path, cells, words):
    with pytest.raises(FileError, match=words):
        read(tmp_path, **cells)


def test_a_statement_that_the_names_contradict_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("B,X1 (mVrms),Y2 (uVrms)\n" + "1,2,3\n2,3,4\n3,4,6\n")
    row = ROW | {"y_column": "X1", "second_x_column": None, "second_y_column": "Y2"}
    with pytest.raises(FileError, match="'X1 \\(mVrms\\)', and voltage_amplitude peak"):
        read_measurement(tmp_path, row | {"voltage_amplitude": "peak"})
    assert len(read_measurement(tmp_path, row)) == 3


def test_methods_are_compared_by_their_fields():
    """z and p of two normal numbers, and xi of the worked example of docs/harmonic.md."""
    assert difference((3.0, 0.3), (2.0, 0.4)) == pytest.approx((2.0, 0.0455), rel=1e-3)
    harmonic = pd.DataFrame([{
        "sample": "a", "kind": "harmonic_angle", "status": "ok", "reason": np.nan,
        "h_dl_per_ma_oe": 3.0, "h_dl_per_ma_u_oe": 0.06, "h_dl_per_ma_sys_oe": 0.03,
        "h_fl_per_ma_oe": 1.5, "h_fl_per_ma_u_oe": 0.1, "h_fl_per_ma_sys_oe": 0.2,
    }])  # fmt: skip
    torque = pd.DataFrame([{
        "sample": "a", "status": "ok", "reason": "", "h_dl_per_ma_oe": 3.3,
        "h_dl_per_ma_u_oe": 0.05, "h_dl_per_ma_sys_oe": 0.0, "h_dl_is_lower_bound": False,
    }])  # fmt: skip
    facts = {"a": bench.FACTS | {"m_s_t_a": 9e-4, "m_s_t_u_a": 9e-6}}
    given = (NO_TABLE, NO_TABLE, facts)
    table = torque_methods_table(harmonic, torque, *given, convention={})
    assert table["method"].tolist() == ["loop_shift", "harmonic_angle"]
    row = table.iloc[1]
    assert row["xi_dl_j"] == pytest.approx(0.0328, rel=2e-3)
    assert row["xi_dl_j_u"] == pytest.approx(0.0328 * np.hypot(0.02, 0.01), rel=1e-2)
    assert (row["against"], row["z_dl"]) == ("loop_shift", pytest.approx(-0.3 / np.sqrt(0.007)))
    # Of xi: 5 % of width and stack, 1 % of field and current, and of M_s t as it was given nothing.
    by_hand = np.hypot(0.01, np.sqrt(2 * 0.0501**2 + 2 * 0.01**2))
    assert row["xi_dl_j_sys"] == pytest.approx(row["xi_dl_j"] * by_hand, rel=1e-2)
    assert row["h_dl_per_ma_sys_oe"] == pytest.approx(
        3.0 * np.sqrt(0.01**2 + 2 * 0.01**2), rel=1e-4
    )
    # No loop shift gives a field-like field: the two harmonic methods are compared with each other.
    other = harmonic.assign(kind="harmonic_field", h_fl_per_ma_oe=1.8)
    three = torque_methods_table(pd.concat([harmonic, other]), torque, *given, convention={})
    assert three["z_fl"].isna().tolist() == [True, True, False]
    assert three["z_fl"].iloc[2] == pytest.approx(0.3 / np.sqrt(2 * (0.1**2 + 0.2**2)))
    bound = torque.assign(h_dl_is_lower_bound=True)
    assert torque_methods_table(harmonic, bound, *given, convention={})["against"].isna().all()
    no_moment = torque_methods_table(harmonic, None, NO_TABLE, NO_TABLE, {"a": bench.FACTS},
                                     convention={})  # fmt: skip
    assert no_moment["xi_dl_j"].isna().all() and "M_s t" in no_moment["reason"].item()


@pytest.mark.parametrize(
    "kinds", [("harmonic_field",), ("harmonic_angle",), ("harmonic_field", "harmonic_angle")]
)
def test_total_intervals_hold_the_truth(kinds):
    """A small run of bench/coverage_harmonic.py: 8 of 12 is four sigma below 95 %."""
    pulls = bench.coverage(12, kinds, seed=7)
    assert not (pulls["status"] == "refused").any()
    for _, own in pulls.groupby("kind"):
        for name in bench.QUANTITIES[:2]:
            assert (own[f"{name}_total"].abs() < 1.96).sum() > 8
            assert own[f"{name}_share"].median() < 0.5
