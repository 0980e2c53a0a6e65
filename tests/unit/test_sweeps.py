"""Grids of settings, their table, and noise on the weights of a trained network."""

import numpy as np
import pandas as pd
import pytest
import torch

from hall2net.figures import sweeps as figures
from hall2net.networks.data import Images
from hall2net.networks.evaluate import accuracy
from hall2net.networks.sweep_point import point_rows
from hall2net.networks.sweeps import choices_at, grid, over_seeds, settings_at, sweep_table
from hall2net.networks.train import Training, train


def test_a_grid_has_every_combination_and_float_weights_once():
    table = grid(
        {"precision": ["float32", "lut6"], "mapping": ["maxabs", "std"], "seed": [0, 1, 2]}
    )
    assert len(table) == 3 + 2 * 3
    assert set(table.loc[table["precision"] == "float32", "mapping"]) == {"none"}
    assert not table.duplicated().any()


def test_one_training_serves_every_noise():
    table = grid({"precision": ["binary", "lut6"], "noise": [0.0, 0.1, 0.2]})
    assert table.to_dict("list") == {"precision": ["binary", "lut6"]}


def test_a_point_has_its_axes_and_the_networks_own_settings():
    block = {
        "model": "mlp", "datasets": ["mnist", "fashion_mnist"], "recipe": "paper",
        "shape": {"laptop": {"layers": [784, 10]}}, "epochs": {"laptop": 5},
        "recipes": {"paper": {"batch": 64, "mirror": "random"}, "best": {"batch": 32}},
    }  # fmt: skip
    plain = choices_at({}, block, "laptop", seed=7)
    assert (plain["dataset"], plain["epochs"], plain["seed"]) == ("mnist", 5, 7)
    assert settings_at(plain, block, "laptop")["recipe"] == block["recipes"]["paper"]
    point = {"precision": "lut6", "mapping": "std", "seed": 2, "batch": 16}
    choices = choices_at(point, block, "laptop", seed=7)
    settings = settings_at(choices, block, "laptop")
    assert settings["recipe"] == {"batch": 16, "mirror": "random"}
    assert settings["network"] == {"model": "mlp", "layers": [784, 10]}
    assert {key: settings[key] for key in ("precision", "mapping", "seed")} == {
        "precision": "lut6", "mapping": "std", "seed": 2,
    }  # fmt: skip
    assert block["recipes"]["paper"]["batch"] == 64


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(0)
    y = torch.from_numpy(rng.integers(0, 10, 700))
    x = torch.from_numpy(rng.integers(0, 120, (700, 1, 28, 28)).astype(np.uint8))
    for bar in range(10):
        x[y == bar, :, 2 * bar : 2 * bar + 3] += 100
    images = Images(
        "mnist", x[:500], y[:500], x[500:], y[500:], "bars", True, [str(k) for k in range(10)]
    )
    training = Training.of(
        network={"model": "mlp", "layers": [784, 16, 10]}, precision="uniform8", mapping="std",
        recipe={"learning_rate": 1e-2}, epochs=5,
    )  # fmt: skip
    run, network = train(images, training)
    return run, network, images


def test_noise_costs_accuracy_and_none_costs_nothing(trained):
    run, network, images = trained
    rows = point_rows(run, network, images, {"seed": 0}, [0.0, 0.05, 3.0])
    assert [row["noise"] for row in rows] == [0.0, 0.05, 3.0]
    assert rows[0]["test_accuracy"] == pytest.approx(accuracy(network.network(), images))
    assert rows[0]["test_accuracy"] > 0.9
    assert rows[2]["test_accuracy"] < 0.7
    assert {row["states"] for row in rows} == {8}
    assert point_rows(run, network, images, {"seed": 0}, [3.0]) == rows[2:]
    (plain,) = point_rows(run, network, images, {"seed": 0})
    assert "noise" not in plain


def points():
    return [
        {
            "precision": precision, "mapping": "std", "seed": seed, "states": states,
            "validation_accuracy": value, "test_accuracy": value + seed / 100,
            "test_accuracy_u": 0.001, "best_epoch": 3, "test_accuracy_at_best": value,
            "trained_epochs": 4, "stand_in": True,
        }
        for precision, states, value in (("uniform4", 4, 0.9), ("binary", 2, 0.8))
        for seed in (2, 0, 1)
    ]  # fmt: skip


def test_means_over_seeds():
    means = over_seeds(sweep_table(points())).set_index("precision")
    assert means.loc["binary", "n_seeds"] == 3
    assert means.loc["binary", "test_accuracy"] == pytest.approx(0.81)
    assert means.loc["binary", "test_accuracy_sd"] == pytest.approx(0.01)
    assert means.loc["binary", "test_accuracy_u"] == pytest.approx(0.01 / 3**0.5)
    one = over_seeds(sweep_table(points()[:1]))
    assert one["test_accuracy_u"].item() == 0.001
    assert pd.isna(one["test_accuracy_sd"].item())


def test_the_order_of_the_points_is_no_matter():
    pd.testing.assert_frame_equal(sweep_table(points()), sweep_table(points()[::-1]))


def test_the_figure_draws_a_point_a_mean():
    means = over_seeds(sweep_table(points()))
    (axes,) = figures.sweep(means=means, x="states").axes
    drawn = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_marker() == "o"]
    assert sorted(drawn[0].get_xdata()) == [2, 4]
    np.testing.assert_allclose(sorted(drawn[0].get_ydata()), [81, 91])
