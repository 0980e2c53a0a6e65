import numpy as np
import pandas as pd
import pytest
from emulated import SWING, pulse_train, switching_loop_dataset, train_dataset

from hall2net.emulate.ruo2 import STATE_CURRENTS_MA, STATES_OHM
from hall2net.errors import ConfigError, Hall2netError
from hall2net.synapse.lut import check_lut, levels, resistances
from hall2net.synapse.states import lut_from_loop, lut_from_train, train_reads


def test_levels_of_the_six_published_states():
    found = levels(STATES_OHM)
    np.testing.assert_allclose(found, [-1, 0.0833, 0.3333, 0.5833, 0.75, 1], atol=5e-5)


def test_levels_and_resistances_are_inverse():
    np.testing.assert_allclose(resistances(levels(STATES_OHM), STATES_OHM), STATES_OHM, rtol=1e-12)
    assert resistances(0.0, STATES_OHM) == pytest.approx(0.45)


@pytest.mark.parametrize("resistance", [[0.3], [0.3, 0.3], [0.3, np.nan], []])
def test_levels_need_two_different_resistances(resistance):
    with pytest.raises(Hall2netError, match="two or more different, finite"):
        levels(resistance)


def test_two_hundred_trains_give_six_states_at_the_truth():
    inside, six = [], 0
    for seed in range(200):
        lut = lut_from_train(pulse_train(seed))
        six += len(lut) == 6
        if len(lut) == 6:
            distance = np.abs(lut["resistance_ohm"].to_numpy() - STATES_OHM)
            inside.append(distance < 1.96 * lut["resistance_u_ohm"].to_numpy())
    assert six >= 0.95 * 200
    assert np.mean(inside) >= 0.95
    assert np.mean(inside, axis=0).min() >= 0.90


def test_uncertainty_knows_that_cycles_are_correlated():
    inside = []
    for seed in range(60):
        lut = lut_from_train(pulse_train(seed, memory=0.6), states=6)
        distance = np.abs(lut["resistance_ohm"].to_numpy() - STATES_OHM)
        inside.append(distance < 1.96 * lut["resistance_u_ohm"].to_numpy())
    assert np.mean(inside) >= 0.93


def test_overlapping_states_are_joined_and_the_reason_says_why():
    numbers = [
        len(lut_from_train(pulse_train(seed=3, cycle_sigma=sigma)))
        for sigma in (0.005, 0.02, 0.05, 0.10)
    ]
    assert numbers[:2] == [6, 6]
    assert numbers[3] < numbers[2] < 6
    lut = lut_from_train(pulse_train(seed=3, cycle_sigma=0.05))
    joined = lut[lut["status"] == "flagged"]
    assert len(joined) >= 1
    assert joined["reason"].str.contains("taken as one state").all()
    assert joined["reason"].iloc[-1].count("mA") == 1


def test_train_of_noise_is_refused():
    rng = np.random.default_rng(1)
    n = 60
    train = train_dataset(
        np.repeat(np.arange(n), 4), np.repeat(np.tile([11.0, 12, 13], 20), 4),
        np.repeat(rng.normal(0.4, 0.05, n), 4) + rng.normal(0, 0.05, 4 * n), np.arange(4.0 * n),
    )  # fmt: skip
    with pytest.raises(Hall2netError, match="plateaus cannot be told apart"):
        lut_from_train(train)


def test_number_of_states_can_be_given_but_not_forced():
    train = pulse_train(seed=0)
    assert len(lut_from_train(train, states=3)) == 3
    with pytest.raises(Hall2netError, match="9 states cannot be told apart, .* sigma apart"):
        lut_from_train(train, states=9)
    with pytest.raises(Hall2netError, match="expected 2 to 72"):
        lut_from_train(train, states=73)


def test_sigmas_and_drift_of_a_train():
    found = [
        lut_from_train(pulse_train(seed, cycles=40, drift=-0.01), states=6) for seed in range(6)
    ]
    lut = pd.concat(found).groupby("state").mean(numeric_only=True)
    np.testing.assert_allclose(lut["read_sigma_ohm"], 0.008 * SWING, rtol=0.05)
    # The scatter of thresholds (0.2 %) adds to that of the levels.
    np.testing.assert_allclose(lut["cycle_sigma_ohm"], 0.015 * SWING, rtol=0.25)
    error = lut["drift_per_decade_u_ohm"] / np.sqrt(6)
    assert (np.abs(lut["drift_per_decade_ohm"] + 0.01 * SWING) < 4 * error).all()


def test_repeated_pulses_count_once():
    """Reads of three identical pulses share one deviation: no false states, no false precision."""
    rng = np.random.default_rng(5)
    level = np.repeat(np.tile(STATES_OHM, 10) + rng.normal(0, 0.003, 60), 3)
    train = train_dataset(
        np.repeat(np.arange(180.0), 5),
        np.repeat(np.repeat(np.tile([-15.6, *STATE_CURRENTS_MA], 10), 3), 5),
        np.repeat(level, 5) + rng.normal(0, 0.001, 900),
        np.arange(900.0),
    )
    lut = lut_from_train(train)
    assert len(lut) == 6
    assert (lut["n_visits"] == 10).all()
    assert (lut["resistance_u_ohm"] > 0.003 / np.sqrt(10) / 2).all()


def test_staircase_of_one_cycle_is_flagged():
    rng = np.random.default_rng(2)
    train = train_dataset(
        np.repeat(np.arange(6.0), 20), np.repeat(np.arange(11.0, 17), 20),
        np.repeat(STATES_OHM, 20) + rng.normal(0, 0.002, 120), np.arange(120.0),
    )  # fmt: skip
    lut = lut_from_train(train)
    assert len(lut) == 6
    assert (lut["status"] == "flagged").all()
    assert lut["reason"].str.contains("visited once").all()


def test_one_read_of_each_state_is_refused():
    train = train_dataset(np.arange(6.0), np.arange(11.0, 17), STATES_OHM, np.arange(6.0))
    with pytest.raises(Hall2netError, match="every state was read once"):
        lut_from_train(train)


def test_train_without_reads_is_refused():
    train = train_dataset([np.nan] * 4, [1.0] * 4, [0.1] * 4, [0.0] * 4)
    with pytest.raises(Hall2netError, match="no read after a pulse"):
        lut_from_train(train)


def test_residuals_of_a_train_belong_to_their_states():
    train = pulse_train(seed=0)
    lut = lut_from_train(train)
    reads = train_reads(train, lut)
    by_state = reads.groupby("state")["residual_ohm"]
    assert (by_state.size().to_numpy() == lut["n_reads"]).all()
    assert by_state.mean().abs().max() < 1e-3
    expected = np.hypot(lut["read_sigma_ohm"], lut["cycle_sigma_ohm"])
    np.testing.assert_allclose(by_state.std(), expected, rtol=0.25)


@pytest.mark.parametrize(("states", "rule"), [(32, "resistance"), (16, "current"), (None, "all")])
def test_states_of_a_loop_are_its_points_on_both_sides_of_zero(states, rule):
    loop = switching_loop_dataset()
    lut = lut_from_loop(loop, states=states, rule=rule)
    check_lut(lut)
    assert states is None or len(lut) == states
    assert (lut["level"] < 0).any() and (lut["level"] > 0).any()
    current = loop["write_current"].to_numpy() * 1e3
    measured = loop["resistance"].to_numpy() - 1e-5 * current**2
    nearest = np.abs(measured[:, None] - lut["resistance_ohm"].to_numpy()).min(axis=0)
    # Joule term fitted to within a few 1e-7 ohm/mA^2.
    assert nearest.max() < 5e-4


def test_equal_spacing_in_resistance():
    lut = lut_from_loop(switching_loop_dataset(step_ma=0.1), states=16)
    np.testing.assert_allclose(np.diff(lut["level"]), 2 / 15, atol=0.05)


def test_equal_spacing_in_current_and_one_branch():
    lut = lut_from_loop(switching_loop_dataset(), states=8, rule="current", branches="up")
    assert set(lut["branch"]) == {"up"}
    assert np.ptp(np.diff(np.sort(lut["write_current_ma"]))) <= 0.5 + 1e-9


def test_noise_of_a_loop_is_that_of_its_points():
    lut = lut_from_loop(switching_loop_dataset(sigma_ohm=8e-4), states=4)
    np.testing.assert_allclose(lut["resistance_u_ohm"], 8e-4, rtol=0.25)


def test_close_states_of_a_loop_are_flagged():
    lut = lut_from_loop(switching_loop_dataset(), rule="all")
    close = lut["separation_sigma"] < 3
    assert (lut.loc[close, "status"] == "flagged").all()
    assert lut.loc[close, "reason"].str.contains("sigma below the next state").all()


def test_loop_that_does_not_open_is_refused():
    with pytest.raises(Hall2netError, match="cannot be told apart, the loop opens by"):
        lut_from_loop(switching_loop_dataset(r_ahe_ohm=0.0), states=8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"states": 8, "rule": "resistence"}, "expected one of resistance, current, all"),
        ({"states": 8, "branches": "left"}, "expected one of both, up, down"),
        ({"states": 8, "rule": "all"}, "expected a number of states, or the rule all"),
        ({}, "expected a number of states, or the rule all"),
    ],
)
def test_settings_of_a_loop_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        lut_from_loop(switching_loop_dataset(), **settings)


def test_more_states_than_points_are_refused():
    with pytest.raises(Hall2netError, match="500 states asked of"):
        lut_from_loop(switching_loop_dataset(), states=500)


def _good():
    return pd.DataFrame(
        {
            "state": range(1, 7),
            "resistance_ohm": STATES_OHM,
            "resistance_u_ohm": 0.001,
            "level": levels(STATES_OHM),
            "read_sigma_ohm": 0.001,
        }
    )


def _changed(column, row, value):
    lut = _good()
    lut.loc[row, column] = value
    return lut


def test_good_table_passes():
    check_lut(_good())
    check_lut(_good().assign(cycle_sigma_ohm=np.nan))


@pytest.mark.parametrize(
    ("lut", "message"),
    [
        (_good().iloc[:1], r"1 state\(s\); expected two or more"),
        (_good().drop(columns="level"), "column 'level' is missing"),
        (_changed("resistance_ohm", 2, np.nan), "row 3: resistance_ohm is nan"),
        (_changed("level", 0, np.inf), "row 1: level is inf"),
        (_changed("resistance_ohm", 2, 0.46), "0.46 ohm appears twice"),
        (_good().iloc[::-1], "sorted by resistance"),
        (_changed("resistance_u_ohm", 1, np.nan), "row 2: resistance_u_ohm is nan"),
        (_changed("resistance_u_ohm", 1, -0.1), "row 2: resistance_u_ohm is -0.1"),
        (_changed("read_sigma_ohm", 1, np.inf), "row 2: read_sigma_ohm is inf"),
        (_changed("level", 3, 0.5), "row 4: level 0.5 for 0.52 ohm; expected 0.583333"),
        (
            _good().astype({"resistance_ohm": object}).replace({"resistance_ohm": {0.52: "x"}}),
            "row 4: resistance_ohm is x",
        ),
    ],
)
def test_bad_table_gives_one_clear_line(lut, message):
    with pytest.raises(Hall2netError, match=message) as caught:
        check_lut(lut, "lut.csv")
    assert str(caught.value).startswith("lut.csv: ")
    assert "\n" not in str(caught.value)
