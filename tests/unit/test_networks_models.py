"""Networks compute what their formulas say."""

import torch
import torch.nn.functional as F

from hall2net.networks import models


def test_linear_layer_is_that_of_double_precision_with_its_gradients():
    torch.manual_seed(0)
    layer = models.Linear(300, 200)
    x = torch.randn(17, 300, requires_grad=True)
    target = torch.randn(17, 200)
    (layer(x) * target).sum().backward()
    weight, bias, exact = (
        t.detach().double().requires_grad_() for t in (layer.weight, layer.bias, x)
    )
    y = exact @ weight.T + bias
    (y * target).sum().backward()
    torch.testing.assert_close(layer(x).double(), y, rtol=1e-5, atol=1e-5)
    for found, expected in ((layer.weight, weight), (layer.bias, bias), (x, exact)):
        torch.testing.assert_close(found.grad.double(), expected.grad, rtol=1e-5, atol=1e-5)


def test_linear_layer_without_onednn_gives_the_same(monkeypatch):
    torch.manual_seed(0)
    layer, x = models.Linear(300, 200), torch.randn(17, 300)
    with_onednn = layer(x)
    monkeypatch.setattr(models, "_HAS_BOTH_LIBRARIES", False)
    torch.testing.assert_close(with_onednn, layer(x))
    torch.testing.assert_close(with_onednn, F.linear(x, layer.weight, layer.bias))


def test_linear_layer_in_bfloat16():
    torch.manual_seed(0)
    layer, x = models.Linear(300, 200), torch.randn(17, 300)
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(x)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), layer(x), rtol=0.02, atol=0.02)


def test_a_network_in_bfloat16_gives_what_autocast_gives(monkeypatch):
    monkeypatch.setattr(models, "has_bfloat16", lambda kind: True)
    network = {"model": "resnet18", "base_width": 4}
    shared = {"shape": (3, 32, 32), "classes": 10, "mean": [0.5] * 3, "std": [0.25] * 3}
    built = []
    for bfloat16 in (False, True):
        torch.manual_seed(0)
        built.append(
            models.build(network, dropout=(0, 0), batch_norm=False, bfloat16=bfloat16, **shared)
        )
    x = torch.randint(0, 256, (8, 3, 32, 32), dtype=torch.uint8)
    with torch.autocast("cpu", torch.bfloat16):
        expected = built[0](x).float()
    found = built[1](x)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)
    assert not torch.equal(found, built[0](x))


def test_weights_of_the_published_networks():
    perceptron = {"model": "mlp", "layers": [784, 256, 128, 10]}
    assert models.weight_count(perceptron, "mnist") == 234_752
    # He et al.: 11.17 M parameters for CIFAR-10; 9,610 of them are batch norm and bias.
    count = models.weight_count({"model": "resnet18", "base_width": 64}, "cifar10")
    assert count + 9_600 + 10 == 11_173_962
