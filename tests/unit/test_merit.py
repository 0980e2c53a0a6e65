import made_tables
import numpy as np
import pandas as pd
import pytest
from emulated import SWING, pulse_train, switching_loop_dataset, train_dataset
from scipy.stats import norm
from test_updates import exponential, update_train

from hall2net.emulate.ruo2 import STATE_CURRENTS_MA, STATES_OHM
from hall2net.synapse.merit import distinguishable_states, figures_of_merit
from hall2net.synapse.states import lut_from_loop, lut_from_train
from hall2net.synapse.updates import nonlinearity_label


def values(lut, measurement, **settings):
    return figures_of_merit(lut, measurement, **settings).set_index("quantity")["value"]


def test_signs_of_potentiation_and_depression():
    measurement = update_train(exponential(0.4), exponential(0.4), noise=1e-3)
    lut = made_tables.lut([0.0, 1.0], [-11.0, 11.0])
    merit = values(lut, measurement)
    expected = float(nonlinearity_label(0.4))
    assert merit["alpha_potentiation"] == pytest.approx(expected, abs=0.05)
    assert merit["alpha_depression"] == pytest.approx(-expected, abs=0.05)
    assert merit["asymmetry"] == pytest.approx(2 * expected, abs=0.1)
    assert merit["nonlinearity_depression"] == pytest.approx(expected / 10.1015, abs=0.01)
    assert merit["alpha_misfit"] == pytest.approx(1e-3, rel=0.3)
    definition = figures_of_merit(lut, measurement).set_index("quantity")["definition"]
    assert "of identical pulses" in definition["alpha_potentiation"]


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
    merit = values(lut.assign(device_sigma_ohm=0.02, n_devices=4), train)
    assert merit["device_to_device"] == pytest.approx(0.02 / SWING, rel=0.03)
    assert np.isnan(values(lut, train)["device_to_device"])


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


def bounds(lut, measurement):
    table = figures_of_merit(lut, measurement).set_index("quantity")
    return table[table["bound"] != ""]


def test_reads_alone_give_bounds_and_no_interval():
    loop = switching_loop_dataset(sigma_ohm=2e-4, step_ma=0.25)
    lut = lut_from_loop(loop, states=16)
    found = bounds(lut, loop)
    assert found["value_u"].isna().all()
    assert found["bound"].to_dict() == {
        "distinguishable_states": "at most", "information": "at most",
        "min_separation": "at most", "misread_rate": "at least",
        "dynamic_range_to_noise": "at most",
    }  # fmt: skip
    # More scatter can only make them worse.
    for write in (1e-4, 1e-3, 1e-2):
        assert distinguishable_states(lut, 3, write) <= distinguishable_states(lut, 3)
    known = lut.assign(cycle_sigma_ohm=1e-3, n_visits=5)
    assert bounds(known, loop).empty


def test_no_scatter_at_all_gives_no_number():
    loop = switching_loop_dataset(sigma_ohm=2e-4, step_ma=0.25)
    lut = lut_from_loop(loop, states=16).assign(read_sigma_ohm=np.nan)
    merit = values(lut, loop)
    unknown = ["distinguishable_states", "information", "min_separation", "misread_rate",
               "dynamic_range_to_noise", "read_noise", "cycle_to_cycle", "drift"]  # fmt: skip
    assert merit[unknown].isna().all() and merit["dynamic_range"] > 0


@pytest.mark.parametrize("rejected", [False, True])
def test_drift_is_pooled_where_one_slope_describes_the_states(rejected):
    train = pulse_train(seed=0)
    lut = lut_from_train(train)
    slope = -0.001 + (0.01 * np.arange(6) if rejected else 0)
    lut = lut.assign(drift_per_decade_ohm=slope, drift_per_decade_u_ohm=6e-4)
    table = figures_of_merit(lut, train).set_index("quantity")
    row, swing = table.loc["drift"], np.ptp(lut["resistance_ohm"])
    assert row["value"] == pytest.approx(np.mean(slope) / swing)
    assert ("not one slope" in row["definition"]) == rejected
    if not rejected:
        assert row["value_u"] == pytest.approx(6e-4 / np.sqrt(6) / swing)
    assert table.at["retention", "bound"] == "at least"
