"""Drift of states: pooled where one slope describes them, against slopes drawn from known ones."""

import made_tables
import numpy as np
import pytest

from hall2net.synapse.drift import drift_of


def table(slope, sigma):
    lut = made_tables.lut(np.linspace(0, 1, len(slope)))
    return lut.assign(drift_per_decade_ohm=slope, drift_per_decade_u_ohm=sigma)


@pytest.mark.parametrize(("states", "scale"), [(2, 1e-6), (6, 1e-3), (32, 10.0)])
def test_one_slope_is_found_and_its_interval_holds_it(states, scale):
    rng = np.random.default_rng(states)
    sigma = scale * rng.uniform(0.5, 2.0, states)
    found = [
        drift_of(table(-3 * scale + sigma * rng.standard_normal(states), sigma)) for _ in range(200)
    ]
    common = [one for one in found if one.common]
    # The test rejects a common slope in one of twenty where there is one.
    assert 0.89 < len(common) / len(found) < 0.99
    pulls = np.array([(one.slope[0] + 3 * scale) / one.sigma[0] for one in common])
    assert np.mean(np.abs(pulls) < 1.96) == pytest.approx(0.95, abs=0.05)
    assert all(one.dof == states - 1 for one in found)


def test_states_that_drift_apart_keep_their_own_slopes():
    slope = np.array([-5.0, 0.0, np.nan, 5.0])
    found = drift_of(table(slope, [0.1, 0.1, np.nan, 0.2]))
    assert not found.common and found.measured
    assert found.slope[[0, 1, 3]].tolist() == [-5.0, 0.0, 5.0]
    assert found.slope[2] == 0.0 and found.sigma[2] == pytest.approx(5.0)


@pytest.mark.parametrize("columns", [[], ["drift_per_decade_ohm", "drift_per_decade_u_ohm"]])
def test_what_was_not_measured_is_not_zero(columns):
    lut = table(np.full(4, np.nan), np.full(4, np.nan)).drop(columns=columns)
    found = drift_of(lut)
    assert not found.measured and np.isnan(found.slope).all() and np.isnan(found.sigma).all()


def test_a_slope_without_uncertainty_is_kept_and_has_none():
    found = drift_of(table(np.array([1.0, 2.0]), np.full(2, np.nan)))
    assert found.slope.tolist() == [1.0, 2.0] and np.isnan(found.sigma).all()
