import numpy as np
import pandas as pd
import pytest
from emulated import SWING, pulse_train, switching_loop_dataset, train_dataset
from laboratory_switching import dataset, relax, sweep_of

from hall2net.emulate.ruo2 import STATE_CURRENTS_MA, STATES_OHM
from hall2net.errors import ConfigError, Hall2netError
from hall2net.synapse.lut import check_lut, levels, state_energies
from hall2net.synapse.merit import figures_of_merit
from hall2net.synapse.states import lut_from_loop, lut_from_train, train_reads


def test_levels_of_the_six_published_states():
    found = levels(STATES_OHM)
    np.testing.assert_allclose(found, [-1, 0.0833, 0.3333, 0.5833, 0.75, 1], atol=5e-5)


@pytest.mark.parametrize("resistance", [[0.3], [0.3, 0.3], [0.3, np.nan], []])
def test_levels_need_two_different_resistances(resistance):
    with pytest.raises(Hall2netError, match="two or more different, finite"):
        levels(resistance)


def test_a_hundred_trains_give_six_states_at_the_truth():
    inside, six = [], 0
    for seed in range(100):
        lut = lut_from_train(pulse_train(seed))
        six += len(lut) == 6
        if len(lut) == 6:
            distance = np.abs(lut["resistance_ohm"].to_numpy() - STATES_OHM)
            inside.append(distance < 1.96 * lut["resistance_u_ohm"].to_numpy())
    assert six >= 95
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
    with pytest.raises(Hall2netError, match="plateaus cannot be distinguished"):
        lut_from_train(train)


def test_number_of_states_can_be_given_but_not_forced():
    train = pulse_train(seed=0)
    assert len(lut_from_train(train, states=3)) == 3
    with pytest.raises(Hall2netError, match="9 states cannot be distinguished, .* sigma apart"):
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


@pytest.mark.parametrize("states", [2, 5, 8, 30])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_levels_read_once_are_taken_when_their_number_is_given(states, noise):
    rng = np.random.default_rng(states)
    level = rng.permutation(np.arange(states) + noise * rng.uniform(-1, 1, states))
    train = train_dataset(
        np.arange(1.0, states + 1), 5 + np.arange(states), level, [np.nan] * states
    )
    with pytest.raises(Hall2netError, match=rf"every state was read once .*lut.states: {states}"):
        lut_from_train(train)
    lut = lut_from_train(train, states=states)
    np.testing.assert_allclose(lut["resistance_ohm"], np.sort(level))
    np.testing.assert_allclose(lut["write_current_ma"], 5 + np.argsort(level))
    unknown = ["resistance_u_ohm", "read_sigma_ohm", "cycle_sigma_ohm", "drift_per_decade_ohm"]
    assert lut[[*unknown, "separation_sigma", "error_rate"]].isna().all(axis=None)
    assert (lut["status"] == "flagged").all()
    assert lut["reason"].str.contains("read once").all()
    merit = figures_of_merit(lut, train).set_index("quantity")
    assert merit.at["dynamic_range", "value"] == pytest.approx(np.ptp(level))
    unknown = ["distinguishable_states", "misread_rate", "read_noise", "dynamic_range_to_noise"]
    assert merit.loc[unknown, "value"].isna().all()
    assert merit.loc[[*unknown, "dynamic_range", "mean_level"], "value_u"].isna().all()


def write_and_read_rows(rng, *, states, cycles, reads, read_ma, blanks, numbered_before):
    """A logger's rows: the pulse without a reading, then its reads at a small current."""
    writes = np.concatenate([[-rng.uniform(12, 20)], np.sort(rng.uniform(6, 12, states - 1))])
    rows, pulse = [], 0
    for _ in range(cycles):
        for level, write in enumerate(writes):
            pulse += 1
            number = pulse - 1 if numbered_before else pulse
            rows += [(number, write, np.nan)] * blanks
            rows += [(pulse, read_ma, level + 0.02 * rng.standard_normal()) for _ in range(reads)]
    number, current, resistance = np.transpose(rows)
    return train_dataset(number, current, resistance, np.arange(len(rows))), writes


@pytest.mark.parametrize("numbered_before", [False, True])
@pytest.mark.parametrize(
    ("states", "reads", "read_ma", "blanks"), [(2, 3, 0.2, 1), (6, 1, 0.05, 2), (9, 5, -0.5, 3)]
)
def test_write_current_is_that_of_the_row_without_a_reading(
    states, reads, read_ma, blanks, numbered_before
):
    rng = np.random.default_rng(states)
    train, writes = write_and_read_rows(
        rng, states=states, cycles=6, reads=reads, read_ma=read_ma, blanks=blanks,
        numbered_before=numbered_before,
    )  # fmt: skip
    lut = lut_from_train(train, states=states)
    np.testing.assert_allclose(lut["write_current_ma"], writes, rtol=1e-9)
    np.testing.assert_allclose(lut["resistance_ohm"], np.arange(states), atol=0.05)


def test_a_lost_reading_is_no_pulse():
    """Rows of one pulse all at its write current: a reading that is missing changes nothing."""
    rng = np.random.default_rng(3)
    current = np.repeat(np.tile([-15.0, 8.0, 9.0, 10.0], 6), 5)
    resistance = np.repeat(np.tile(np.arange(4.0), 6), 5) + 0.02 * rng.standard_normal(120)
    pulse = np.repeat(np.arange(24.0), 5)
    whole = lut_from_train(train_dataset(pulse, current, resistance, np.arange(120.0)))
    resistance[rng.choice(120, 12, replace=False)] = np.nan
    lost = lut_from_train(train_dataset(pulse, current, resistance, np.arange(120.0)))
    np.testing.assert_allclose(lost["write_current_ma"], whole["write_current_ma"])
    np.testing.assert_allclose(lost["write_current_ma"], [-15, 8, 9, 10])


def test_current_of_the_reads_is_not_taken_for_that_of_the_writes():
    rng = np.random.default_rng(4)
    resistance = np.repeat(np.tile(np.arange(3.0), 8), 4) + 0.02 * rng.standard_normal(96)
    train = train_dataset(np.repeat(np.arange(24.0), 4), [0.2] * 96, resistance, np.arange(96.0))
    lut = lut_from_train(train)
    assert len(lut) == 3
    assert lut["write_current_ma"].isna().all()
    assert lut["reason"].str.contains("every state comes with the same current, 0.2 mA").all()


def test_write_current_is_that_of_the_pulse_that_changed_the_state():
    """Pulses too small to change a state do not lead to it."""
    rng = np.random.default_rng(6)
    current = np.tile([-15.0, -2.0, 9.0, 3.0], 8)
    level = np.tile([0.0, 0.0, 1.0, 1.0], 8) + 0.01 * rng.standard_normal(32)
    resistance = np.repeat(level, 4) + 0.01 * rng.standard_normal(128)
    train = train_dataset(
        np.repeat(np.arange(32.0), 4), np.repeat(current, 4), resistance, np.arange(128.0)
    )
    np.testing.assert_allclose(lut_from_train(train, states=2)["write_current_ma"], [-15, 9])


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
    np.testing.assert_allclose(lut["read_sigma_ohm"], 8e-4, rtol=0.25)
    np.testing.assert_allclose(lut["resistance_u_ohm"].iloc[1:3], 8e-4, rtol=0.25)
    # The levels at rest are means of some forty points.
    assert (lut["resistance_u_ohm"].iloc[[0, 3]] < 7e-4).all()


@pytest.mark.parametrize("polarity", [1, -1])
@pytest.mark.parametrize("start", ["zero", "max"])
@pytest.mark.parametrize(("step", "width", "sigma"), [(0.5, 1.5, 5e-4), (0.25, 0.6, 2e-3)])
def test_resting_states_of_a_loop_are_written_by_its_turning_points(
    polarity, start, step, width, sigma
):
    """Thresholds at 8 and -9 mA of a loop to 20 mA: what rests was written by 20 mA."""
    loop = switching_loop_dataset(
        polarity=polarity, start=start, step_ma=step, width_ma=width, sigma_ohm=sigma
    )
    lut = lut_from_loop(loop, states=6)
    ends = lut["write_current_ma"].iloc[[0, -1]].to_numpy()
    np.testing.assert_allclose(ends, [-20 * polarity, 20 * polarity])
    assert lut["reset_current_ma"].iloc[[0, -1]].isna().all()
    flank = lut.iloc[1:-1]
    # Each point of a flank begins at the turning point of the other sign.
    np.testing.assert_allclose(flank["reset_current_ma"], -20 * np.sign(flank["write_current_ma"]))
    near = np.where(flank["branch"] == "up", 8.0, -9.0)
    assert (np.abs(flank["write_current_ma"] - near) < 3 * width + step).all()
    energy = state_energies(lut, 500.0, 1e-3)
    squares = np.array([400.0, *(400.0 + flank["write_current_ma"] ** 2), 400.0])
    np.testing.assert_allclose(energy, squares * 1e-6 * 500 * 1e-3)


def test_sweep_that_starts_switched_gives_no_states():
    """0, +max, -max, 0 of a device that is up already: no pulse of the first sweep wrote it."""
    rng = np.random.default_rng(0)
    current = sweep_of(9.0, 0.3, "0 max min 0")
    up = relax(current, np.array([4.6]), np.array([5.0]), np.ones(1), start=True)
    loop = dataset(current, up + 0.005 * rng.standard_normal(len(current)))
    lut = lut_from_loop(loop, rule="all")
    assert not ((lut["write_current_ma"] > 0) & (lut["write_current_ma"] < 8.9)).any()


def test_close_states_of_a_loop_are_flagged():
    lut = lut_from_loop(switching_loop_dataset(), rule="all")
    close = lut["separation_sigma"] < 3
    assert (lut.loc[close, "status"] == "flagged").all()
    assert lut.loc[close, "reason"].str.contains("sigma below the next state").all()


def test_loop_that_does_not_open_is_refused():
    with pytest.raises(Hall2netError, match="cannot be distinguished, the loop opens by"):
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
    lut = _good().astype({column: object} if isinstance(value, str) else {})
    lut.loc[row, column] = value
    return lut


def test_good_table_passes():
    check_lut(_good())
    check_lut(_good().assign(cycle_sigma_ohm=np.nan))
    check_lut(_good().assign(resistance_u_ohm=np.nan))


@pytest.mark.parametrize(
    ("lut", "message"),
    [
        (_good().iloc[:1], r"1 state\(s\); expected two or more"),
        (_good().drop(columns="level"), "column 'level' is missing"),
        (_changed("resistance_ohm", 2, np.nan), "row 3: resistance_ohm is nan"),
        (_changed("level", 0, np.inf), "row 1: level is inf"),
        (_changed("resistance_ohm", 2, 0.46), "0.46 ohm appears twice"),
        (_good().iloc[::-1], "sorted by resistance"),
        (_changed("resistance_u_ohm", 1, "x"), "row 2: resistance_u_ohm is x"),
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


@pytest.mark.parametrize("states", [None, 8])
@pytest.mark.parametrize("sigma", [0.01, 0.2])
def test_levels_measured_elsewhere_keep_their_sigma(states, sigma):
    """One line a state, with the 1 sigma that the file gives for it."""
    level = np.array([4.0, 1.0, 1.9, 3.1, 5.2, 6.0, 6.9, 8.1])
    given = sigma * np.arange(1, 9) / 8
    table = train_dataset(np.arange(1.0, 9), np.linspace(7, 14, 8), level, np.full(8, np.nan))
    table = table.assign(resistance_u=("point", given))
    lut = lut_from_train(table, states=states)
    order = np.argsort(level)
    np.testing.assert_allclose(lut["resistance_ohm"], level[order])
    np.testing.assert_allclose(lut["cycle_sigma_ohm"], given[order])
    assert lut[["read_sigma_ohm", "resistance_u_ohm", "drift_per_decade_ohm"]].isna().all(axis=None)
    gap = np.diff(level[order]) / ((given[order][1:] + given[order][:-1]) / 2)
    np.testing.assert_allclose(lut["separation_sigma"].iloc[:-1], gap)
    assert (lut["status"].iloc[:-1] == np.where(gap < 3, "flagged", "ok")).all()
