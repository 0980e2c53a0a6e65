"""Titles of the figure of switching loops say what the table says."""

import numpy as np
import pandas as pd
import pytest
from laboratory_switching import dataset, relax, sweep_of
from test_switching import SAMPLES
from test_switching import dataset as sample_of

from hall2net.figures.switching import switching_loops
from hall2net.physics.switching import switching_table

NO_LOOPS = pd.DataFrame(
    columns=["sample", "kind", "temperature_k", "r_ahe_ohm", "r_ahe_u_ohm", "status"]
)
ONE = np.ones(1)


def drawn_figure(widths, threshold, shape="0 max min 0"):
    rng = np.random.default_rng(0)
    measurements = []
    for number, width in enumerate(widths):
        current = sweep_of(12.0, 0.3, shape)
        m = relax(current, threshold * ONE, threshold * ONE, ONE, False)
        noise = 0.005 * rng.standard_normal(len(m))
        one = dataset(current, m + noise, pulse_width=width)
        measurements.append(one.assign(id=f"loop_{number}"))
    film = sample_of(*measurements)
    table = switching_table([film], NO_LOOPS, SAMPLES)
    drawn = switching_loops(
        datasets={"film": film}, switching=table, samples=SAMPLES, provenance="test"
    )
    return drawn, table


def test_title_has_current_and_what_varies_without_an_ahe_loop():
    drawn, table = drawn_figure([1e-6, 1e-5, 2e-3], 6.0)
    assert (table["status"] == "ok").all() and table["switching_ratio"].isna().all()
    titles = [axes.get_title(loc="left") for axes in drawn.axes]
    for title, width in zip(titles, ("1 µs", "10 µs", "2 ms"), strict=True):
        assert f"{width} pulses" in title and "polarity +1" in title and "no switching" not in title
        # 6 mA between two points 0.3 mA apart, 1 sigma of 0.24 steps.
        assert "$I_c$ = 6." in title or "$I_c$ = 5.9" in title


@pytest.mark.parametrize("widths", [[1e-6], [1e-6, 1e-3]])
def test_no_switching_is_said_where_nothing_switches(widths):
    drawn, table = drawn_figure(widths, 20.0)
    assert (table["polarity"] == 0).all()
    assert all("no switching" in axes.get_title(loc="left") for axes in drawn.axes)


def test_no_line_joins_the_two_pieces_of_a_branch():
    drawn, _ = drawn_figure([1e-6], 6.0)
    (rising,) = (line for line in drawn.axes[0].lines if line.get_label() == "current rising")
    x = np.asarray(rising.get_xdata(), dtype=float)
    steps = np.abs(np.diff(x))
    assert np.isnan(x).any() and np.nanmax(steps) < 0.31
