"""Laboratory-like loops: what they promise of themselves, and what the fit makes of them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from hall2net.emulate.laboratory import KINDS, draw_loop

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
from coverage_loops import NAMES, coverage, summary


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_drawn_with_its_truth(kind):
    for seed in range(3):
        drawn = draw_loop(np.random.default_rng([4, seed]), kind)
        assert drawn.truth.kind == kind
        assert drawn.field_oe.shape == drawn.resistance_ohm.shape
        assert np.isfinite(drawn.field_oe).all() and np.isfinite(drawn.resistance_ohm).all()
        if kind == "loop":
            assert abs(drawn.truth.h_c_oe) < drawn.truth.largest_oe
        if kind == "inverted":
            assert drawn.truth.h_c_oe < 0


def test_the_same_seed_draws_the_same_loop():
    one, other = (draw_loop(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.resistance_ohm, other.resistance_ohm)


def test_the_fit_of_such_loops_says_the_truth():
    """A small part of `bench/coverage_loops.py`, with the margins of so few loops."""
    table = coverage(100, seed=11)
    found = summary(table)
    assert found["refused although fittable"] < 7
    assert found["ok beyond 4 sigma"] < 4
    assert found["refused, of those without a number"] > 85
    assert found["flagged or refused, of those with several steps"] > 75
    assert found["true reason, of those refused"] > 80
    numbers = table[table["fittable"] & (table["status"] != "refused")]
    for name in NAMES:
        assert numbers[name].mean() > 0.95 - 3.3 * (0.95 * 0.05 / len(numbers)) ** 0.5, name
