"""Weights are levels, and nothing but levels."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from hall2net.errors import ConfigError
from hall2net.networks import models
from hall2net.networks.models import weight_layers
from hall2net.networks.quantize import (
    MAPPINGS,
    NoisyWrites,
    Projection,
    Pulses,
    nearest,
    normal_factor,
)
from hall2net.synapse.model import Synapse

SIX = [-1.0, 0.0833, 0.3333, 0.5833, 0.75, 1.0]


def perceptron(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 4))


def resnet():
    torch.manual_seed(0)
    network = {"model": "resnet18", "base_width": 4}
    moments = {"mean": [0.5] * 3, "std": [0.25] * 3}
    return models.build(
        network, shape=(3, 32, 32), classes=10, dropout=(0, 0), batch_norm=False, **moments
    )


def step(model, projection, optimizer, seed=1):
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randn(8, 20, generator=generator), torch.arange(8) % 4
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("levels", [SIX, [-1.0, 1.0], np.linspace(-1, 1, 32).tolist()])
@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_weights_stay_scale_times_level_while_training(mapping, levels, kind):
    model = perceptron()
    projection = Projection(model, levels, mapping)
    groups = [*projection.parameters(), model[0].bias, model[2].bias]
    if kind == "adam":
        optimizer = torch.optim.Adam(groups, lr=0.01, fused=True)
    else:
        optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9, fused=True)
    projection.attach(optimizer)
    before = model[0].weight.detach().clone()
    for seed in range(20):
        step(model, projection, optimizer, seed)
    assert not torch.equal(before, model[0].weight)
    for weight, scale in zip(weight_layers(model).values(), projection.scales(), strict=True):
        allowed = torch.tensor(levels) * scale
        assert torch.isin(weight.detach(), allowed).all()


def test_every_convolution_of_resnet_is_quantized_and_nothing_else():
    model = resnet()
    others = {
        name: p.detach().clone()
        for name, p in model.named_parameters()
        if not any(p is w for w in weight_layers(model).values())
    }
    projection = Projection(model, SIX, "std")
    # 1 stem, 4 stages of 4, 3 shortcuts, 1 fully connected layer.
    assert len(projection.weights) == 21
    for weight, scale in zip(projection.weights, projection.scales(), strict=True):
        assert torch.isin(weight.detach(), torch.tensor(SIX) * scale).all()
    for name, p in model.named_parameters():
        if name in others:
            assert torch.equal(p, others[name])


def test_each_weight_is_the_level_nearest_to_its_latent():
    model = resnet()
    latents = {name: w.detach().clone() for name, w in weight_layers(model).items()}
    projection = Projection(model, SIX, "std")
    for (_, latent), weight, scale in zip(
        latents.items(), projection.weights, projection.scales(), strict=True
    ):
        level = torch.tensor(SIX)
        distance = (latent[..., None] / scale - level).abs()
        chosen = (latent / scale - weight.detach() / scale).abs()
        # The table of the projection resolves the middle of two levels to half a cell.
        assert (chosen - distance.amin(-1)).max() < 2 / 2**12 + 1e-6


@pytest.mark.parametrize("make", [perceptron, resnet])
def test_scales_of_the_mappings(make):
    weights = [w.detach().clone() for w in weight_layers(make()).values()]
    maxabs = Projection(make(), SIX, "maxabs").scales()
    std = Projection(make(), SIX, "std").scales()
    learned = Projection(make(), SIX, "learned").scales()
    expected = torch.stack([w.abs().max() for w in weights])
    torch.testing.assert_close(maxabs, expected)
    sigma = torch.tensor([w.std(correction=0) for w in weights])
    torch.testing.assert_close(std, sigma * normal_factor(tuple(SIX)))
    torch.testing.assert_close(learned, std)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_a_layer_does_not_feel_its_neighbours(mapping):
    # Few weights, several rows of them, a full row, a full row and one more: alone as together.
    torch.manual_seed(0)
    sizes = [(3, 2), (70, 50), (32, 32), (25, 41)]
    layers = [nn.Linear(wide, narrow) for wide, narrow in sizes]
    with torch.no_grad():
        for i, layer in enumerate(layers):
            layer.weight.mul_(100.0**i).add_(0.5 * 100.0**i)
    alone = [nn.Sequential(nn.Linear(*size)) for size in sizes]
    for one, layer in zip(alone, layers, strict=True):
        one[0].load_state_dict(layer.state_dict())
    together = Projection(nn.ModuleList(layers), SIX, mapping)
    for i, one in enumerate(alone):
        projection = Projection(one, SIX, mapping)
        torch.testing.assert_close(projection.scales()[0], together.scales()[i])
        torch.testing.assert_close(one[0].weight, layers[i].weight)
        torch.testing.assert_close(projection.latents[0], together.latents[i], rtol=0, atol=0)


def test_normal_factor_has_the_closed_form_of_binary_levels():
    # E|z| of a standard normal z.
    assert normal_factor((-1.0, 1.0)) == pytest.approx(math.sqrt(2 / math.pi), rel=0.005)


def test_normal_factor_is_that_of_the_lloyd_max_uniform_quantizer():
    # Max (1960), IRE Trans. Inf. Theory 6, 7: step 0.5860 of the uniform 8-level quantizer.
    step = 2 / 7
    levels = tuple(np.linspace(-1, 1, 8))
    assert normal_factor(levels) * step == pytest.approx(0.5860, rel=0.01)


def test_gradient_goes_straight_through():
    model = perceptron()
    projection = Projection(model, SIX, "std")
    optimizer = torch.optim.SGD(projection.parameters(), lr=0.5)
    projection.attach(optimizer)
    before = [latent.detach().clone() for latent in projection.latents]
    step(model, projection, optimizer)
    for old, new, weight in zip(before, projection.latents, projection.weights, strict=True):
        assert weight.grad.abs().max() > 0
        torch.testing.assert_close(new.detach(), old - 0.5 * weight.grad)


def test_gradient_of_the_learned_scale_is_that_of_autograd():
    model = perceptron()
    projection = Projection(model, SIX, "learned")
    optimizer = torch.optim.SGD(projection.parameters(), lr=0.0)
    projection.attach(optimizer)
    log_scale = projection.log_scale.detach().clone().requires_grad_()
    step(model, projection, optimizer)
    total = 0
    for latent, weight, s in zip(
        projection.latents, projection.weights, log_scale.exp(), strict=True
    ):
        ratio = latent.detach() / s
        inside = ratio.clamp(-1, 1)
        level = torch.tensor(SIX)[nearest(ratio.detach(), torch.tensor(SIX))]
        quantized = s * (inside + (level - inside).detach())
        total = total + (quantized * weight.grad).sum()
    total.backward()
    torch.testing.assert_close(projection.log_scale.grad, log_scale.grad, rtol=1e-4, atol=1e-7)


def test_another_look_up_table_gives_other_logits():
    x = torch.randn(5, 20, generator=torch.Generator().manual_seed(0))
    logits = []
    for levels in (SIX, [-1.0, -0.6, -0.2, 0.2, 0.6, 1.0]):
        model = perceptron()
        Projection(model, levels, "std")
        logits.append(model(x))
    assert (logits[0] - logits[1]).abs().max() > 1e-3


def test_many_fine_levels_are_float_weights():
    x = torch.randn(5, 20, generator=torch.Generator().manual_seed(0))
    model, plain = perceptron(), perceptron()
    Projection(model, np.linspace(-1, 1, 2001).tolist(), "maxabs")
    torch.testing.assert_close(model(x), plain(x), atol=3e-3, rtol=0)


def test_a_latent_that_is_not_a_number_still_gives_a_level():
    model = perceptron()
    projection = Projection(model, SIX, "learned")
    with torch.no_grad():
        projection.latents[0][0, :3] = torch.tensor([float("nan"), float("inf"), -float("inf")])
    projection.project()
    assert torch.isin(model[0].weight, torch.tensor(SIX) * projection.scales()[0]).all()


def test_written_weights_scatter_as_their_states_do():
    model = nn.Sequential(nn.Linear(200, 150))
    projection = Projection(model, SIX, "std")
    exact = model[0].weight.detach() / projection.scales()[0]
    sigma = torch.tensor([0.01, 0.02, 0.03, 0.04, 0.05, 0.06])
    signs = torch.tensor([-1.0, 1.0])
    nothing = torch.zeros(6)
    device = Synapse(torch.tensor(SIX), sigma[:, None] * signs, nothing[:, None], nothing, nothing)
    noise = NoisyWrites(projection, device)
    noise.begin(seed=0)
    states = nearest(exact, torch.tensor(SIX))
    signs = []
    for _ in range(2):
        noise.write()
        deviation = model[0].weight.detach() / projection.scales()[0] - exact
        torch.testing.assert_close(deviation.abs(), sigma[states], rtol=1e-4, atol=1e-6)
        signs.append(deviation.sign().flatten())
    assert states.unique().numel() == 6
    # Signs of one write are independent from weight to weight, and from one write to the next.
    bound = 4 / math.sqrt(len(signs[0]))
    assert abs(signs[0].mean()) < bound and abs((signs[0] * signs[1]).mean()) < bound
    for distance in (1, 6, 200):
        assert abs((signs[0][distance:] * signs[0][:-distance]).mean()) < bound
    noise.end()
    assert torch.equal(model[0].weight.detach() / projection.scales()[0], exact)


def test_noise_aware_devices_without_deviations_hold_the_levels():
    model, nothing = resnet(), torch.zeros(6)
    projection = Projection(model, SIX, "std")
    exact = [weight.detach().clone() for weight in projection.weights]
    ideal = Synapse(torch.tensor(SIX), nothing[:, None], nothing[:, None], nothing, nothing)
    noise = NoisyWrites(projection, ideal)
    noise.begin(seed=0)
    noise.write()
    for weight, level in zip(projection.weights, exact, strict=True):
        assert torch.equal(weight.detach(), level)


def test_histogram_counts_every_weight_at_its_level():
    model = perceptron()
    counts = Projection(model, SIX, "std").counts()
    for name, weight in weight_layers(model).items():
        values, expected = weight.detach().unique(return_counts=True)
        assert counts[name][counts[name] > 0].tolist() == expected.tolist()


def test_a_mapping_that_is_not():
    with pytest.raises(ConfigError, match="expected one of maxabs, std, learned"):
        Projection(perceptron(), SIX, "median")


def pulsed(levels=SIX, rows=400):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(250, rows, bias=False))
    return model, Pulses(model, levels, "std")


def test_pulses_give_what_was_asked_for_on_average():
    model, pulses = pulsed(np.linspace(-1, 1, 21).tolist())
    before, scale = model[0].weight.detach().clone(), pulses.scales()[0]
    inside = (before.abs() < 0.85 * scale) & torch.rand(before.shape).gt(0.5)
    with torch.no_grad():
        pulses.latents[0] += torch.where(inside, 0.033 * scale, 0.0)
    pulses.project()
    change = (model[0].weight.detach() - before) / scale
    # A third of a pulse of 0.1: one pulse in a third of the cases, else none.
    p, n = 0.33, int(inside.sum())
    assert change[~inside].abs().max() == 0
    moved = change[inside]
    assert torch.isclose(moved, torch.tensor(0.1), atol=1e-4).sum().item() == pytest.approx(
        p * n, abs=4 * math.sqrt(n * p * (1 - p))
    )
    assert torch.isclose(moved, torch.tensor(0.0), atol=1e-4).logical_or(moved > 0.05).all()


def test_pulses_go_along_the_measured_states_and_end_at_the_last():
    model, pulses = pulsed()
    scale, level = pulses.scales()[0], torch.tensor(SIX)
    states = nearest(model[0].weight.detach() / scale, level)
    with torch.no_grad():
        # A pulse is 2/5 of the scale, the mean distance of six levels.
        pulses.latents[0] += 2 * 0.4 * scale * (1 + 1e-5)
    pulses.project()
    found = nearest(model[0].weight.detach() / scale, level)
    late = (found - (states + 2).clamp(max=5)).abs()
    assert (late > 0).float().mean() < 1e-3
    torch.testing.assert_close(model[0].weight.detach(), level[found] * scale)
    torch.testing.assert_close(pulses.latents[0].detach(), model[0].weight.detach())
    assert torch.equal(pulses.scales()[0], scale)


def test_pulses_take_a_gradient_that_is_no_number_for_none():
    model, pulses = pulsed()
    before = model[0].weight.detach().clone()
    with torch.no_grad():
        pulses.latents[0][0, 0] = float("nan")
    pulses.project()
    assert torch.equal(model[0].weight, before)
