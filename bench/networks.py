"""Training with levels against training with plain PyTorch, side by side in one process.

    python bench/networks.py [--rounds 20] [--steps 50] [--threads 1] [--resnet]

Each round times every way of training for the same number of steps, one after the other, in an
order that rotates. The result is the median over the rounds of the ratio to plain PyTorch within
the round: other load on the machine affects all of them alike. Images are random: the time does
not depend on their content.

`torch.optim.Adam` makes temporary arrays in every step. In a new process the C library may return
their memory to the system each time, and plain PyTorch then loses up to a third of its time to page
faults. After a large array was made and freed once, the library keeps the memory; the script does
so, and its table shows that no faults are left.

Brevitas is included if it is installed.
"""

import argparse
import platform
import resource
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F

from hall2net.networks import models
from hall2net.networks.average import Average
from hall2net.networks.models import weight_layers
from hall2net.networks.quantize import NoisyWrites, Projection, nearest
from hall2net.synapse.model import Synapse

SIX = [-1.0, 0.0833, 0.3333, 0.5833, 0.75, 1.0]
BATCH = 128


class NaiveStraightThrough(torch.nn.Module):
    """The common way: weights quantized in every forward pass."""

    def __init__(self, levels):
        super().__init__()
        self.levels = torch.tensor(levels)

    def forward(self, weight):
        scale = weight.detach().abs().max()
        quantized = scale * self.levels[nearest(weight.detach() / scale, self.levels)]
        return weight + (quantized - weight).detach()


def build(network, shape):
    torch.manual_seed(0)
    moments = {"mean": [0.0] * shape[0], "std": [1.0] * shape[0]}
    return models.build(
        network, shape=shape, classes=10, dropout=(0, 0), batch_norm=False, **moments
    )


def plain_perceptron(linear=torch.nn.Linear, **settings):
    """As in a tutorial; `linear` may be Brevitas's."""
    torch.manual_seed(0)
    return torch.nn.Sequential(
        Normalise(),
        linear(784, 256, bias=True, **settings),
        torch.nn.ReLU(),
        linear(256, 128, bias=True, **settings),
        torch.nn.ReLU(),
        linear(128, 10, bias=True, **settings),
    )


class Normalise(torch.nn.Module):
    def forward(self, x):
        return x.flatten(1).float() / 255


def floating(model, optimizer, **more):
    return model, optimizer(model.parameters(), **more)


def with_levels(model, optimizer, levels, mapping):
    projection = Projection(model, levels, mapping)
    others = [p for p in model.parameters() if not any(p is w for w in projection.weights)]
    stepped = optimizer([*projection.parameters(), *others], fused=True)
    projection.attach(stepped)
    return model, stepped


def noise_aware(model, optimizer, levels, mapping):
    """Each step writes all weights to devices with a scatter of 5 % and reads them."""
    projection = Projection(model, levels, mapping)
    others = [p for p in model.parameters() if not any(p is w for w in projection.weights)]
    stepped = optimizer([*projection.parameters(), *others], fused=True)
    projection.attach(stepped)
    z = 0.05 * torch.special.ndtri((torch.arange(512) + 0.5) / 512).expand(len(levels), -1)
    nothing = torch.zeros(len(levels))
    noise = NoisyWrites(projection, Synapse(torch.tensor(levels), z, z, nothing, nothing))
    noise.begin(0)
    stepped.register_step_post_hook(lambda *_: noise.write())
    return model, stepped


def averaged(model, stepped):
    tensors = [tensor for group in stepped.param_groups for tensor in group["params"]]
    average = Average(tensors, 1000, lambda: None)
    stepped.register_step_post_hook(lambda *_: average.update())
    return model, stepped


def naive(model, optimizer, levels):
    for name in weight_layers(model):
        layer = model.get_submodule(name)
        torch.nn.utils.parametrize.register_parametrization(
            layer, "weight", NaiveStraightThrough(levels)
        )
    return model, optimizer(model.parameters())


def brevitas_layer():
    """Brevitas's linear layer; None if it is not installed."""
    try:
        from brevitas.nn import QuantLinear
    except ImportError:
        return None
    return QuantLinear


def seconds(model, optimizer, x, y, steps, bfloat16):
    model.train()
    order = torch.randint(0, len(x), (steps, BATCH))
    begin = time.perf_counter()
    for batch in order:
        images, labels = x.index_select(0, batch), y.index_select(0, batch)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = model(images)
        model.zero_grad()
        F.cross_entropy(logits.float(), labels).backward()
        optimizer.step()
    return time.perf_counter() - begin


def page_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def compare(title, ways, x, y, rounds, steps, bfloat16=False):
    for model, optimizer in ways.values():
        seconds(model, optimizer, x, y, 2, bfloat16)
    names, times = list(ways), {name: [] for name in ways}
    faults = dict.fromkeys(ways, 0)
    for turn in range(rounds):
        for name in np.roll(names, turn):
            before = page_faults()
            times[name].append(seconds(*ways[name], x, y, steps, bfloat16))
            faults[name] += page_faults() - before
    print(f"\n{title}: {rounds} rounds of {steps} steps of {BATCH} images")
    print(f"  {'':36s} ms a step  page faults  speed (quartiles)")
    for name in names:
        ratios = [
            base / time_of for base, time_of in zip(times[names[0]], times[name], strict=True)
        ]
        middle = statistics.median(times[name]) / steps * 1e3
        low, high = np.quantile(ratios, [0.25, 0.75])
        print(
            f"  {name:36s} {middle:9.3f}  {faults[name] / rounds / steps:11.0f}  "
            f"{statistics.median(ratios):5.2f} ({low:.2f} to {high:.2f})",
            flush=True,
        )


def input_rate(x, rounds=200):
    order = torch.randperm(len(x)).split(BATCH)[:rounds]
    begin = time.perf_counter()
    for batch in order:
        x.index_select(0, batch).float()
    rate = len(order) * BATCH / (time.perf_counter() - begin)
    print(f"\ninput: {rate / 1e6:.1f} million images a second")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resnet", action="store_true", help="ResNet-18 of width 16 too: minutes")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(
        f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, "
        f"torch {torch.__version__}, {arguments.threads} thread(s)"
    )

    def adam(parameters, **more):
        return torch.optim.Adam(parameters, lr=1e-3, weight_decay=1e-5, **more)

    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (20000, 1, 28, 28), dtype=torch.uint8, generator=generator)
    y = torch.randint(0, 10, (20000,), generator=generator)

    def perceptron():
        return build({"model": "mlp", "layers": [784, 256, 128, 10]}, (1, 28, 28))

    thirty_two = np.linspace(-1, 1, 32).tolist()
    torch.empty(2**23 - 2**16)  # Just under the 32 MiB to which glibc raises its threshold.
    ways = {
        "plain PyTorch, torch.optim.Adam": floating(plain_perceptron(), adam),
        "plain PyTorch, Adam(fused=True)": floating(plain_perceptron(), adam, fused=True),
        "hall2net, float32": floating(perceptron(), adam, fused=True),
        "six states, std": with_levels(perceptron(), adam, SIX, "std"),
        "six states, std, averaged": averaged(*with_levels(perceptron(), adam, SIX, "std")),
        "six states, maxabs": with_levels(perceptron(), adam, SIX, "maxabs"),
        "six states, learned": with_levels(perceptron(), adam, SIX, "learned"),
        "six states, std, noise-aware": noise_aware(perceptron(), adam, SIX, "std"),
        "32 states, std": with_levels(perceptron(), adam, thirty_two, "std"),
        "six states, naive straight-through": naive(plain_perceptron(), adam, SIX),
    }
    if layer := brevitas_layer():
        ways["3 bits, Brevitas"] = floating(plain_perceptron(layer, weight_bit_width=3), adam)
    compare("perceptron 784-256-128-10", ways, x, y, arguments.rounds, arguments.steps)
    if layer is None:
        print("  (Brevitas is not installed)")
    input_rate(x)

    if arguments.resnet:

        def sgd(parameters, **more):
            return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, nesterov=True, **more)

        def resnet():
            return build({"model": "resnet18", "base_width": 16}, (3, 32, 32))

        x = torch.randint(0, 256, (2000, 3, 32, 32), dtype=torch.uint8, generator=generator)
        y = torch.randint(0, 10, (2000,), generator=generator)
        ways = {
            "float, torch.optim.SGD": floating(resnet(), sgd),
            "32 states, maxabs": with_levels(resnet(), sgd, thirty_two, "maxabs"),
            "32 states, std": with_levels(resnet(), sgd, thirty_two, "std"),
        }
        compare("ResNet-18, width 16, bfloat16", ways, x, y, 15, 3, bfloat16=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\npeak memory of this process: {peak:.2f} GiB")


if __name__ == "__main__":
    main()
