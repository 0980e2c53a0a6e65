"""Whether states have both signs, held against states made on a known side of a known offset."""

import made_tables
import numpy as np
import pytest

from hall2net.synapse.polarity import polarity_of_states


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("offset", [-0.4, 0.0, 2.0])
@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [(-1, 1, "bipolar"), (0.2, 1, "unipolar"), (-1, -0.2, "unipolar"), (-0.01, 1, "cannot tell"),
     (-1, 0.01, "cannot tell"), (0.01, 1, "cannot tell")],
)  # fmt: skip
def test_signs_are_counted_from_the_offset(scale, offset, lowest, highest, expected):
    states = np.linspace(lowest, highest, 6)
    lut = made_tables.lut(scale * (states + offset)).sample(frac=1, random_state=1)
    lut = lut.assign(resistance_u_ohm=0.03 * scale)
    # 0.03 and 0.04 make 0.05: two of them are 0.1.
    assert polarity_of_states(lut, scale * offset, 0.04 * scale) == expected


@pytest.mark.parametrize(("of_state", "of_offset"), [(np.nan, 0.01), (0.01, np.nan)])
def test_an_unknown_uncertainty_tells_nothing(of_state, of_offset):
    lut = made_tables.lut([-1.0, 0.0, 1.0]).assign(resistance_u_ohm=of_state)
    assert polarity_of_states(lut, 0.0, of_offset) == "cannot tell"
