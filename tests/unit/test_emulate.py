"""The committed raw files are what the generator writes, and their truth hangs together."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import e, hbar

from hall2net.emulate import cotb, ruo2
from hall2net.emulate.loop import LoopTruth, simulate_loop

RAW = Path(__file__).parents[2] / "raw"


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
