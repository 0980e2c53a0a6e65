"""Monotonic runs, noise and the branch difference, each against what it was made of."""

import numpy as np
import pytest

from hall2net.physics.hysteresis import branch_difference, find_hysteresis
from hall2net.physics.noise import point_noise, spikes
from hall2net.physics.sweeps import Branch, Refused, find_sweeps, turning_points

TURNS = [-1.0, 1.0, -1.0]


def sweep(corners, points, largest=1000.0):
    along = np.concatenate([[0], np.cumsum(np.abs(np.diff(corners)))])
    return largest * np.interp(np.linspace(0, along[-1], points), along, corners)


@pytest.mark.parametrize("corners", [TURNS, [0, 1, -1, 1], [1, -1, 1, -1, 1], [0.5, -0.2, 1]])
@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.5])
def test_turning_points_through_jitter(corners, jitter):
    """Jitter of more than a field step."""
    field = sweep(corners, 400)
    step = np.abs(np.diff(field)).mean()
    field = field + jitter * step * np.random.default_rng(0).standard_normal(400)
    found = turning_points(field)
    assert len(found) == len(corners)
    expected = np.concatenate([[0], np.cumsum(np.abs(np.diff(corners)))])
    np.testing.assert_allclose(np.array(found) / 399, expected / expected[-1], atol=0.03)


def test_pauses_and_rounded_fields_do_not_turn():
    field = np.round(np.repeat(sweep(TURNS, 200), 5) / 40) * 40
    assert len(turning_points(field)) == 3


@pytest.mark.parametrize(
    ("corners", "up", "down", "left_out", "initial"),
    [
        (TURNS, 1, 1, 0, False),
        ([1, -1, 1], 1, 1, 0, False),
        ([0, 1, -1, 1], 1, 1, 1, True),
        ([0, 1, -1, 0], 1, 1, 0, False),
        ([-1, 1, -1, 1, -1], 2, 2, 0, False),
        ([1, -1, 1, 0], 1, 1, 1, False),
        ([-0.3, 0.3, -0.6, 0.6, -1, 1, -1], 1, 1, 4, True),
    ],
)
def test_branches_of_a_measurement(corners, up, down, left_out, initial):
    found = find_sweeps(sweep(corners, 500))
    assert (len(found.up), len(found.down)) == (up, down)
    assert (found.left_out, found.initial) == (left_out, initial)
    for run in found.up:
        assert run.rising and np.all(np.diff(sweep(corners, 500)[run.points]) >= 0)


@pytest.mark.parametrize("field", [np.zeros(30), np.linspace(-1, 1, 30)])
def test_a_field_that_does_not_go_up_and_down_is_refused(field):
    with pytest.raises(Refused):
        find_sweeps(field)


@pytest.mark.parametrize("sigma", [1e-3, 1.0])
@pytest.mark.parametrize("step", [0.0, 1.0, 3.0])
def test_noise_of_a_square_loop_with_coarse_digits(sigma, step):
    """Edges, slope and spikes do not count; a rounding step adds its own error."""
    rng = np.random.default_rng(1)
    x = np.linspace(-1, 1, 2000)
    y = 100 * sigma * np.sign(x - 0.3) + 50 * sigma * x + sigma * rng.standard_normal(x.size)
    y[::97] += 30 * sigma
    if step:
        y = np.round(y / (step * sigma)) * step * sigma
    expected = sigma * np.hypot(1, step / 12**0.5)
    # Rounding errors of neighbours are not independent: rather too large than too small.
    assert 0.8 * expected < point_noise([(x, y)]) < 1.5 * expected


def test_spikes_are_found_and_edges_are_not():
    y = np.concatenate([np.zeros(20), [0.5], np.ones(20)])
    y[[5, 33]] += [1, -1]
    assert np.flatnonzero(spikes(y, 0.01)).tolist() == [5, 33]


def loop(h_c, noise, drift=0.0, jump=0.0, points=200, rng=None):
    """Two branches with a drift in time and a jump at the turn."""
    h = np.linspace(-1, 1, points)
    branches = []
    for rising, edge in ((True, h_c), (False, -h_c)):
        time = h / 4 - 0.25 if rising else 0.25 - h / 4
        y = np.where(h > edge, 1.0, -1.0) if h_c else np.zeros(points)
        y = y + 7 * h + drift * time + jump * (not rising)
        branches.append(Branch(h, y + noise * rng.standard_normal(points), time, rising))
    return branches


@pytest.mark.parametrize("h_c", [0.1, 0.5, 0.7])
@pytest.mark.parametrize(("drift", "jump"), [(0, 0), (0.5, 0), (0, -3), (-1, 1)])
def test_where_a_loop_is_open(h_c, drift, jump):
    rng = np.random.default_rng(2)
    up, down = loop(h_c, 0.1, drift, jump, rng=rng)
    found = find_hysteresis(branch_difference([up], [down], -1, 1, 0.1))
    assert found.significance > 8
    assert found.height == pytest.approx(-2, abs=0.2)
    assert (found.left, found.right) == pytest.approx((-h_c, h_c), abs=0.06)
    assert found.closed_low == pytest.approx(-h_c, abs=0.12)
    assert found.closed_high == pytest.approx(h_c, abs=0.12)


def test_noise_drift_and_jumps_are_no_hysteresis():
    """A false alarm at 5 sigma is rarer than one in a hundred."""
    false = 0
    for seed in range(100):
        rng = np.random.default_rng([3, seed])
        up, down = loop(0.0, 0.1, 2 * rng.standard_normal(), rng.standard_normal(), rng=rng)
        false += find_hysteresis(branch_difference([up], [down], -1, 1, 0.1)).significance > 5
    assert false <= 1
