"""Trained networks, tested: as they are, and with what devices do to their weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from hall2net.errors import FileError, Hall2netError
from hall2net.networks import models
from hall2net.networks.data import Images
from hall2net.networks.quantize import Projection, nearest, weight_layers


@dataclass(frozen=True)
class Variation:
    """What the devices of one array do to the levels they were told to hold, in units of level.

    Attributes
    ----------
    programming : (K,) 1 sigma of each state from one writing to the next
    read : (K,) 1 sigma of each state from one read to the next
    drift : (K,) change of each state since it was written
    stuck : fraction of the devices that stay at one of the K levels at random
    """

    programming: np.ndarray
    read: np.ndarray
    drift: np.ndarray
    stuck: float = 0.0


def variation_of(lut: pd.DataFrame, *, decades: float = 0.0, stuck: float = 0.0) -> Variation:
    """The measured variation of a look-up table, in units of level.

    Parameters
    ----------
    lut : one row a state, with `resistance_ohm, cycle_sigma_ohm, read_sigma_ohm,
        drift_per_decade_ohm`; what was not measured (empty) is taken for zero
    decades : of time since writing, for the drift
    stuck : fraction of the devices that do not switch
    """
    unit = 2 / np.ptp(lut["resistance_ohm"].to_numpy(dtype=float))

    def column(name: str) -> np.ndarray:
        return lut[name].fillna(0.0).to_numpy(dtype=float) * unit

    return Variation(
        programming=column("cycle_sigma_ohm"),
        read=column("read_sigma_ohm"),
        drift=column("drift_per_decade_ohm") * decades,
        stuck=stuck,
    )


def read_model(path: str | Path) -> dict[str, Any]:
    """The content of a run's ``model.pt``: plan, levels, mapping, scales and state.

    Raises
    ------
    FileError
        If the file is not one that `hall2net.networks.train.write_run` wrote.
    """
    try:
        content = torch.load(path, weights_only=True)
        network(content)
    except Exception as error:
        raise FileError(path, f"is no network ({type(error).__name__})", "a model.pt") from error
    return content


def network(content: Mapping[str, Any]) -> nn.Sequential:
    """The trained network of `read_model`, in evaluation mode."""
    model = models.build(**content["plan"])
    model.load_state_dict(content["state"])
    return model.eval()


@torch.no_grad()
def confusion_matrix(model: nn.Module, x: Tensor, y: Tensor, classes: int) -> np.ndarray:
    """Counts (classes, classes) of images `x` by true class (row) and predicted class.

    The model is put into evaluation mode.
    """
    model.eval()
    predicted = torch.cat([model(part).argmax(1) for part in x.split(1000)])
    counts = torch.bincount(y * classes + predicted, minlength=classes**2)
    return counts.view(classes, classes).cpu().numpy()


def accuracy(model: nn.Module, images: Images) -> float:
    """Fraction of the test images that `model` tells right."""
    device = next(model.parameters()).device
    x, y = images.test_x.to(device), images.test_y.to(device)
    counts = confusion_matrix(model, x, y, len(images.classes))
    return float(np.trace(counts) / counts.sum())


def map_after_training(
    content: Mapping[str, Any], levels: Sequence[float], mapping: str
) -> nn.Sequential:
    """A network trained in float, its weights then set to the nearest levels.

    Parameters
    ----------
    content : of a float32 run, from `read_model`
    levels, mapping : as `Projection` takes them
    """
    model = network(content)
    Projection(model, levels, mapping)
    return model


@torch.no_grad()
def monte_carlo(
    content: Mapping[str, Any],
    images: Images,
    variation: Variation,
    *,
    draws: int = 20,
    seed: int = 0,
    device: str = "cpu",
) -> np.ndarray:
    """Test accuracies (draws,) of a network of levels, each draw another array of devices.

    Every weight is ``scale * (level + drift + sigma z)`` with its own standard normal z, where
    sigma^2 is the sum of the variances of writing and of reading; the devices that are stuck hold
    another level. One draw reads every device once, and with that read tells all test images.

    Parameters
    ----------
    content : of a run with levels, from `read_model`
    images : test images
    variation : of the K states
    draws : number of arrays
    seed : of the first; array i of two calls with one seed has the same z and stuck devices
    device : torch's name of the device

    Raises
    ------
    Hall2netError
        If the network has float weights, or another number of levels than `variation`.
    """
    if content["levels"] is None or len(content["levels"]) != len(variation.programming):
        found = "float weights" if content["levels"] is None else f"{len(content['levels'])} levels"
        raise Hall2netError(
            f"the network has {found}; the variation is of {len(variation.programming)} levels"
        )
    model = network(content).to(device)
    levels = torch.tensor(content["levels"], dtype=torch.float32, device=device)
    spread = np.hypot(variation.programming, variation.read)
    spread, drift = (
        torch.tensor(values, dtype=torch.float32, device=device)
        for values in (spread, variation.drift)
    )
    layers = weight_layers(model)
    scales = content["scales"]
    held = {name: nearest(weight / scales[name], levels) for name, weight in layers.items()}
    found = []
    for draw in range(draws):
        generator = torch.Generator().manual_seed(1_000_003 * (seed + 1) + draw)
        for name, weight in layers.items():
            z, chance = (
                how(weight.shape, generator=generator).to(device)
                for how in (torch.randn, torch.rand)
            )
            other = torch.randint(len(levels), weight.shape, generator=generator).to(device)
            index = torch.where(chance < variation.stuck, other, held[name])
            weight.copy_(scales[name] * (levels[index] + drift[index] + spread[index] * z))
        found.append(accuracy(model, images))
    return np.array(found)


def loss_attribution(
    trained: Mapping[str, Sequence[float]],
    content: Mapping[str, Any],
    images: Images,
    variation: Variation,
    *,
    draws: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """What each step from float weights to devices costs.

    Parameters
    ----------
    trained : step of idealisation to the test accuracies of its trainings, one a seed, in order:
        such as float32, as many uniform levels, the measured levels
    content : the network with the measured levels, from `read_model`
    images, draws, seed : as `monte_carlo` takes them
    variation : of the devices; its parts are added one after the other: programming error, read
        noise, drift, stuck devices

    Returns
    -------
    DataFrame, one row a step: `step, accuracy, accuracy_u, cost_points, cost_points_u, n`. The
    cost is against the step before, in percentage points. `_u` is the standard error of the mean
    over seeds or draws (empty for one). The arrays of one draw are the same from step to step, so
    their cost is the mean of paired differences.
    """
    rows = []
    for step, values in trained.items():
        values = np.asarray(values, dtype=float)
        rows.append((step, values.mean(), _error(values), len(values)))
    table = pd.DataFrame(rows, columns=["step", "accuracy", "accuracy_u", "n"])
    table["cost_points"] = -100 * table["accuracy"].diff()
    table["cost_points_u"] = 100 * np.hypot(table["accuracy_u"], table["accuracy_u"].shift())

    nothing = np.zeros_like(variation.programming)
    before = Variation(nothing, nothing, nothing)
    previous = np.full(draws, accuracy(network(content), images))
    noisy = []
    for step, change in (
        ("programming error", {"programming": variation.programming}),
        ("read noise", {"read": variation.read}),
        ("drift", {"drift": variation.drift}),
        ("stuck devices", {"stuck": variation.stuck}),
    ):
        before = replace(before, **change)
        found = monte_carlo(content, images, before, draws=draws, seed=seed)
        cost = 100 * (previous - found)
        noisy.append(
            {
                "step": step,
                "accuracy": found.mean(),
                "accuracy_u": _error(found),
                "n": draws,
                "cost_points": cost.mean(),
                "cost_points_u": _error(cost),
            }
        )
        previous = found
    columns = ["step", "accuracy", "accuracy_u", "cost_points", "cost_points_u", "n"]
    return pd.concat([table, pd.DataFrame(noisy)], ignore_index=True)[columns]


def _error(values: np.ndarray) -> float:
    """Standard error of the mean; not a number for a single value."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
