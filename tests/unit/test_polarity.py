"""Whether states have both signs, held against states made on a known side of a known offset."""

import made_tables
import numpy as np
import pandas as pd
import pytest

from hall2net.synapse.polarity import POLARITIES, polarity_of, polarity_of_states


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


def loops(offsets, sigma=1e-3, **columns):
    rows = {"kind": "ahe_loop", "sample": "bar", "temperature_k": 300.0, "status": "ok"}
    rows |= {"field_x_oe": np.nan, "current_ma": 0.1, "r_offset_ohm": offsets}
    return pd.DataFrame(rows | {"r_offset_u_ohm": sigma} | columns)


def test_the_loops_of_the_sample_at_its_temperature_give_the_offset():
    lut = made_tables.lut([0.1, 0.2, 0.3]).assign(resistance_u_ohm=1e-3)
    table = loops([0.2, 0.5, 0.0, 0.5])
    table["sample"] = ["bar", "other", "bar", "bar"]
    table["temperature_k"] = [301.0, 300.0, 150.0, 300.0]
    table["status"] = ["flagged", "ok", "ok", "refused"]
    found = polarity_of(lut, table, "bar", 300.0)
    assert (found.polarity, found.offset_ohm) == ("bipolar", 0.2)
    assert polarity_of(lut, table, "bar", 150.0).polarity == "unipolar"
    for nothing in (table[:0], None):
        assert polarity_of(lut, nothing, "bar", 300.0).polarity == "not measured"
    assert polarity_of(lut, table, "bar", 77.0).polarity == "not measured"


def test_loops_that_disagree_make_the_offset_uncertain():
    """Two loops of 1 mOhm that are 200 mOhm apart give the offset to 100 mOhm."""
    lut = made_tables.lut([0.05, 0.3]).assign(resistance_u_ohm=1e-3)
    found = polarity_of(lut, loops([0.0, 0.2]), "bar")
    assert found.offset_u_ohm == pytest.approx(0.1, rel=1e-3)
    assert found.polarity == "cannot tell"
    assert polarity_of(lut, loops([0.1, 0.1]), "bar").polarity == "bipolar"
    assert found.polarity in POLARITIES
