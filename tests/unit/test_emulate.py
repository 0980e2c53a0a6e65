"""The committed raw files are what the generator writes, and their truth hangs together."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.constants import e, hbar, mu_0

from hall2net.emulate import cotb, ruo2
from hall2net.emulate.domains import Film, Magnet, deviates
from hall2net.emulate.loop import LoopTruth, simulate_loop
from hall2net.physics.aging import endurance_table, retention_table
from hall2net.physics.harmonic import harmonic_table
from hall2net.readers.reading import read_sample
from hall2net.study.samples import read_samples

RAW = Path(__file__).parents[2] / "raw"
TROUBLES = ("aborted_loops", "half_loops", "loops_with_nan_row", "loops_with_repeated_row")


@pytest.mark.parametrize(("study", "module"), [("cotb", cotb), ("ruo2", ruo2)])
def test_raw_files_come_out_byte_for_byte(tmp_path, study, module):
    module.write(tmp_path)
    made = {str(p.relative_to(tmp_path)): p for p in tmp_path.rglob("*") if p.is_file()}
    kept = {str(p.relative_to(RAW / study)): p for p in (RAW / study).rglob("*") if p.is_file()}
    assert made.keys() == kept.keys()
    changed = [name for name in made if made[name].read_bytes() != kept[name].read_bytes()]
    assert not changed


def test_truth_is_that_of_the_paper():
    samples = json.loads((RAW / "ruo2/truth.json").read_text())["samples"]
    best, reference = samples["ruo2_0p5"], samples["pt"]
    assert best["xi_dl_j"] / reference["xi_dl_j"] == pytest.approx(5.2)
    assert best["theta_sh"] == pytest.approx(0.36, abs=0.005)
    assert best["theta_sh"] / reference["theta_sh"] == pytest.approx(4, abs=0.05)
    assert reference["j_c_a_m2"] / best["j_c_a_m2"] == pytest.approx(3, abs=0.05)
    assert best["t_sbf"] == pytest.approx(0.4743, abs=5e-5)


def test_spin_hall_angle_and_conductivity_are_one_quantity():
    """theta = (2e/hbar) rho sigma, sigma in 1/(ohm m) times hbar/2e."""
    for truth in json.loads((RAW / "ruo2/truth.json").read_text())["samples"].values():
        sigma_si = truth["sigma_sh"] * hbar / (2 * e)
        rho = truth["rho_xx_uohm_cm"] * 1e-8
        assert 2 * e / hbar * rho * sigma_si == pytest.approx(truth["theta_sh"], rel=1e-8)


@pytest.mark.parametrize("half_loop", [False, True])
def test_a_loop_without_noise_crosses_at_its_switching_fields(half_loop):
    truth = LoopTruth(r_ahe_ohm=2.0, h_c_oe=100, h_0_oe=20, r_offset_ohm=5, field_lag_oe=3)
    field, r = simulate_loop(truth, 400, 16002, np.random.default_rng(0), half_loop=half_loop)
    crossings = np.sort(field[:-1][np.diff(r > 5)])
    np.testing.assert_allclose(crossings, [20 - 100 - 3, 20 + 100 + 3], atol=0.2)
    assert np.ptp(r) == pytest.approx(4.0)


@pytest.mark.parametrize("study", ["cotb", "ruo2"])
def test_checksums_cover_every_file_but_truth_and_samples(study):
    folder = RAW / study
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert list(listed) == sorted(present - {"SHA256SUMS", "truth.json", "samples.csv"})
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_troubled_loops_are_those_that_the_truth_names():
    truth = json.loads((RAW / "ruo2/truth.json").read_text())
    found = {name: set() for name in TROUBLES}
    for name in truth["loops"]:
        table = pd.read_csv(RAW / f"ruo2/loops/{name}.csv", comment="#")
        field = table["Field (Oe)"].to_numpy()
        has = (
            abs(field[-1] - field[0]) > 50,
            abs(field[0]) < 50,
            table.isna().to_numpy().any(),
            table["t (s)"].duplicated().any(),
        )
        for trouble, has_it in zip(TROUBLES, has, strict=True):
            if has_it:
                found[trouble].add(name)
    assert found == {trouble: set(truth[trouble]) for trouble in TROUBLES}
    assert min(map(len, found.values())) >= 2


def test_loop_centres_hold_the_efficiency():
    """xi = (2e/hbar) mu_0 M_s t H_DL/j, H_DL from the slope of H_0(I) where walls are aligned."""
    truth = json.loads((RAW / "ruo2/truth.json").read_text())
    sheet = pd.read_csv(RAW / "ruo2/measurements.csv")
    aligned = sheet[(sheet["kind"] == "loop_shift") & (sheet["field_x_oe"].abs() >= 400)]
    for name, rows in aligned.groupby("sample"):
        sample = truth["samples"][name]
        slopes = [
            np.sign(field_x)
            * np.polyfit(r["current_ma"], [truth["loops"][i]["h_0_oe"] for i in r["id"]], 1)[0]
            for field_x, r in rows.groupby("field_x_oe")
        ]
        tesla_per_a = -2 / np.pi * np.mean(slopes) * 1e-4 / 1e-3
        j_per_a = 1 / (5e-6 * sample["stack_nm"] * 1e-9)
        areal_moment = sample["m_s_emu_cc"] * 1e3 * 1e-9
        xi = 2 * e / hbar * areal_moment * tesla_per_a / j_per_a
        # Depinning fields scatter by 0.8 %, which moves a centre by half an Oe: 5 % are 3 sigma of
        # the smallest torque.
        assert xi == pytest.approx(sample["xi_dl_j"], rel=0.05)
        half_ms2t = mu_0 * (sample["m_s_emu_cc"] * 1e3) ** 2 * 1e-9 / 2 * 1e3
        assert sample["k_s_erg_cm2"] > half_ms2t, "perpendicular anisotropy"


def test_levels_of_the_train_scatter_about_their_truth():
    truth = json.loads((RAW / "ruo2/truth.json").read_text())
    np.testing.assert_allclose(truth["states_ohm"], ruo2.STATES_OHM, atol=1e-3)
    train = pd.read_csv(RAW / "ruo2/trains/train_ruo2_0p5.csv", comment="#")
    # A read that the instrument spoilt would be the whole error of its level.
    levels = train.groupby(["Ipulse (mA)", "pulse"])["Vxy (V)"].median() / 0.5e-3
    cycles = levels.groupby("Ipulse (mA)").agg(["mean", "sem"])
    assert cycles.index.to_list() == truth["states_write_current_ma"]
    assert (np.abs(cycles["mean"] - truth["states_ohm"]) < 3.5 * cycles["sem"]).all()


# One film for all files


def resistance(path, unit_ohm):
    table = pd.read_csv(path, comment="#")
    return table.iloc[:, 0].to_numpy(), table.iloc[:, -1].to_numpy() / unit_ohm


def test_offset_and_swing_of_a_bar_are_the_same_in_all_its_files():
    """Levels of the Hall loop, of a loop that switches all of the film, and of the train."""
    truth = json.loads((RAW / "ruo2/truth.json").read_text())
    _, hall = resistance(RAW / "ruo2/loops/ahe_ruo2_0p5.csv", 0.5e-3)
    _, switched = resistance(RAW / "ruo2/switching/sot_ruo2_0p5_hxm200.csv", 0.5e-3)
    low, high = (np.nanmedian(hall[hall < 0.46]), np.nanmedian(hall[hall > 0.46]))
    for level, found in ((low, switched[switched < 0.46]), (high, switched[switched > 0.46])):
        rests = found[np.abs(found - level) < 0.03]
        assert rests.size > 40 and np.median(rests) == pytest.approx(level, abs=4e-3)
    assert min(truth["states_ohm"]) == pytest.approx(low, abs=4e-3)
    assert max(truth["states_ohm"]) < high - 0.03, "pinned domains"


def test_a_train_passes_the_levels_of_a_switching_loop():
    """The same pulse after the same history leads to the same resistance, but for the scatter."""
    truth = json.loads((RAW / "ruo2/truth.json").read_text())
    states = dict(zip(truth["states_write_current_ma"], truth["states_ohm"], strict=True))
    current, loop = resistance(RAW / "ruo2/switching/sot_ruo2_0p5_pre2750_m.csv", 0.5e-3)
    largest = np.flatnonzero(current == 13.0)
    assert loop[largest] == pytest.approx(states[13.0], abs=0.01)


def test_direct_current_turns_what_a_pulse_turns():
    """3 mA and 200 Oe, without an out-of-plane field: the same few domains in a millisecond."""
    pulsed, held = Magnet(ruo2.film("ruo2_0p5")), Magnet(ruo2.film("ruo2_0p5"))
    pulsed.pulse([-3.0], field_x_oe=200.0)
    held.sweep(np.zeros(2), current_ma=-3.0, field_x_oe=200.0, seconds=1e-3)
    np.testing.assert_array_equal(pulsed.m, held.m)
    assert 0 < np.mean(held.m < 0) < 0.1


@pytest.mark.parametrize(
    ("steps", "turned"),
    [
        ([{"field_z_oe": 2e3}], -1),
        ([{"field_z_oe": -2e3}], 0),
        ([{"field_z_oe": -2e3}, {"field_x_oe": 2150.0}], 0),
        ([{"field_z_oe": -2e3}, {"field_x_oe": 2350.0}], 1),
        ([{"field_x_oe": 2350.0}, {"field_z_oe": 2e3}], 0),
        ([{"field_x_oe": 2350.0}, {"field_z_oe": 2e3}, {"field_x_oe": -2350.0}], -1),
    ],
)
def test_field_free_switching_follows_the_text_of_figures_3e_and_f(steps, turned):
    magnet = Magnet(ruo2.film("ruo2_0p5"))
    for step in steps:
        magnet.expose(**step)
    up, down = magnet.pulse([13.0, -13.0, 13.0])[[2, 1]]
    assert (up - down) / 2 == pytest.approx(0.68 * turned, abs=2e-3)


def test_share_that_switches_depends_on_the_field():
    truth = json.loads((RAW / "ruo2/truth.json").read_text())["switching"]
    shares = [truth[f"sot_ruo2_0p5_hx{field}"]["switching_ratio"] for field in FIELDS]
    assert shares == sorted(shares) and shares[0] < 0.8 and shares[-1] == pytest.approx(1)


FIELDS = ("p50", "p100", "p200", "m200")


def test_quasi_random_deviates_are_standard_normal_and_independent():
    drawn = deviates(1500, 4, np.random.default_rng(0))
    np.testing.assert_allclose(np.cov(drawn), np.eye(4), atol=0.05)
    np.testing.assert_allclose(np.median(drawn, axis=1), 0, atol=0.01)


def test_a_square_film_turns_at_its_depinning_field():
    """One kind of domain: H_c is H_1, the torque moves the centre, heat and time lower H_c."""
    one = np.ones(4)
    film = Film(100 * one, one, 50 * one, 0 * one, np.inf * one, 10.0, 20.0, 1e9, 40.0)
    for current, field_x, seconds, h_c, centre in (
        (0.0, 0.0, 1e-3, 100, 0),
        (2.0, 100.0, 1e-3, 100 * np.exp(-0.01), -20),
        (2.0, -25.0, 1e-3, 100 * np.exp(-0.01), 10),
        (0.0, 0.0, 1.0, 100 * (40 - np.log(1e9)) / (40 - np.log(1e6)), 0),
    ):
        magnet = Magnet(film)
        how = {"current_ma": current, "field_x_oe": field_x, "seconds": seconds}
        (_, dn), (_, up) = (
            magnet.sweep(h, **how) for h in (np.array([400.0, -400]), np.array([-400.0, 400]))
        )
        assert (up - dn) / 2 == pytest.approx(h_c) and (up + dn) / 2 == pytest.approx(centre)


# Harmonics and aging, of the same film


def measured(study, *kinds):
    """The samples of a study, with measurements of some kinds alone."""
    sheet = pd.read_csv(RAW / study / "measurements.csv")
    chosen = sheet[sheet["kind"].isin(kinds)].astype({"orientation": object})
    return [read_sample(RAW / study, rows) for _, rows in chosen.groupby("sample")]


def test_harmonics_hold_the_torques_of_the_other_files():
    """H_DL, R_AHE and H_k of the films; H_FL and the thermal part of their own."""
    truth = json.loads((RAW / "ruo2/truth.json").read_text())["samples"]
    none = pd.DataFrame(columns=["sample", "kind", "status", "r_ahe_ohm", "h_k_oe"])
    facts = read_samples(RAW / "ruo2/samples.csv")
    data = measured("ruo2", "harmonic_field", "harmonic_angle")
    table = harmonic_table(data, none, none, none, facts, settings={}, convention={})
    assert len(table) == 4 and (table["status"] == "ok").all()
    for _, row in table.iterrows():
        true = truth[row["sample"]]
        for name in ("h_dl_per_ma", "h_fl_per_ma"):
            total = np.hypot(row[f"{name}_u_oe"], row[f"{name}_sys_oe"])
            assert abs(row[f"{name}_oe"] - true[f"{name}_oe"]) < 3 * total
        assert row["h_dl_per_ma_oe"] == pytest.approx(true["h_dl_per_ma_oe"], rel=0.05)
        assert row["r_ahe_ohm"] == pytest.approx(true["r_ahe_ohm"], rel=1e-3)
        assert row["h_k_oe"] == pytest.approx(true["h_k_oe"], rel=0.01)


@pytest.mark.parametrize("name", ruo2.LOCK_IN)
def test_no_domain_turns_under_the_lock_in_current(name):
    """What the domains say of the fields and currents at which the macrospin stays up, or down."""
    run = ruo2.LOCK_IN[name]
    for state in (1.0, -1.0):
        magnet = Magnet(ruo2.film(name))
        magnet.expose(field_z_oe=state * 2e3)
        for field_x in (-run.small_oe, run.small_oe):
            magnet.pulse([run.peak_ma, -run.peak_ma], field_x_oe=field_x)
        assert (magnet.m == state).all()


@pytest.mark.parametrize("study", ["cotb", "ruo2"])
def test_retention_and_endurance_hold_their_truth(study):
    truth = json.loads((RAW / study / "truth.json").read_text())
    data = measured(study, "retention", "endurance")
    states, devices = retention_table(data), endurance_table(data)
    assert (states["status"] == "ok").all() and (devices["status"] == "ok").all()
    assert set(states["id"]) == truth["retention"].keys()
    for _, row in states.iterrows():
        true = truth["retention"][row["id"]]
        change = row["drift_per_decade_ohm"] - true["drift_per_decade_ohm"]
        assert abs(change) < 3 * row["drift_per_decade_u_ohm"]
        assert row["resistance_ohm"] == pytest.approx(true["resistance_1s_ohm"], abs=5e-4)
    for _, row in devices.iterrows():
        true = truth["endurance"][row["id"]]
        change = row["window_per_decade_ohm"] - true["window_per_decade_ohm"]
        assert abs(change) < 3 * row["window_per_decade_u_ohm"]


def test_retained_states_are_those_of_the_train():
    """The same write currents after the same history: within the scatter of writes."""
    truth = json.loads((RAW / "ruo2/truth.json").read_text())
    for number in ruo2.RETAINED:
        found = truth["retention"][f"ret_ruo2_0p5_state{number}"]["resistance_1s_ohm"]
        scatter = truth["states_cycle_sigma_ohm"][number - 1]
        assert abs(found - truth["states_ohm"][number - 1]) < 4 * scatter
