"""Means of weights over the steps: against closed forms and pandas."""

import numpy as np
import pandas as pd
import pytest
import torch

from hall2net.networks.average import Average


def walk(steps):
    """A tensor that a training steps, and where it was after every step."""
    torch.manual_seed(0)
    return torch.zeros(3), torch.randn(steps, 3).cumsum(0)


def averaged(path, steps):
    tensor = torch.zeros(3)
    average = Average([tensor], steps, lambda: None)
    for place in path:
        tensor.copy_(place)
        average.update()
    return average


def test_of_few_steps_it_is_the_plain_mean():
    _, path = walk(20)
    assert averaged(path, 1000).means[0].numpy() == pytest.approx(path.mean(0).numpy(), abs=1e-5)


def test_of_many_steps_it_forgets_exponentially():
    _, path = walk(400)
    share = 1 - np.exp(-1 / 5)
    expected = pd.DataFrame(path.numpy()).ewm(alpha=share, adjust=False).mean().iloc[-1]
    assert averaged(path, 5).means[0].numpy() == pytest.approx(expected.to_numpy(), rel=1e-4)


def test_values_are_put_back_as_they_were():
    tensor, path = walk(50)
    values, calls = [], []
    average = Average([tensor], 10, lambda: calls.append(tensor.clone()))
    for place in path:
        tensor.copy_(place)
        average.update()
    means = average.means[0].clone()
    with average.in_place():
        values.append(tensor.clone())
    assert torch.equal(values[0], means)
    assert torch.equal(tensor, path[-1]) and torch.equal(average.means[0], means)
    assert torch.equal(calls[0], means) and torch.equal(calls[1], path[-1])


def test_at_a_constant_rate_the_mean_lies_nearer_to_the_minimum():
    """SGD on x^2 / 2 with gradient noise of variance 1: the last value has the variance
    rate / (2 - rate); a mean over many of its memories, 1 / rate, has far less."""
    rate, runs = 0.2, 4000
    torch.manual_seed(1)
    x = torch.zeros(runs)
    average = Average([x], 100, lambda: None)
    for _ in range(800):
        x.sub_(rate * (x + torch.randn(runs)))
        average.update()
    assert x.var().item() == pytest.approx(rate / (2 - rate), rel=0.1)
    # Of an exponential mean of white gradient noise: 1 / (2 steps), where steps is long against
    # the memory.
    assert average.means[0].var().item() == pytest.approx(1 / 200, rel=0.15)
