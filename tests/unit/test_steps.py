"""Steps of a branch: a smooth one has one, however its fields are spaced; a resting one has two."""

import numpy as np
import pytest

from hall2net.physics.steps import shape_of


def noisy(m, noise, seed):
    return m + noise * np.random.default_rng(seed).standard_normal(m.size), np.full(m.size, noise)


@pytest.mark.parametrize("width", [0.03, 0.06, 0.12])
@pytest.mark.parametrize("spacing", ["even", "dense about zero"])
@pytest.mark.parametrize("shift", [0.0, 0.06])
def test_a_smooth_branch_is_one_step(width, spacing, shift):
    field = np.linspace(-1, 1, 71)
    if spacing != "even":
        field = np.sign(field) * field**2
    m, noise = noisy(np.tanh((field - shift) / width), 0.01, 3)
    assert not shape_of(field, m, noise).plateaus


@pytest.mark.parametrize("level", [-0.4, 0.0, 0.4])
@pytest.mark.parametrize("width", [0.002, 0.02])
def test_a_branch_that_rests_on_its_way_has_two_steps(level, width):
    field = np.linspace(-1, 1, 161)
    first, second = (np.tanh((field - at) / width) for at in (-0.3, 0.3))
    m, noise = noisy(
        level + (1 + level) / 2 * (first - 1) + (1 - level) / 2 * (second + 1), 0.02, 4
    )
    shape = shape_of(field, m, noise)
    ((found, start, end),) = shape.plateaus
    assert found == pytest.approx(level, abs=0.08)
    assert (start, end) == pytest.approx((-0.3, 0.3), abs=0.1)
    assert shape.fields == pytest.approx((-0.3, 0.3), abs=0.05)
