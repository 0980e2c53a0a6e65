"""Distinguishable states against the scatter of writes, held against a ladder of equal steps."""

import made_tables
import numpy as np
import pytest
from emulated import pulse_train, switching_loop_dataset

from hall2net.synapse.states import lut_from_loop, lut_from_train
from hall2net.synapse.write_scatter import ASSUMED, states_against_write_scatter


@pytest.mark.parametrize("states", [4, 17, 40])
@pytest.mark.parametrize("read", [np.nan, 0.0, 2e-3])
def test_equal_steps_are_counted_as_geometry_says(states, read):
    lut = made_tables.lut(np.linspace(0.2, 1.2, states))
    lut = lut.assign(read_sigma_ohm=read, cycle_sigma_ohm=np.nan)
    table = states_against_write_scatter(lut)
    assert table["scatter_of"].unique().tolist() == ["resistance"]
    for _, row in table.iterrows():
        apart = 3 * np.hypot(np.nan_to_num(read), row["fraction"])
        every = max(1, int(np.ceil(round(apart * (states - 1), 9))))
        assert row["distinguishable_states"] == 1 + (states - 1) // every
        assert row["sigma_ohm"] == pytest.approx(row["fraction"])


def test_a_loop_moves_along_its_branches_and_not_at_rest():
    loop = switching_loop_dataset(sigma_ohm=1e-5, step_ma=0.1, joule=0.0, up_ma=8.0, dn_ma=-8.0)
    lut = lut_from_loop(loop, states=24)
    table = states_against_write_scatter(lut)
    rows = table[table["scatter_of"] == "threshold"].set_index("fraction")
    # Erf of width 1.5 mA and amplitude 75 mOhm: slope and current of every state are known.
    flank = lut[lut["reset_current_ma"].notna()]
    current = flank["write_current_ma"].abs()
    slope = 2 * 0.075 / (1.5 * np.sqrt(2 * np.pi)) * np.exp(-(((current - 8) / 1.5) ** 2) / 2)
    expected = 0.01 * np.sqrt(np.sum((slope * current) ** 2) / len(lut))
    assert rows.at[0.01, "sigma_ohm"] == pytest.approx(expected, rel=0.1)
    assert rows["distinguishable_states"].is_monotonic_decreasing
    assert rows.at[0.0, "distinguishable_states"] == 24
    assert not (table["scatter_of"] == "measured").any()


def test_the_measured_scatter_has_a_row_of_its_own():
    lut = lut_from_train(pulse_train(seed=0, cycle_sigma=0.02))
    row = states_against_write_scatter(lut).set_index("scatter_of").loc["measured"]
    assert row["fraction"] == pytest.approx(0.02, rel=0.2)
    assert len(states_against_write_scatter(lut)) == len(ASSUMED) + 1
