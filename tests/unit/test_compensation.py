import numpy as np
import pandas as pd
import pytest

from hall2net.physics.compensation import compensation_temperature


def series(t_m, temperature, *, power=1.0, u=1.0, rng=None, scatter=0.0):
    """Loops of a ferrimagnet whose coercive field diverges as |T - T_M|^-power."""
    distance = np.asarray(temperature, float) - t_m
    h_c = 9000 / np.abs(distance) ** power
    if rng is not None:
        h_c = h_c + np.hypot(u, scatter) * rng.standard_normal(h_c.size)
    return pd.DataFrame(
        {
            "sample": "a", "kind": "ahe_loop", "status": "ok", "temperature_k": temperature,
            "r_ahe_ohm": np.sign(distance) * 0.07, "r_ahe_u_ohm": 0.001, "h_c_oe": h_c,
            "h_c_u_oe": u, "h_step_u_oe": 0.0,
        }
    )  # fmt: skip


GRID = [220.0, 240, 260, 290, 310, 330]


def test_exact_divergence_gives_the_value_and_the_distance_of_the_loops_its_uncertainty():
    found = compensation_temperature(series(271.5, GRID), "a")
    assert found.value == pytest.approx(271.5, abs=1e-6)
    assert 0 < found.stat < 1
    assert found.sys == pytest.approx(30 / 12**0.5)  # the middle is 275, 3.5 K away
    near = compensation_temperature(series(261.0, GRID), "a")
    assert near.value == pytest.approx(261) and near.sys == pytest.approx(275 - 261)
    assert near.total == pytest.approx(np.hypot(near.stat, near.sys))


def test_no_sign_change_or_two_give_nothing():
    loops = series(271.5, GRID)
    assert np.isnan(compensation_temperature(loops.assign(r_ahe_ohm=1.0), "a").value)
    twice = loops.assign(r_ahe_ohm=[1.0, -1.0, 1.0, 1.0, 1.0, 1.0])
    assert np.isnan(compensation_temperature(twice, "a").value)
    assert np.isnan(compensation_temperature(loops, "b").total)


def test_a_sign_within_the_noise_does_not_count():
    loops = series(271.5, [*GRID, 272.0]).assign(r_ahe_u_ohm=[0.001] * 6 + [0.07])
    loops.loc[6, "r_ahe_ohm"] = -0.07
    assert compensation_temperature(loops, "a").value == pytest.approx(271.5, abs=1e-6)


def test_few_loops_leave_the_middle_of_the_sign_change():
    found = compensation_temperature(series(271.5, [260.0, 290.0, 310.0]), "a")
    assert (found.value, found.stat) == (275, 0)
    assert found.sys == pytest.approx(30 / 12**0.5)


@pytest.mark.parametrize("power", [0.5, 0.8, 1.0, 1.5])
@pytest.mark.parametrize("step", [6.0, 14.0, 30.0])
def test_intervals_hold_the_truth_whatever_the_divergence(power, step):
    """The systematic part has to cover models that the fit does not know."""
    rng = np.random.default_rng([int(10 * power), int(step)])
    inside = []
    for _ in range(100):
        t_m = rng.uniform(255, 295)
        start = rng.uniform(0, step)
        temperature = np.arange(150 + start, 400, step)
        found = compensation_temperature(
            series(t_m, temperature, power=power, rng=rng, scatter=rng.uniform(0, 10)), "a"
        )
        inside.append(abs(found.value - t_m) < 1.96 * found.total)
        assert found.total > step / 4
    assert np.mean(inside) >= 0.93
