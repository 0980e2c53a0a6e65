import numpy as np
import pandas as pd
import pytest

from hall2net.physics.loop_shift import centre_slopes, usable_loops, widened


def series(rng, currents, fields, *, slope=12.0, scatter=0.0, noise=0.3, stated=1.0, step=0.0):
    """Centres at every field and current: noise ~ 1/|I| beside a scatter that all have alike.

    `step` is stated beside the noise, and has no error in truth.
    """
    current = np.tile(currents, len(fields))
    field_x = np.repeat(fields, len(currents))
    u = noise / np.abs(current)
    h_0 = 3.0 + 0.01 * field_x + slope * current
    h_0 = h_0 + u * rng.standard_normal(u.size) + scatter * rng.standard_normal(u.size)
    return pd.DataFrame(
        {
            "field_x_oe": field_x,
            "current_ma": current,
            "h_0_oe": h_0,
            "noise_u_oe": stated * u,
            "u_oe": np.hypot(stated * u, step),
        }
    )


def any_currents(rng, n):
    """Currents of both signs as an experimenter may choose them: no |I| twice, none near zero."""
    sizes = rng.uniform(0.3, 2.0, n)
    signs = np.where(np.arange(n) % 2, 1, -1)
    return np.sort(signs * sizes)


def pull(points, slope=12.0):
    row = centre_slopes(widened(points)[0], "line").iloc[0]
    return (row["slope"] - slope) / row["slope_u"]


def test_line_is_the_weighted_least_squares_of_numpy():
    rng = np.random.default_rng(2)
    current = np.array([1.0, -1.0, 2.0, -2.0, 3.0])
    h = 3 * current + 1 + rng.standard_normal(5)
    points = pd.DataFrame({"field_x_oe": 100.0, "current_ma": current, "h_0_oe": h,
                           "u_oe": 1 / abs(current)})  # fmt: skip
    (slope, intercept), covariance = np.polyfit(current, h, 1, w=abs(current), cov="unscaled")
    row = centre_slopes(points, "line").iloc[0]
    assert row["slope"] == pytest.approx(slope) and row["intercept"] == pytest.approx(intercept)
    assert row["slope_u"] == pytest.approx(np.sqrt(covariance[0, 0]))
    assert row["intercept_u"] == pytest.approx(np.sqrt(covariance[1, 1]))


@pytest.mark.parametrize("n_fields", [1, 4])
@pytest.mark.parametrize(("few", "many"), [(4, 6), (7, 12)])
def test_intervals_hold_the_truth_whatever_the_currents(few, many, n_fields):
    rng = np.random.default_rng([few, n_fields])
    pulls = []
    for _ in range(300):
        currents = any_currents(rng, rng.integers(few, many + 1))
        fields = 100.0 * np.arange(1, n_fields + 1)
        pulls.append(pull(series(rng, currents, fields, scatter=rng.uniform(0, 20))))
    assert 0.92 <= np.mean(np.abs(pulls) < 1.96) <= 0.985


@pytest.mark.parametrize("understated", [1.0, 0.2])
def test_intervals_hold_the_truth_where_noise_is_all(understated):
    """A long series shows by itself that the scatter goes as 1/|I|."""
    rng = np.random.default_rng(7)
    currents, fields = (-2.0, -1.2, -0.5, 0.6, 1.3, 1.9), 100.0 * np.arange(8)
    pulls = [pull(series(rng, currents, fields, stated=understated)) for _ in range(250)]
    assert 0.92 <= np.mean(np.abs(pulls) < 1.96) <= 0.985


def test_scatter_is_seen_where_no_current_comes_twice():
    rng = np.random.default_rng(2)
    points = series(rng, (-1.6, -0.9, -0.2, 0.5, 1.2, 1.9), (-900.0,), scatter=8.0)
    wide, scatter = widened(points)
    assert scatter.dof == 4 and scatter.ratio > 5
    assert "chi2/dof" in scatter.reason and "dof 4" in scatter.reason
    assert (wide["u_oe"] > 3).all()


def test_a_long_series_shows_the_error_of_the_field_step():
    """The step stated is twice the noise; the centres do not have its error."""
    rng = np.random.default_rng(5)
    currents, pulls = (-2.0, -1.0, 1.0, 2.0), []
    for _ in range(150):
        points = series(rng, currents, 100.0 * np.arange(15), step=0.6)
        wide, _ = widened(points)
        assert (wide["u_oe"] >= points["noise_u_oe"] * (1 - 1e-12)).all()
        pulls.append(pull(points))
    assert 0.92 <= np.mean(np.abs(pulls) < 1.96) <= 1
    assert wide["u_oe"].mean() < 0.8 * points["u_oe"].mean()
    few = series(rng, currents, (0.0, 100.0), step=0.6)
    assert widened(few)[0]["u_oe"].min() >= few["u_oe"].min()


def test_uncertainties_never_become_smaller():
    rng = np.random.default_rng(3)
    for stated in (0.5, 1.0, 10.0):
        points = series(rng, (-2.0, -1.0, 1.0, 2.0), (0.0, 100.0, 200.0), stated=stated)
        wide, scatter = widened(points)
        assert (wide["u_oe"] >= points["u_oe"] * (1 - 1e-12)).all()
    assert scatter.ratio < 1 and scatter.reason == "" and wide.equals(points)


def test_pairs_alone_say_nothing_of_the_scatter():
    points = series(np.random.default_rng(4), (-1.0, 1.0), (-100.0, 100.0), scatter=20.0)
    wide, scatter = widened(points)
    assert scatter.dof == 0 and np.isnan(scatter.ratio) and wide.equals(points)
    assert widened(points.iloc[:0])[1].dof == 0


def test_all_parts_of_the_uncertainty_count():
    loops = pd.DataFrame(
        {
            "sample": "a", "kind": "loop_shift", "status": ["ok", "flagged", "refused"],
            "temperature_k": 300.0, "field_x_oe": 0.0, "current_ma": [1.0, -1.0, 2.0],
            "h_0_oe": 1.0, "h_0_u_oe": 3.0, "h_step_u_oe": [0.0, np.nan, 0.0],
        }
    )  # fmt: skip
    assert usable_loops(loops, "a")[0]["u_oe"].tolist() == [3, 3]
    assert usable_loops(loops, "a")[1] == "1 of 3 loops left out"
    both = loops.assign(h_0_sys_oe=4.0)
    assert usable_loops(both, "a")[0]["u_oe"].tolist() == [5, 5]
    stepped = both.assign(h_step_u_oe=np.sqrt(2) * 12)
    assert usable_loops(stepped, "a")[0]["u_oe"].tolist() == pytest.approx([13, 13])
