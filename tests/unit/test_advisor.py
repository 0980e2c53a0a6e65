from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from hall2net.emulate.ruo2 import STATES_OHM
from hall2net.errors import ConfigError, Hall2netError
from hall2net.synapse.advisor import advice, sets_to_train, weight_error
from hall2net.synapse.lut import NORMAL_WEIGHTS, levels

WEIGHTS = np.random.default_rng(0).normal(size=4000)


def table(resistance, sigma=0.0):
    return pd.DataFrame(
        {
            "state": range(1, len(resistance) + 1),
            "resistance_ohm": resistance,
            "resistance_u_ohm": 0.0,
            "level": levels(resistance),
            "read_sigma_ohm": sigma,
            "cycle_sigma_ohm": 0.0,
        }
    )


def sets_of(lut, number, kept):
    """The best few sets of so many states."""
    every = advice(lut, WEIGHTS, kept=kept)
    chosen = (every["choice"] == "fewer states") & (every["n_states"] == number)
    return every[chosen].reset_index(drop=True)


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
    found = sets_of(table(np.linspace(0, 1, 7)), 3, kept=35)
    assert len(found) == 35
    first = [int(state) for state in found["states"].iloc[0].split()]
    assert first[1] - first[0] == first[2] - first[1]
    assert found["total_error"].is_monotonic_increasing


def test_best_subset_is_no_worse_than_any_other():
    lut = table(STATES_OHM)
    found = sets_of(lut, 4, kept=15)
    assert len(found) == 15
    for row in found.itertuples():
        chosen = [int(state) - 1 for state in row.states.split()]
        error, _ = weight_error(np.array(STATES_OHM)[chosen], np.zeros(4), WEIGHTS)
        assert error == pytest.approx(row.quantization_error)
        assert error >= found["quantization_error"].iloc[0] - 1e-12


def test_many_states_are_thinned_out():
    found = sets_of(table(np.linspace(0, 1, 24)), 8, kept=1)
    assert len(found) == 1
    assert len(found["states"].iloc[0].split()) == 8
    every_third, _ = weight_error(np.linspace(0, 1, 24)[::3], np.zeros(8), WEIGHTS)
    assert found["quantization_error"].iloc[0] < 1.2 * every_third


def test_advice():
    lut = table(STATES_OHM, sigma=0.01).assign(resistance_u_ohm=0.001)
    every = advice(lut, WEIGHTS)
    changed = every[every["choice"] != "fewer states"].set_index("choice")
    assert changed.index[0] == "as measured" and changed["gain"].iloc[0] == 0
    more = next(choice for choice in changed.index if choice.startswith("one more state"))
    # The gap between 0.33 and 0.46 ohm is the widest.
    assert "0.395 ohm" in more
    assert changed.at[more, "gain"] > 0
    assert changed.at["no scatter", "gain"] > changed.at["half the scatter", "gain"] > 0
    measured = changed.loc["as measured"]
    noise = measured["total_error"] - measured["quantization_error"]
    half = changed.at["half the scatter", "total_error"] - measured["quantization_error"]
    assert half == pytest.approx(noise / 4)
    fewer = every[every["choice"] == "fewer states"]
    assert fewer.groupby("n_states").size().to_dict() == {2: 5, 3: 5, 4: 5, 5: 5}
    for number, sets in fewer.groupby("n_states"):
        totals = []
        for chosen in map(list, combinations(range(6), number)):
            r, sigma = np.array(STATES_OHM)[chosen], np.full(number, 0.01)
            totals.append(weight_error(r, sigma, WEIGHTS)[1])
        assert sets["total_error"].to_numpy() == pytest.approx(sorted(totals)[:5])


@pytest.mark.parametrize("read", [0.01, np.nan])
def test_unmeasured_scatter_gives_no_total_error(read):
    lut = table(STATES_OHM, sigma=read).assign(cycle_sigma_ohm=np.nan)
    every = advice(lut, WEIGHTS, kept=2)
    assert every["total_error"].isna().all() and every["quantization_error"].notna().all()
    assert not every["choice"].str.contains("scatter").any()
    assert every["min_separation_sigma"].isna().all() == np.isnan(read)
    # The sets are those of the quantisation error alone.
    exact = advice(table(STATES_OHM), WEIGHTS, kept=2)
    fewer, plain = (one[one["choice"] == "fewer states"] for one in (every, exact))
    assert fewer["states"].tolist() == plain["states"].tolist()
    np.testing.assert_allclose(fewer["gain"], plain["gain"])


def test_far_state_costs_more_than_it_gives():
    """Of the published states the far one at 0.33 ohm stretches the scale of all others.

    Error of the best scale of each set, by a fine grid of scales apart from the advisor's.
    """
    errors = {}
    for states in ("1 2 3 4 5 6", "2 3 4 5 6", "3 4 5 6"):
        level = levels(np.array(STATES_OHM)[[int(state) - 1 for state in states.split()]])
        scales = np.linspace(0.3, 6, 2000)[:, None, None] * level
        distance = np.abs(NORMAL_WEIGHTS[:, None] - scales).min(axis=2)
        errors[states] = (distance**2).mean(axis=1).min() / (NORMAL_WEIGHTS**2).mean()
    every = advice(table(STATES_OHM)).set_index("states")["quantization_error"]
    for states, error in errors.items():
        own = every.loc[states]
        assert np.min(own) == pytest.approx(error, rel=0.01)
    assert errors["2 3 4 5 6"] < errors["3 4 5 6"] < errors["1 2 3 4 5 6"]


def test_uncertainty_is_that_of_other_measurements_of_the_resistances():
    rng = np.random.default_rng(1)
    spread = np.std(
        [
            weight_error(np.sort(STATES_OHM + 0.003 * rng.standard_normal(6)), np.zeros(6), WEIGHTS)
            for _ in range(200)
        ],
        axis=0,
    )[0]
    found = advice(table(STATES_OHM).assign(resistance_u_ohm=0.003), WEIGHTS)
    assert found["quantization_error_u"].iloc[0] == pytest.approx(spread, rel=0.25)


def test_sets_to_train_are_all_states_and_the_best_few():
    found = sets_to_train(advice(table(STATES_OHM)), 2)
    assert found == ["1 2 3 4 5 6", "2 3 4 5 6", "3 4 5 6"]


def test_many_states_lose_one_after_the_other():
    found = advice(table(np.linspace(0, 1, 24)), kept=2)
    fewer = found[found["choice"] == "fewer states"]
    assert set(fewer["n_states"]) == set(range(2, 24))
    numbers = fewer["states"].str.split().str.len()
    assert (numbers == fewer["n_states"]).all()


def test_weights_and_mapping_are_checked():
    with pytest.raises(Hall2netError, match="finite weights"):
        weight_error([0.0, 1.0], [0.0, 0.0], [np.nan])
    with pytest.raises(ConfigError, match="expected one of maxabs, std"):
        weight_error([0.0, 1.0], [0.0, 0.0], WEIGHTS, mapping="best")
