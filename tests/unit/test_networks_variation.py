"""Accuracy by states and by noise, held against what a linear network must do."""

from dataclasses import replace

import made_tables
import numpy as np
import pytest
from scipy.stats import norm
from test_networks_evaluate import linear, spots, synapse

from hall2net.networks.variation import (
    NOISE,
    accuracy_against_noise,
    accuracy_against_states,
    one_write_sigma,
)
from hall2net.synapse.advisor import advice


def test_sigma_adds_programming_and_reading_in_squares():
    # Deviations of 0.3 and 0.4 in a range from -1 to 1.
    assert one_write_sigma(synapse(0.3, 0.4)) == pytest.approx(0.25, rel=0.01)


def test_accuracy_falls_with_noise_as_order_statistics_say():
    table = accuracy_against_noise(linear(), spots(10), synapse(0.06, 0.08), draws=150)
    assert table["noise"].tolist()[:2] == ["none", "measured"]
    assert table["accuracy"].iloc[0] == 1.0
    assert table["sigma"].iloc[1] == pytest.approx(0.05, rel=0.01)
    z = norm.ppf((np.arange(20000) + 0.5) / 20000)
    for _, row in table[table["sigma"] > 0].iterrows():
        # Right where 1 + sigma z_0 exceeds nine others, sigma in units of the level.
        expected = np.mean(norm.cdf(1 / (2 * row["sigma"]) + z) ** 9)
        error = np.sqrt(expected * (1 - expected) / 1500)
        assert row["accuracy"] == pytest.approx(expected, abs=4 * error + 1e-9)


def test_without_a_measured_noise_the_assumed_one_is_normal():
    table = accuracy_against_noise(linear(), spots(10), synapse(drift=(0, 1.5, -0.5)), draws=150)
    assert table["noise"].tolist() == ["none", *["assumed"] * len(NOISE)]
    last = table.iloc[-1]
    z = norm.ppf((np.arange(20000) + 0.5) / 20000)
    expected = np.mean(norm.cdf(1 / (2 * last["sigma"]) + z) ** 9)
    assert last["accuracy"] == pytest.approx(expected, abs=0.05)


def test_noise_of_reads_alone_says_so():
    device = replace(synapse(reading=0.08), unmeasured=("programming",))
    table = accuracy_against_noise(linear(), spots(10), device, draws=2)
    assert table["noise"].iloc[1] == "reads measured"


def test_evenly_spaced_devices_do_as_evenly_spaced_states():
    lut = made_tables.lut(np.linspace(0.1, 0.5, 5))
    table = accuracy_against_states(linear(levels=None), spots(), lut, advice(lut))
    best = table.set_index(["choice", "n_states"])["accuracy"]
    assert best["float32"].iloc[0] == 1.0
    assert best["evenly spaced", 5] == best["measured states", 5] == 1.0
    # Three levels hold zero and one other value, which is all that these weights are.
    assert best["evenly spaced", 3] == 1.0
    assert (table["accuracy_u"][table["accuracy"] == 1.0] == 0).all()
