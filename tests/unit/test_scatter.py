"""Scatter from repeats and between bars, against scatter that was put in."""

import numpy as np
import pandas as pd
import pytest
from emulated import pulse_train, switching_loop_dataset

from hall2net.study.devices import other_bars, repeats_of
from hall2net.synapse.scatter import with_devices, with_repeats
from hall2net.synapse.states import lut_from_loop, lut_from_train


def loop(seed, *, shift=0.0, stretch=1.0, noise=1e-4):
    """A loop whose thresholds moved by `shift` (mA), times `stretch` in resistance."""
    return switching_loop_dataset(
        seed, up_ma=8.0 + shift, dn_ma=-9.0 - shift, sigma_ohm=noise, step_ma=0.25,
        r_ahe_ohm=0.075 * stretch,
    )  # fmt: skip


@pytest.mark.parametrize("scatter_ma", [0.05, 0.2])
def test_repeats_give_the_scatter_of_writes(scatter_ma):
    rng = np.random.default_rng(0)
    shifts = scatter_ma * rng.standard_normal(40)
    lut = lut_from_loop(loop(0), states=16)
    found = with_repeats(lut, [loop(k, shift=s) for k, s in enumerate(shifts, start=1)])
    flank = found[found["reset_current_ma"].notna()]
    centre = np.where(flank["branch"] == "up", 8.0, -9.0)
    z = (flank["write_current_ma"] - centre) / 1.5
    slope = 2 * 0.075 / (1.5 * np.sqrt(2 * np.pi)) * np.exp(-(z**2) / 2)
    steep = slope > 0.02
    # All states moved by the same 41 shifts.
    expected = (slope * np.std([0.0, *shifts], ddof=1))[steep]
    np.testing.assert_allclose(flank["cycle_sigma_ohm"][steep], expected, rtol=0.2)
    # States at rest do not move with the thresholds.
    assert (found["cycle_sigma_ohm"][found["reset_current_ma"].isna()] < 1e-3).all()
    assert (found["separation_sigma"].dropna() <= lut["separation_sigma"].dropna() + 1e-9).all()
    assert (found["resistance_ohm"] == lut["resistance_ohm"]).all()


def test_a_sweep_to_another_current_is_no_repeat():
    lut = lut_from_loop(loop(0), states=8)
    far = loop(1)
    far = far.assign(write_current=far["write_current"] * 0.9)
    pd.testing.assert_frame_equal(with_repeats(lut, [far]), lut)
    pd.testing.assert_frame_equal(with_repeats(lut, []), lut)
    assert with_devices(lut, [far])["n_devices"].iloc[0] == 1


def test_scatter_that_was_measured_is_kept():
    lut = lut_from_train(pulse_train(seed=0, cycles=4), states=6)
    pd.testing.assert_frame_equal(with_repeats(lut, [pulse_train(seed=1, cycles=4)]), lut)


def test_devices_that_differ_by_a_factor():
    """Swings that scatter by 5 % move the outer states most and the middle ones little."""
    rng = np.random.default_rng(3)
    factors = 1 + 0.05 * rng.standard_normal(30)
    lut = lut_from_loop(loop(0), states=9)
    found = with_devices(lut, [loop(k, stretch=f) for k, f in enumerate(factors, start=1)])
    assert (found["n_devices"] == 31).all()
    middle = 0.01
    expected = np.std([1.0, *factors], ddof=1) * (lut["resistance_ohm"] - middle).abs()
    np.testing.assert_allclose(found["device_sigma_ohm"], expected, atol=3e-4)
    alone = with_devices(lut, [])
    assert alone["device_sigma_ohm"].isna().all() and (alone["n_devices"] == 1).all()


def test_bars_are_those_with_the_same_label_and_dimensions():
    sheet = pd.DataFrame(
        {
            "id": ["a1", "a1_again", "a2", "a2_again", "b1", "a1_cold", "a1_train"],
            "kind": [*["sot_switching"] * 6, "pulse_train"],
            "sample": ["a1", "a1", "a2", "a2", "b1", "a1", "a1"],
            "temperature_k": [300.0] * 5 + [77.0, 300.0],
            "field_x_oe": np.nan,
        }
    )
    samples = {
        "a1": {"label": "film a", "width_um": 5.0},
        "a2": {"label": "film a", "width_um": 5.0},
        "b1": {"label": "film b", "width_um": 5.0},
    }
    assert repeats_of(sheet, "a1") == ["a1_again"]
    assert other_bars(sheet, samples, "a1") == ["a2"]
    assert other_bars(sheet, samples, "b1") == []
    assert repeats_of(sheet, "a1_cold") == []
