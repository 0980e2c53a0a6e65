"""A precision is a name, a number of states and the levels that follow from them."""

import numpy as np
import pytest

from hall2net.errors import ConfigError
from hall2net.synapse.precision import Precision

SIX = [-1.0, 0.0833, 0.3333, 0.5833, 0.75, 1.0]
NAMES = "float32 pair31 pair6 lut32 lut6 lut2 uniform32 uniform6 binary".split()


@pytest.mark.parametrize("name", NAMES)
def test_a_precision_is_read_from_its_name_and_written_as_it(name):
    precision = Precision.of(name)
    assert str(precision) == name
    assert precision.measured == name.startswith(("lut", "pair"))


def test_fine_precisions_come_first():
    shuffled = np.random.default_rng(0).permutation(NAMES)
    assert [str(precision) for precision in sorted(map(Precision.of, shuffled))] == NAMES


def test_levels_of_each_kind():
    assert Precision.of("float32").levels() is None
    assert Precision.of("binary").levels() == [-1.0, 1.0]
    assert Precision.of("lut6").levels(SIX[::-1]) == SIX
    assert Precision.of("uniform3").levels() == [-1.0, 0.0, 1.0]


@pytest.mark.parametrize("name", ["lut2", "pair3", "uniform17"])
def test_evenly_spaced_levels_are_as_many_and_equally_far_apart(name):
    precision = Precision.of(name)
    levels = precision.evenly_spaced().levels()
    assert len(levels) == precision.states and [levels[0], levels[-1]] == [-1, 1]
    np.testing.assert_allclose(np.diff(levels), 2 / (precision.states - 1))


@pytest.mark.parametrize("name", ["float32", "binary"])
def test_precisions_without_states_have_none_to_space_evenly(name):
    with pytest.raises(ConfigError, match="expected one with a number of states"):
        Precision.of(name).evenly_spaced()


def test_levels_of_a_pair_are_all_differences():
    levels = Precision.of("pair3").levels([-1.0, 0.5, 1.0])
    assert levels == [-1.0, -0.75, -0.25, 0.0, 0.25, 0.75, 1.0]
    # Evenly spaced states give every difference but the largest more than once.
    assert Precision.of("pair6").levels(np.linspace(-1, 1, 6).tolist()) == pytest.approx(
        Precision.of("uniform11").levels(), abs=1e-9
    )


@pytest.mark.parametrize("name", ["int8", "lut", "lut1", "lut06", "pair0", "Lut6", "lut6 ", ""])
def test_names_of_no_precision(name):
    with pytest.raises(ConfigError, match="expected float32, binary, uniform<K>, lut<K>"):
        Precision.of(name)


@pytest.mark.parametrize(
    ("name", "levels", "message"),
    [
        ("lut6", None, "0 levels"),
        ("lut6", SIX[:5], "5 levels"),
        ("pair6", SIX[:5], "5 levels"),
        ("lut6", [*SIX[:5], SIX[0]], "5 levels"),
        ("lut2", [-1.0, 1.5], r"not all in \[-1, 1\]"),
        ("lut2", [-1.0, float("nan")], r"not all in \[-1, 1\]"),
    ],
)
def test_levels_that_cannot_be_used(name, levels, message):
    with pytest.raises(ConfigError, match=message):
        Precision.of(name).levels(levels)
