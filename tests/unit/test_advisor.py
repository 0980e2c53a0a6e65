import numpy as np
import pandas as pd
import pytest

from hall2net.advisor import best_states, weight_error, what_would_help
from hall2net.emulate.ruo2 import STATES_OHM
from hall2net.errors import ConfigError, Hall2netError
from hall2net.hardware import hardware_table
from hall2net.lut import levels

WEIGHTS = np.random.default_rng(0).normal(size=4000)


def table(resistance, sigma=0.0):
    return pd.DataFrame(
        {
            "state": range(1, len(resistance) + 1),
            "resistance_ohm": resistance,
            "resistance_u_ohm": 0.0,
            "level": levels(resistance),
            "read_sigma_ohm": sigma,
        }
    )


def test_binary_weights_have_the_error_of_theory():
    """Normal weights at +-s: least error 1 - 2/pi (Rastegari et al., arXiv:1603.05279)."""
    error, total = weight_error([0.0, 1.0], [0.0, 0.0], WEIGHTS)
    assert error == pytest.approx(1 - 2 / np.pi, abs=0.02)
    assert total == error


def test_uniform_quantizer_has_the_error_of_theory():
    """Uniform weights on n equal steps that reach to the ends: step^2/12."""
    weights = np.linspace(-1, 1, 20_001)
    error, _ = weight_error(np.linspace(0, 1, 17), np.zeros(17), weights, mapping="maxabs")
    assert error == pytest.approx((2 / 16) ** 2 / 12 / (1 / 3), rel=0.03)


def test_scatter_adds_its_variance():
    error, total = weight_error(np.linspace(0, 1, 9), np.full(9, 0.01), WEIGHTS, mapping="maxabs")
    scale = np.abs(WEIGHTS).max()
    assert total - error == pytest.approx((0.02 * scale) ** 2 / np.mean(WEIGHTS**2), rel=0.02)


def test_best_subset_of_a_fine_grid_is_symmetric():
    found = best_states(table(np.linspace(0, 1, 9)), WEIGHTS, 3)
    assert len(found) == 84
    first = [int(state) for state in found["states"].iloc[0].split()]
    assert first[1] - first[0] == first[2] - first[1]
    assert found["total_error"].is_monotonic_increasing


def test_best_subset_is_no_worse_than_any_other():
    lut = table(STATES_OHM)
    found = best_states(lut, WEIGHTS, 4)
    for row in found.itertuples():
        chosen = [int(state) - 1 for state in row.states.split()]
        error, _ = weight_error(np.array(STATES_OHM)[chosen], np.zeros(4), WEIGHTS)
        assert error == pytest.approx(row.error)
        assert error >= found["error"].iloc[0] - 1e-12


def test_many_states_are_thinned_out():
    found = best_states(table(np.linspace(0, 1, 24)), WEIGHTS, 8)
    assert len(found) == 1
    assert len(found["states"].iloc[0].split()) == 8
    every_third, _ = weight_error(np.linspace(0, 1, 24)[::3], np.zeros(8), WEIGHTS)
    assert found["error"].iloc[0] < 1.2 * every_third


def test_what_would_help():
    found = what_would_help(table(STATES_OHM, sigma=0.01), WEIGHTS).set_index("change")
    assert found.at["as measured", "gain"] == 0
    more = next(change for change in found.index if change.startswith("one more state"))
    # The gap between 0.33 and 0.46 ohm is the widest.
    assert "0.395 ohm" in more
    assert found.at[more, "gain"] > 0
    assert found.at["no scatter", "gain"] > found.at["half the scatter", "gain"] > 0
    measured = found.loc["as measured"]
    noise = measured["total_error"] - measured["error"]
    half = found.at["half the scatter", "total_error"] - measured["error"]
    assert half == pytest.approx(noise / 4)


@pytest.mark.parametrize("number", [1, 7])
def test_number_of_states_is_checked(number):
    with pytest.raises(ConfigError, match="expected 2 to 6"):
        best_states(table(STATES_OHM), WEIGHTS, number)


def test_weights_and_mapping_are_checked():
    with pytest.raises(Hall2netError, match="finite weights"):
        weight_error([0.0, 1.0], [0.0, 0.0], [np.nan])
    with pytest.raises(ConfigError, match="expected one of maxabs, std"):
        weight_error([0.0, 1.0], [0.0, 0.0], WEIGHTS, mapping="best")


def test_hardware_of_the_published_networks():
    mlp = 784 * 256 + 256 * 128 + 128 * 10
    found = hardware_table({"mlp": mlp}, write_energy_uj=87.5, cell_area_um2=150).iloc[0]
    assert found["devices_single"] == mlp == 234_752
    assert found["devices_pair"] == 2 * mlp
    assert found["device_saving"] == found["device_saving_published"] == 0.5
    assert found["area_single_mm2"] == pytest.approx(234_752 * 150e-6)
    assert found["programming_energy_single_j"] == pytest.approx(20.54, rel=1e-3)
    assert found["write_energy_ratio"] == 1.0


def test_hardware_settings_are_checked():
    with pytest.raises(ConfigError, match="cell area 0 um2"):
        hardware_table({"mlp": 1}, write_energy_uj=1.0, cell_area_um2=0)
    with pytest.raises(ConfigError, match="has 0 weights"):
        hardware_table({"mlp": 0}, write_energy_uj=1.0, cell_area_um2=1)
