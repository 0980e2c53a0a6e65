"""Devices that vary, held against what a linear network with known weights must do."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import norm

from hall2net.errors import Hall2netError
from hall2net.networks.data import Images
from hall2net.networks.evaluate import (
    accuracy,
    loss_attribution,
    map_after_training,
    monte_carlo,
)
from hall2net.networks.models import SavedNetwork, weight_layers
from hall2net.synapse.model import Synapse

LEVELS = [-1.0, 0.0, 1.0]
SCALE = 0.5


def spots(count=500):
    """One bright pixel shows the class: pixel c for class c."""
    y = torch.arange(count) % 10
    x = torch.zeros(count, 784, dtype=torch.uint8)
    x[torch.arange(count), y] = 255
    x = x.view(-1, 1, 28, 28)
    return Images("mnist", x, y, x, y, "spots", True, [str(digit) for digit in range(10)])


def linear(levels=LEVELS):
    """One layer with weight `SCALE` from pixel c to class c, the others zero: all right."""
    plan = {"network": {"model": "mlp", "layers": [784, 10]}, "shape": [1, 28, 28], "classes": 10}
    plan |= {"mean": [0.0], "std": [1.0], "dropout": [0.0, 0.0], "batch_norm": False}
    weight = torch.zeros(10, 784)
    weight[torch.arange(10), torch.arange(10)] = SCALE
    pixels = {"pixels.mean": torch.zeros(1, 1, 1), "pixels.std": torch.full((1, 1, 1), 255.0)}
    state = {**pixels, "fc1.weight": weight, "fc1.bias": torch.zeros(10)}
    return SavedNetwork(plan, levels, "std", {"fc1": SCALE}, state)


def synapse(programming=0.0, reading=0.0, drift=(0.0, 0.0, 0.0), stuck=0.0):
    """Normal deviations of these sigmas; drift by the decade."""
    normal = torch.from_numpy(norm.ppf((np.arange(1000) + 0.5) / 1000)).float().expand(3, -1)
    return Synapse(
        torch.tensor(LEVELS), programming * normal, reading * normal, torch.tensor(drift),
        torch.full((3,), stuck / 3),
    )  # fmt: skip


def test_devices_that_do_not_vary_change_nothing():
    images = spots()
    assert accuracy(linear().network(), images) == 1.0
    assert monte_carlo(linear(), images, synapse(), draws=3).tolist() == [1.0] * 3


def test_accuracy_under_noise_is_that_of_order_statistics():
    # Right where 1 + sigma z_0 exceeds nine others sigma z_i: P = E[Phi(1/sigma + z)^9].
    sigma = 0.8
    z = norm.ppf((np.arange(20000) + 0.5) / 20000)
    expected = np.mean(norm.cdf(1 / sigma + z) ** 9)
    for parts in ({"programming": 0.8}, {"reading": 0.8}, {"programming": 0.48, "reading": 0.64}):
        found = monte_carlo(linear(), spots(10), synapse(**parts), draws=150)
        # Ten classes in each of 150 arrays, each right or wrong by itself.
        error = np.sqrt(expected * (1 - expected) / 1500)
        assert found.mean() == pytest.approx(expected, abs=4 * error)


def test_drift_moves_each_level_by_its_own():
    # Levels 0 and 1 that have changed places make every answer wrong.
    crossed = monte_carlo(linear(), spots(), synapse(drift=(0, 1.5, -0.5)), draws=2, time_s=10)
    assert crossed.tolist() == [0.0, 0.0]
    parallel = monte_carlo(linear(), spots(), synapse(drift=(0.5, 0.5, 0.5)), draws=2, time_s=10)
    assert parallel.tolist() == [1.0, 1.0]


def test_all_devices_stuck_is_chance():
    found = monte_carlo(linear(), spots(10), synapse(stuck=1.0), draws=150)
    # Each of ten logits is -1, 0 or 1 at random; the first of the largest wins, so one in ten.
    assert found.mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 1500))


def test_the_same_seed_gives_the_same_arrays():
    noise = synapse(programming=1.0)
    one, two = (monte_carlo(linear(), spots(), noise, draws=5, seed=7) for _ in range(2))
    assert one.tolist() == two.tolist()
    assert one.tolist() != monte_carlo(linear(), spots(), noise, draws=5, seed=8).tolist()


def test_float_networks_and_other_tables_are_refused():
    with pytest.raises(Hall2netError, match="float weights"):
        monte_carlo(linear(levels=None), spots(), synapse())
    with pytest.raises(
        Hall2netError, match="has the 2 levels .*; the device model has the 3 levels"
    ):
        monte_carlo(linear(levels=[-1.0, 1.0]), spots(), synapse())


def test_mapping_after_training_leaves_levels_alone():
    model = map_after_training(linear(levels=None), LEVELS, "maxabs")
    assert weight_layers(model)["fc1"].unique().tolist() == [0.0, SCALE]
    assert accuracy(model, spots()) == 1.0


def test_attribution_adds_up():
    table = loss_attribution(
        {"float32": [1.0, 0.98], "levels": [1.0]},
        linear(),
        spots(10),
        synapse(0.5, 0.5, (0, 0.2, -0.2), 0.1),
        draws=50,
        time_s=10,
    )
    assert table["step"].tolist() == [
        "float32", "levels", "programming error", "read noise", "device to device", "drift",
        "drift, reference column", "stuck devices",
    ]  # fmt: skip
    steps = table.set_index("step").drop("drift, reference column")
    total = 100 * (steps["accuracy"].iloc[1] - steps["accuracy"].iloc[-1])
    assert steps["cost_points"].iloc[2:].sum() == pytest.approx(total)
    assert steps["cost_points"].iloc[1] == pytest.approx(-1.0)
    # Of 1 and 0.98.
    assert steps["accuracy_sd"].iloc[0] == pytest.approx(0.02 / np.sqrt(2))
    assert steps["accuracy_min"].iloc[0] == 0.98
    assert (steps["cost_points"].iloc[2:].drop("device to device") > 0).all()
    assert (steps["accuracy_min"] <= steps["accuracy"]).all()


def test_a_common_drift_is_drawn_for_each_array_and_taken_off_by_a_reference():
    """The zeros move by 1.2(4) in one decade, towards the one level that is right."""
    device = replace(
        synapse(drift=(0.0, 1.2, 0.0)), drift_u=torch.tensor([0.0, 0.4, 0.0]), common_drift=False
    )
    found = monte_carlo(linear(), spots(10), device, draws=200, time_s=10)
    # Right where the drift of the zeros stays below 1, half a sigma below its mean.
    assert np.mean(found) == pytest.approx(norm.cdf(-0.5), abs=0.1)
    assert found.std() > 0.3
    common = replace(synapse(drift=(2.0, 2.0, 2.0)), drift_u=torch.ones(3), common_drift=True)
    table = loss_attribution({"levels": [1.0]}, linear(), spots(10), common, time_s=10, draws=5)
    assert table.set_index("step").at["drift, reference column", "cost_points"] == 0.0


def test_a_part_that_was_not_measured_costs_nothing_known():
    device = synapse(0.0, 0.5, stuck=0.1)
    device = replace(device, unmeasured=("programming", "devices", "drift"))
    steps = {"float32": [1.0], "levels": [1.0]}
    table = loss_attribution(steps, linear(), spots(10), device, draws=20).set_index("step")
    silent = table.loc[["programming error", "device to device", "drift"]]
    assert silent.drop(columns="n").isna().all(axis=None)
    assert (silent["n"] == 0).all()
    known = table.loc[["read noise", "stuck devices"], "cost_points"]
    total = 100 * (table.at["levels", "accuracy"] - table.at["stuck devices", "accuracy"])
    assert (known > 0).all() and known.sum() == pytest.approx(total)
