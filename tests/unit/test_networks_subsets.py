import pandas as pd
import pytest
import torch

from hall2net.networks.data import Images
from hall2net.networks.subsets import train_sets
from hall2net.synapse.advisor import advice
from hall2net.synapse.lut import levels

RESISTANCE = [0.33, 0.46, 0.49, 0.57]


@pytest.fixture(scope="module")
def table():
    """Bright rows tell the class: easily learnt."""
    y = torch.arange(600) % 10
    x = torch.randint(0, 60, (600, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    x[torch.arange(600), 0, 2 * y] += 150
    x = x.to(torch.uint8)
    images = Images("mnist", x, y, x, y, "rows", True, [str(digit) for digit in range(10)])
    lut = pd.DataFrame(
        {
            "state": range(1, 5),
            "resistance_ohm": RESISTANCE,
            "resistance_u_ohm": 1e-3,
            "level": levels(RESISTANCE),
        }
    )
    return train_sets(
        lut, advice(lut), images, network={"model": "mlp", "layers": [784, 10]},
        recipe={"learning_rate": 1e-2, "batch": 20}, epochs=2, best=1, seeds=[0, 1],
    )  # fmt: skip


def test_all_states_and_the_best_set_are_trained_with_both_mappings(table):
    assert table["states"].tolist() == [
        "float32",
        *["1 2 3 4"] * 2,
        *[table["states"].iloc[-1]] * 2,
    ]
    assert table["mapping"].tolist() == ["none", *["maxabs", "std"] * 2]
    assert table["n_states"].iloc[-1] == len(table["states"].iloc[-1].split()) < 4
    assert (table["source"] == "rows").all() and (table["n_seeds"] == 2).all()


def test_accuracies_are_means_with_their_errors(table):
    assert table["test_accuracy"].iloc[0] > 0.95
    assert (table["test_accuracy_u"] >= 0).all()
    assert table["test_accuracy"].between(0, 1).all()
