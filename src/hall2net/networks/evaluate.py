"""Trained networks, tested: as they are, and with what devices do to their weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hall2net.errors import FileError, Hall2netError
from hall2net.files import DELETE
from hall2net.networks import models
from hall2net.networks.data import Images
from hall2net.networks.quantize import Projection, nearest, weight_layers
from hall2net.synapse.model import PARTS, REFERENCE_TIME_S, Synapse


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
        found = f"is no network ({type(error).__name__})"
        raise FileError(path, found, f"the model.pt of a training; {DELETE}") from error
    return content


def network(content: Mapping[str, Any]) -> models.Network:
    """The trained network of `read_model`, in evaluation mode."""
    model = models.build(**content["plan"])
    model.load_state_dict(content["state"])
    return model.eval()


@torch.no_grad()
def confusion_matrix(model: nn.Module, x: Tensor, y: Tensor, classes: int) -> np.ndarray:
    """Counts (classes, classes) of images by true class (row) and predicted class.

    Parameters
    ----------
    model : takes images, gives logits (n, classes); it is put into evaluation mode
    x : (n, channels, height, width), uint8
    y : (n,), true classes
    classes : number of classes
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
) -> models.Network:
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
    synapse: Synapse,
    *,
    draws: int = 20,
    seed: int = 0,
    time_s: float = REFERENCE_TIME_S,
    device: str = "cpu",
) -> np.ndarray:
    """Test accuracies (draws,) of a network of levels, each draw another array of devices.

    Every weight is written to a device of its own. One draw reads every device once, and with that
    read tells all test images.

    Parameters
    ----------
    content : of a run with levels, from `read_model`
    images : test images
    synapse : the device model, with the levels of the network
    draws : number of arrays
    seed : of the first; array i of two calls with one seed has the same randomness, whatever parts
        of the device model are switched off
    time_s : between writing and reading, for the drift
    device : torch's name of the device that computes; another kind draws other numbers

    Raises
    ------
    Hall2netError
        If the network has float weights, or other levels than the device model.
    """
    known = content["levels"]
    same = known is not None and len(known) == len(synapse.levels)
    if not (same and np.allclose(known, synapse.levels.cpu(), atol=1e-5)):
        found = "float weights" if known is None else f"the {len(known)} levels {known}"
        raise Hall2netError(
            f"the network has {found}; the device model has the {len(synapse.levels)} levels "
            f"{synapse.levels.tolist()}"
        )
    model = network(content).to(device)
    synapse = synapse.to(device)
    layers = weight_layers(model)
    scales = content["scales"]
    states = {
        name: nearest((weight / scales[name]).contiguous(), synapse.levels)
        for name, weight in layers.items()
    }
    found = []
    for draw in tqdm(range(draws), "arrays of devices", leave=False):
        generator = torch.Generator(device).manual_seed(1_000_003 * (seed + 1) + draw)
        for name, weight in layers.items():
            array = synapse.write(states[name], generator)
            weight.copy_(scales[name] * synapse.read(array, generator, time_s))
        found.append(accuracy(model, images))
    return np.array(found)


def loss_attribution(
    trained: Mapping[str, Sequence[float]],
    content: Mapping[str, Any],
    images: Images,
    synapse: Synapse,
    *,
    draws: int = 20,
    seed: int = 0,
    time_s: float = REFERENCE_TIME_S,
    device: str = "cpu",
) -> pd.DataFrame:
    """What each step from float weights to devices costs.

    Parameters
    ----------
    trained : step of idealisation to the test accuracies of its trainings, one a seed, in order:
        such as float32, as many uniform levels, the measured levels
    content : the network with the measured levels, from `read_model`
    images, draws, seed, time_s, device : as `monte_carlo` takes them
    synapse : the device model; its parts are added one after the other: programming error, read
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

    previous = np.full(draws, accuracy(network(content).to(device), images))
    noisy = []
    off = list(PARTS)
    for step, part in (
        ("programming error", "programming"),
        ("read noise", "reading"),
        ("drift", "drift"),
        ("stuck devices", "stuck"),
    ):
        off.remove(part)
        found = monte_carlo(
            content, images, synapse.without(*off),
            draws=draws, seed=seed, time_s=time_s, device=device,
        )  # fmt: skip
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
