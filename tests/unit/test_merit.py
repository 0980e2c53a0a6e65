import numpy as np
import pandas as pd
import pytest
from emulated import SWING, pulse_train, switching_loop_dataset, train_dataset
from scipy.stats import norm

from hall2net.emulate.ruo2 import STATE_CURRENTS_MA, STATES_OHM
from hall2net.errors import Hall2netError
from hall2net.synapse.merit import (
    figures_of_merit,
    fit_nonlinearity,
    nonlinearity_label,
    update_curves,
)
from hall2net.synapse.states import lut_from_loop, lut_from_train


def values(lut, measurement, **settings):
    return figures_of_merit(lut, measurement, **settings).set_index("quantity")["value"]


@pytest.mark.parametrize(
    ("a", "label"),
    [(126.268958, 0.01), (4.205668, 0.30), (3.503513, 0.36), (0.023073, 8.99), (0.02281, 9.0)],
)
def test_label_is_that_of_neurosim(a, label):
    """Pairs of the table of parameter A in NeuroSim 3.0."""
    assert nonlinearity_label(a) == pytest.approx(label, rel=1e-4)
    assert nonlinearity_label(-a) == pytest.approx(-label, rel=1e-4)


def _exponential_train(a_up, a_down, n=40, noise=0.0, cycles=3):
    rng = np.random.default_rng(0)
    x = np.arange(n + 1) / n
    rise = (1 - np.exp(-x / a_up)) / (1 - np.exp(-1 / a_up))
    fall = 1 - (1 - np.exp(-x / a_down)) / (1 - np.exp(-1 / a_down))
    one = np.concatenate([rise, fall[1:]])
    r = np.concatenate([one, *[one[1:]] * (cycles - 1)])
    r = r + noise * rng.standard_normal(r.size)
    count = np.arange(r.size)
    current = np.where(np.append(1, np.diff(r)) > 0, 11.0, -11.0)
    return train_dataset(
        np.repeat(count, 3), np.repeat(current, 3), np.repeat(r, 3), np.arange(3.0 * r.size)
    )


def test_nonlinearities_of_exponential_curves_come_back():
    curves = update_curves(_exponential_train(0.4, 0.25))
    for direction, a in (("potentiation", 0.4), ("depression", 0.25)):
        label, spread = fit_nonlinearity(curves[curves["direction"] == direction])
        assert label == pytest.approx(nonlinearity_label(a), rel=1e-3)
        assert spread < 1e-3


def test_straight_curves_have_no_nonlinearity():
    curves = update_curves(_exponential_train(1e4, 1e4, noise=1e-3))
    label, spread = fit_nonlinearity(curves[curves["direction"] == "potentiation"])
    assert abs(label) < max(4 * spread, 0.05)


def test_signs_of_potentiation_and_depression():
    measurement = _exponential_train(0.4, 0.4, noise=1e-3)
    lut = pd.DataFrame(
        {
            "state": [1, 2], "resistance_ohm": [0.0, 1.0], "resistance_u_ohm": 0.01,
            "level": [-1.0, 1.0], "read_sigma_ohm": 0.01, "cycle_sigma_ohm": 0.01,
            "drift_per_decade_ohm": 0.0, "drift_per_decade_u_ohm": 0.001, "write_current_ma": 11.0,
        }
    )  # fmt: skip
    merit = values(lut, measurement)
    expected = float(nonlinearity_label(0.4))
    assert merit["alpha_potentiation"] == pytest.approx(expected, abs=0.05)
    assert merit["alpha_depression"] == pytest.approx(-expected, abs=0.05)
    assert merit["asymmetry"] == pytest.approx(2 * expected, abs=0.1)
    assert merit["alpha_misfit"] == pytest.approx(1e-3 / np.sqrt(3), rel=1.0)


def test_merit_of_the_emulated_train():
    train = pulse_train(seed=0, cycles=30)
    lut = lut_from_train(train)
    merit = values(lut, train, write_resistance_ohm=500.0)
    assert merit["states"] == merit["distinguishable_states"] == 6
    assert merit["information"] == pytest.approx(2.585, abs=1e-3)
    assert merit["dynamic_range"] == pytest.approx(SWING, rel=0.01)
    assert merit["read_noise"] == pytest.approx(0.008, rel=0.05)
    assert merit["cycle_to_cycle"] == pytest.approx(0.015, rel=0.2)
    # 0.46 ohm lies 0.34 of the range above the second of six equally spaced levels.
    assert merit["nonuniformity"] == pytest.approx(0.13 / 0.24 - 0.2, abs=0.02)
    # One negative level of six.
    assert merit["mean_level"] == pytest.approx(1.75 / 6, abs=0.02)
    assert merit["alpha_potentiation"] > 2
    # 11 mA alone switches more than half of the range: no exponential.
    assert merit["alpha_misfit"] > 0.03
    assert np.isnan(merit["alpha_depression"]) and np.isnan(merit["asymmetry"])
    energy = np.square([15.6e-3, *np.multiply(STATE_CURRENTS_MA, 1e-3)]) * 500 * 1e-3 * 1e6
    assert merit["write_energy_mean"] == pytest.approx(energy.mean(), rel=5e-3)
    assert merit["write_energy_min"] == pytest.approx(60.5)
    assert merit["train_energy"] == pytest.approx(30 * energy.sum(), rel=1e-9)
    assert -0.004 < merit["drift"] < 0
    assert merit["retention"] > 3


def test_misread_rate_is_that_of_gaussian_reads():
    lut = pd.DataFrame(
        {
            "state": [1, 2, 3], "resistance_ohm": [0.0, 0.04, 0.10], "resistance_u_ohm": 0.001,
            "level": [-1.0, -0.2, 1.0], "read_sigma_ohm": 0.02, "cycle_sigma_ohm": np.nan,
            "drift_per_decade_ohm": np.nan, "drift_per_decade_u_ohm": np.nan,
            "write_current_ma": 11.0,
        }
    )  # fmt: skip
    merit = values(lut, pulse_train(0, cycles=2))
    rng = np.random.default_rng(0)
    r = lut["resistance_ohm"].to_numpy()
    truth = rng.integers(3, size=400_000)
    reads = r[truth] + 0.02 * rng.standard_normal(truth.size)
    wrong = np.mean(np.searchsorted((r[1:] + r[:-1]) / 2, reads) != truth)
    assert merit["misread_rate"] == pytest.approx(wrong, rel=0.02)
    assert merit["min_separation"] == pytest.approx(2.0)
    assert merit["distinguishable_states"] == 2
    assert merit["misread_rate"] == pytest.approx((2 * norm.cdf(-1) + 2 * norm.cdf(-1.5)) / 3)


def test_loop_has_both_curves_and_no_retention():
    loop = switching_loop_dataset(sigma_ohm=2e-4, step_ma=0.25)
    merit = values(lut_from_loop(loop, states=16), loop)
    assert np.isfinite(merit[["alpha_potentiation", "alpha_depression", "asymmetry"]]).all()
    # Gaussian thresholds: both branches are straight about their middle.
    assert abs(merit["alpha_potentiation"]) < 1 and abs(merit["alpha_depression"]) < 1
    assert merit[["drift", "retention", "cycle_to_cycle"]].isna().all()
    assert np.isnan(merit["write_energy_mean"])


def test_variation_between_devices():
    train = pulse_train(seed=0)
    lut = lut_from_train(train)
    other = lut.assign(resistance_ohm=lut["resistance_ohm"] + 0.02)
    merit = values(lut, train, others=[other])
    assert merit["device_to_device"] == pytest.approx(0.02 / np.sqrt(2) / SWING, rel=0.03)
    assert np.isnan(values(lut, train)["device_to_device"])
    with pytest.raises(Hall2netError, match="has 5 states; expected 6"):
        figures_of_merit(lut, train, others=[other.iloc[:5]])


def _gaussian_train(seed, cycles=12, reads=10):
    """Six states of known, normally distributed scatter: nothing of the film."""
    rng = np.random.default_rng(seed)
    n = 6 * cycles
    current = np.tile([-15.6, *STATE_CURRENTS_MA][:6], cycles)
    level = np.tile(STATES_OHM, cycles) + 0.0045 * rng.standard_normal(n)
    r = np.repeat(level, reads) + 0.004 * rng.standard_normal(n * reads)
    return train_dataset(
        np.repeat(np.arange(1.0, n + 1), reads), np.repeat(current, reads), r,
        np.arange(1.0 * n * reads),
    )  # fmt: skip


def test_uncertainties_hold_the_truth():
    """1 sigma covers the known truth of emulated trains in at least 60 % and 2 sigma in 90 %."""
    r, sigma = np.array(STATES_OHM), np.hypot(0.0045, 0.004)
    gaps = np.diff(r) / sigma
    truth = {
        "dynamic_range": SWING,
        "read_noise": 0.004 / SWING,
        "cycle_to_cycle": 0.0045 / SWING,
        "dynamic_range_to_noise": SWING / sigma,
        "mean_level": 1.75 / 6,
        "nonuniformity": 0.13 / 0.24 - 0.2,
    }
    rows = []
    for seed in range(120):
        train = _gaussian_train(seed)
        merit = figures_of_merit(lut_from_train(train, states=6, min_separation=2), train)
        merit = merit.set_index("quantity")
        rows.append([(merit.at[q, "value"] - truth[q]) / merit.at[q, "value_u"] for q in truth])
        misread = merit.loc["misread_rate"]
        assert misread["value_u"] > 0
    pull = np.abs(rows)
    inside = pd.DataFrame({"one": (pull < 1).mean(0), "two": (pull < 2).mean(0)}, index=truth)
    assert (inside["one"] > 0.60).all(), inside
    assert (inside["two"] > 0.90).all(), inside
    assert gaps.min() < 4  # close enough to misread


def test_energy_has_the_uncertainty_of_the_resistance():
    train = pulse_train(seed=0)
    merit = figures_of_merit(
        lut_from_train(train), train, write_resistance_ohm=500.0, write_resistance_u_ohm=5.0
    ).set_index("quantity")
    assert merit.at["write_energy_mean", "value_u"] == pytest.approx(
        0.01 * merit.at["write_energy_mean", "value"]
    )


def test_every_figure_has_its_unit_and_definition():
    train = pulse_train(seed=0)
    merit = figures_of_merit(lut_from_train(train), train)
    assert set(merit["unit"]) == {"1", "bit", "sigma", "ohm", "1/decade", "decade", "uJ"}
    assert merit["quantity"].is_unique
    assert (merit["definition"].str.len() > 15).all()
    assert len(STATES_OHM) == merit["value"].iloc[0]
