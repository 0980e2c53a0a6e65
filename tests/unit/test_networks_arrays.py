"""Arrangements of devices, held against closed forms and against the single device."""

import numpy as np
import pandas as pd
import pytest
import torch

from hall2net.emulate.ruo2 import STATES_OHM
from hall2net.errors import ConfigError
from hall2net.networks.arrays import arrange, map_weights, weight_count
from hall2net.networks.quantize import Projection
from hall2net.synapse.lut import levels, resistances
from hall2net.synapse.model import Synapse, synapse_from_lut

SIX = torch.tensor(levels(STATES_OHM), dtype=torch.float32)
SYMMETRIC = torch.tensor([-1.0, -0.7, -0.1, 0.1, 0.7, 1.0])
WEIGHT = torch.randn(16, 40, generator=torch.Generator().manual_seed(0))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def relative_error(array, weight=WEIGHT):
    return float(((array.weights() - weight) ** 2).mean() / (weight**2).mean())


@pytest.mark.parametrize("mapping", ["maxabs", "std"])
@pytest.mark.parametrize("per", ["layer", "channel"])
@pytest.mark.parametrize("arrangement", ["single", "reference", "pair"])
def test_weights_are_scale_times_level_and_the_nearest_of_them(mapping, per, arrangement):
    array = map_weights(WEIGHT, SIX, mapping=mapping, per=per, arrangement=arrangement)
    assert array.scale.shape == ((1, 1) if per == "layer" else (16, 1))
    ladder = array.scale[..., None] * array.arrangement.levels
    distance = (WEIGHT[..., None] - ladder).abs()
    torch.testing.assert_close(
        (array.weights() - WEIGHT).abs(), distance.amin(-1), atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("arrangement", ["single", "reference", "pair"])
def test_training_takes_the_levels_of_an_arrangement(arrangement):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(12, 8), torch.nn.Linear(8, 3))
    arranged = arrange(SIX, arrangement)
    projection = Projection(model, arranged.levels.tolist(), "std")
    optimizer = torch.optim.SGD(projection.parameters(), lr=0.1)
    projection.attach(optimizer)
    for _ in range(3):
        model(torch.randn(5, 12)).square().mean().backward()
        optimizer.step()
    minus = 0.0 if arranged.minus is None else SIX[arranged.minus]
    held = arranged.gain * (SIX[arranged.plus] - minus)
    for layer, scale in zip(model, projection.scales(), strict=True):
        distance = (layer.weight[..., None] / scale - held).abs().amin(-1)
        assert distance.max() < 1e-5


def test_levels_of_the_arrangements():
    assert torch.equal(arrange(SIX).levels, SIX)
    # (l_k - l_{K-1-k})/2 of the published levels.
    pair = arrange(SIX, "pair").levels
    torch.testing.assert_close(
        pair, torch.tensor([-1, -1 / 3, -0.125, 0.125, 1 / 3, 1]), atol=1e-6, rtol=0
    )
    column = arrange(SIX, "reference")
    state = int(column.minus[0])
    assert (column.minus == state).all()
    assert column.levels[state] == 0 and column.levels.abs().max() == 1


def test_pair_of_symmetric_states_is_the_single_bipolar_device():
    single = map_weights(WEIGHT, SYMMETRIC)
    pair = map_weights(WEIGHT, SYMMETRIC, arrangement="pair")
    torch.testing.assert_close(pair.weights(), single.weights())
    assert torch.equal(pair.minus, 5 - pair.plus)


def test_pair_has_less_noise_by_the_square_root_of_two():
    weight = WEIGHT.repeat(50, 50)
    reading = 0.01 * torch.randn(6, 4096, generator=generator(1))
    nothing = torch.zeros(6, 1)
    device = Synapse(SYMMETRIC, nothing, reading, torch.zeros(6), torch.zeros(6))
    noise = [
        (array.read(device, generator()) - array.weights()).std()
        for array in (
            map_weights(weight, SYMMETRIC, arrangement=kind) for kind in ("single", "pair")
        )
    ]
    assert float(noise[0] / noise[1]) == pytest.approx(np.sqrt(2), rel=0.01)


def test_reference_column_takes_the_offset_of_lopsided_states():
    """Five of six published levels are positive: a column subtracted from all halves the error."""
    single, reference = (
        relative_error(map_weights(WEIGHT, SIX, arrangement=kind))
        for kind in ("single", "reference")
    )
    assert reference < 0.8 * single


def test_channels_of_different_size_want_scales_of_their_own():
    weight = WEIGHT * torch.logspace(-2, 0, 16)[:, None]
    layer, channel = (
        ((map_weights(weight, SIX, per=per).weights() - weight)[0] ** 2).mean()
        for per in ("layer", "channel")
    )
    assert channel < 0.05 * layer


def test_maxabs_and_given_scales():
    array = map_weights(WEIGHT, SIX, mapping="maxabs")
    assert array.scale.item() == WEIGHT.abs().max()
    assert map_weights(WEIGHT, SIX, mapping=torch.tensor(0.25)).scale.item() == 0.25


def test_many_fine_levels_are_float():
    fine = torch.linspace(-1, 1, 4001)
    assert relative_error(map_weights(WEIGHT, fine, mapping="maxabs")) < 1e-6


def test_states_come_back_from_resistances():
    """Weight to state to resistance, and from the resistance to the same weight."""
    array = map_weights(WEIGHT, SIX, arrangement="pair")
    found = []
    for states in (array.plus, array.minus):
        ohm = np.array(STATES_OHM)[states.numpy()]
        np.testing.assert_allclose(resistances(SIX[states], STATES_OHM), ohm, atol=1e-7)
        found.append(torch.tensor(2 * (ohm - 0.33) / 0.24 - 1, dtype=torch.float32))
    torch.testing.assert_close(array.weights_of(*found), array.weights(), atol=1e-5, rtol=1e-5)


def test_devices_without_variation_give_the_weights():
    lut = pd.DataFrame(
        {
            "state": range(1, 7), "resistance_ohm": STATES_OHM, "resistance_u_ohm": 0.001,
            "level": levels(STATES_OHM),
        }
    )  # fmt: skip
    device = synapse_from_lut(lut)
    for kind in ("single", "reference", "pair"):
        array = map_weights(WEIGHT, device.levels, arrangement=kind)
        assert torch.equal(array.read(device, generator()), array.weights())


def test_a_layer_of_zeros_has_no_scale_but_weights():
    array = map_weights(torch.zeros(3, 4), SIX)
    assert torch.isfinite(array.weights()).all()


def test_weights_of_the_published_networks():
    assert weight_count({"model": "mlp", "layers": [784, 256, 128, 10]}, "mnist") == 234_752
    # He et al.: 11.17 M parameters for CIFAR-10, of which 9,610 are of batch norm and bias.
    count = weight_count({"model": "resnet18", "base_width": 64}, "cifar10")
    assert count + 9_600 + 10 == 11_173_962


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mapping": "max"}, "expected maxabs, std or the scale"),
        ({"per": "row"}, "expected one of layer, channel"),
        ({"arrangement": "double"}, "expected one of single, reference, pair"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        map_weights(WEIGHT, SIX, **settings)
