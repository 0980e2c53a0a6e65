"""Training with levels against training with plain PyTorch, side by side in one process.

    python bench/networks.py [--rounds 20] [--steps 50] [--threads 1] [--resnet]

Each round times every way of training for the same number of steps, one after the other, in an
order that turns; what is told is the median over the rounds of the ratio to plain PyTorch within
the round, so that what else the machine does falls on all of them alike. Images are drawn at
random: time does not depend on what they show.
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
from hall2net.networks.quantize import Projection, weight_layers

SIX = [-1.0, 0.0833, 0.3333, 0.5833, 0.75, 1.0]
BATCH = 128


class NaiveStraightThrough(torch.nn.Module):
    """What is commonly written: weights quantized anew in every forward pass."""

    def __init__(self, levels):
        super().__init__()
        self.levels = torch.tensor(levels)

    def forward(self, weight):
        scale = weight.detach().abs().max()
        distance = (weight.detach()[..., None] / scale - self.levels).abs()
        quantized = scale * self.levels[distance.argmin(-1)]
        return weight + (quantized - weight).detach()


def build(network, shape):
    torch.manual_seed(0)
    moments = {"mean": [0.0] * shape[0], "std": [1.0] * shape[0]}
    return models.build(
        network, shape=shape, classes=10, dropout=(0, 0), batch_norm=False, **moments
    )


def plain(network, shape, optimizer):
    model = build(network, shape)
    return model, optimizer(model.parameters())


def with_levels(network, shape, optimizer, levels, mapping):
    model = build(network, shape)
    projection = Projection(model, levels, mapping)
    others = [p for p in model.parameters() if not any(p is w for w in projection.weights)]
    stepped = optimizer([*projection.parameters(), *others], fused=True)
    projection.attach(stepped)
    return model, stepped


def naive(network, shape, optimizer, levels):
    model = build(network, shape)
    for name in weight_layers(model):
        layer = model.get_submodule(name)
        torch.nn.utils.parametrize.register_parametrization(
            layer, "weight", NaiveStraightThrough(levels)
        )
    return model, optimizer(model.parameters())


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


def compare(title, ways, x, y, rounds, steps, bfloat16=False):
    for model, optimizer in ways.values():
        seconds(model, optimizer, x, y, 2, bfloat16)
    names, times = list(ways), {name: [] for name in ways}
    for turn in range(rounds):
        for name in np.roll(names, turn):
            times[name].append(seconds(*ways[name], x, y, steps, bfloat16))
    print(f"\n{title}: {rounds} rounds of {steps} steps of {BATCH} images")
    for name in names:
        ratios = [base / own for base, own in zip(times[names[0]], times[name], strict=True)]
        middle = statistics.median(times[name]) / steps * 1e3
        low, high = np.quantile(ratios, [0.25, 0.75])
        print(
            f"  {name:34s} {middle:9.3f} ms a step, speed {statistics.median(ratios):5.2f} "
            f"({low:.2f} to {high:.2f})"
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
    mlp, shape = {"model": "mlp", "layers": [784, 256, 128, 10]}, (1, 28, 28)
    ways = {
        "float32, torch.optim.Adam": plain(mlp, shape, adam),
        "float32, Adam(fused=True)": plain(mlp, shape, lambda p: adam(p, fused=True)),
        "six states, maxabs": with_levels(mlp, shape, adam, SIX, "maxabs"),
        "six states, std": with_levels(mlp, shape, adam, SIX, "std"),
        "six states, learned": with_levels(mlp, shape, adam, SIX, "learned"),
        "32 states, std": with_levels(mlp, shape, adam, np.linspace(-1, 1, 32).tolist(), "std"),
        "six states, naive straight-through": naive(mlp, shape, adam, SIX),
    }
    compare("perceptron 784-256-128-10", ways, x, y, arguments.rounds, arguments.steps)
    input_rate(x)

    if arguments.resnet:

        def sgd(parameters, **more):
            return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, nesterov=True, **more)

        x = torch.randint(0, 256, (2000, 3, 32, 32), dtype=torch.uint8, generator=generator)
        y = torch.randint(0, 10, (2000,), generator=generator)
        network, shape = {"model": "resnet18", "base_width": 16}, (3, 32, 32)
        levels = np.linspace(-1, 1, 32).tolist()
        ways = {
            "float, torch.optim.SGD": plain(network, shape, sgd),
            "32 states, std": with_levels(network, shape, sgd, levels, "std"),
        }
        compare("ResNet-18, width 16, bfloat16", ways, x, y, 7, 3, bfloat16=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\npeak memory of this process: {peak:.2f} GiB")


if __name__ == "__main__":
    main()
