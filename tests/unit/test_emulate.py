"""The committed raw files are what the generator writes, and their truth hangs together."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.constants import e, hbar, mu_0

from hall2net.emulate import cotb, ruo2
from hall2net.emulate.loop import LoopTruth, simulate_loop

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
    assert reference["j_c_a_m2"] / best["j_c_a_m2"] == pytest.approx(3, abs=1e-6)
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
    aligned = sheet[(sheet["kind"] == "loop_shift") & (sheet["field_x_oe"].abs() == 800)]
    for name, rows in aligned.groupby("sample"):
        sample = truth["samples"][name]
        slopes = [
            field_x * np.polyfit(r["current_ma"], [truth["loops"][i]["h_0_oe"] for i in r["id"]], 1)
            for field_x, r in rows.groupby("field_x_oe")
        ]
        tesla_per_a = -2 / np.pi * np.mean(slopes, axis=0)[0] / 800 * 1e-4 / 1e-3
        j_per_a = 1 / (5e-6 * sample["stack_nm"] * 1e-9)
        areal_moment = sample["m_s_emu_cc"] * 1e3 * 1e-9
        xi = 2 * e / hbar * areal_moment * tesla_per_a / j_per_a
        assert xi == pytest.approx(sample["xi_dl_j"], rel=1e-6)
        half_ms2t = mu_0 * (sample["m_s_emu_cc"] * 1e3) ** 2 * 1e-9 / 2 * 1e3
        assert sample["k_s_erg_cm2"] > half_ms2t, "perpendicular anisotropy"


def test_levels_of_the_train_scatter_about_their_truth():
    truth = json.loads((RAW / "ruo2/truth.json").read_text())
    train = pd.read_csv(RAW / "ruo2/trains/train_ruo2_0p5.csv", comment="#")
    levels = train.groupby(["Ipulse (mA)", "pulse"])["Vxy (V)"].mean() / 0.5e-3
    cycles = levels.groupby("Ipulse (mA)").agg(["mean", "sem"])
    assert cycles.index.to_list() == truth["states_write_current_ma"]
    assert (np.abs(cycles["mean"] - truth["states_ohm"]) < 3 * cycles["sem"]).all()
