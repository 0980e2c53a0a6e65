"""Potentiation and depression held against curves of known shape."""

import numpy as np
import pytest
from emulated import switching_loop_dataset, train_dataset
from scipy.special import erf

from hall2net.synapse.updates import (
    fit_update,
    nonlinearity_label,
    update_curves,
    updates_table,
)


@pytest.mark.parametrize(
    ("a", "label"),
    [(126.268958, 0.01), (4.205668, 0.30), (3.503513, 0.36), (0.023073, 8.99), (0.02281, 9.0)],
)
def test_label_is_that_of_neurosim(a, label):
    """Pairs of the table of parameter A in NeuroSim 3.0."""
    assert nonlinearity_label(a) == pytest.approx(label, rel=1e-4)
    assert nonlinearity_label(-a) == pytest.approx(-label, rel=1e-4)


def exponential(a):
    return lambda x: np.expm1(-x / a) / np.expm1(-1 / a)


def update_train(rise, fall, *, pulses=40, cycles=3, noise=0.0, reads=3, seed=0, stepped=False):
    """Cycles of `pulses` up and as many down; noise from write to write, of the whole change."""
    rng = np.random.default_rng(seed)
    x = np.arange(1, pulses + 1) / pulses
    one = np.concatenate([rise(x), 1 - fall(x)])
    r = np.concatenate([[0.0], np.tile(one, cycles)])
    growing = np.linspace(8, 14, pulses) if stepped else np.full(pulses, 11.0)
    current = np.concatenate([[-11.0], np.tile(np.concatenate([growing, -growing]), cycles)])
    r = 2.0 + 0.3 * (r + noise * rng.standard_normal(r.size))
    read = np.repeat(r, reads) + 0.3 * 1e-4 * rng.standard_normal(r.size * reads)
    count = np.repeat(np.arange(1.0, r.size + 1), reads)
    return train_dataset(count, np.repeat(current, reads), read, np.arange(count.size))


@pytest.mark.parametrize(("rise", "fall"), [(0.4, 0.25), (2.0, 0.15), (-0.5, 1e3)])
def test_nonlinearities_of_exponential_curves_come_back(rise, fall):
    table = updates_table(update_train(exponential(rise), exponential(fall), noise=1e-3))
    assert table["direction"].tolist() == ["potentiation", "depression"]
    assert (table["pulses"] == "identical").all() and (table["n_runs"] == 3).all()
    assert table["n_pulses"].tolist() == [40, 40]
    labels = nonlinearity_label(np.array([rise, fall]))
    np.testing.assert_allclose(table["alpha"], labels, atol=0.1)
    # The label is so many times the distance, which needs no model.
    np.testing.assert_allclose(table["nonlinearity"], labels / 10.1015, atol=0.01)


@pytest.mark.parametrize(("cycles", "pulses"), [(1, 30), (4, 12)])
def test_intervals_hold_the_truth_and_a_true_model_passes(cycles, pulses):
    rng = np.random.default_rng(cycles)
    inside, rejected = [], 0
    for seed in range(60):
        a = rng.uniform(0.2, 2.0, 2)
        noise = rng.uniform(0.002, 0.02)
        train = update_train(
            exponential(a[0]), exponential(a[1]), noise=noise, cycles=cycles, pulses=pulses,
            reads=2, seed=seed,
        )  # fmt: skip
        table = updates_table(train)
        pull = (table["alpha"] - nonlinearity_label(a)) / table["alpha_u"]
        inside += (pull.abs() < 1.96).tolist()
        rejected += int((table["p_value"] < 0.01).sum())
    assert 0.89 < np.mean(inside) < 1.0
    assert rejected <= 5


@pytest.mark.parametrize("cycles", [1, 5])
@pytest.mark.parametrize("noise", [1e-3, 1e-2])
def test_an_s_shape_is_no_exponential(cycles, noise):
    def s_shape(x):
        return (erf(4 * (x - 0.5)) + erf(2.0)) / (2 * erf(2.0))

    table = updates_table(update_train(s_shape, s_shape, cycles=cycles, noise=noise))
    assert (table["status"] == "flagged").all()
    assert table["reason"].str.contains("the exponential is rejected").all()
    assert (table["misfit"] > 0.03).all()


@pytest.mark.parametrize("stepped", [False, True])
def test_identical_and_stepped_pulses_are_kept_apart(stepped):
    curve = exponential(0.5)
    table = updates_table(update_train(curve, curve, stepped=stepped))
    assert (table["pulses"] == ("stepped" if stepped else "identical")).all()
    first, last = table[["first_current_ma", "last_current_ma"]].loc[0]
    assert (first, last) == pytest.approx((8, 14) if stepped else (11, 11))


def test_pulses_that_change_nothing_any_more_count_too():
    """Identical pulses beyond saturation are pulses: without them the curve would be straight."""
    curve = exponential(0.1)
    table = updates_table(update_train(curve, curve, pulses=60, noise=1e-4))
    np.testing.assert_allclose(table["alpha"], nonlinearity_label(0.1), rtol=0.02)
    assert (table["n_pulses"] == 60).all()


def test_few_pulses_cannot_test_a_model():
    table = updates_table(update_train(exponential(0.5), exponential(0.5), pulses=3))
    assert table["p_value"].isna().all()
    assert (table["reason"] == "too few pulses to test the exponential").all()


def test_a_loop_has_a_run_for_each_flank_and_its_pulses_grow():
    curves = update_curves(switching_loop_dataset(step_ma=0.25, sigma_ohm=1e-4))
    assert (curves["pulses"] == "stepped").all()
    assert curves.groupby("direction")["run"].nunique().to_dict() == {
        "depression": 1, "potentiation": 1,
    }  # fmt: skip
    for _, run in curves.groupby("run"):
        # Gaussian thresholds: no further from straight in one half than in the other.
        assert abs(fit_update(run).label) < 1


def test_nothing_to_fit_is_an_empty_table():
    nothing = train_dataset(np.arange(1.0, 4), [11.0, 11, 11], [1.0, 1.0, 1.1], np.arange(3.0))
    assert updates_table(nothing).empty and update_curves(nothing).empty
