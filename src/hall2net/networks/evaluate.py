"""Trained networks, tested: with exact weights, and with the deviations of devices."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hall2net.errors import Hall2netError
from hall2net.networks.data import Images
from hall2net.networks.models import Network, SavedNetwork, weight_layers
from hall2net.networks.quantize import Projection, nearest
from hall2net.synapse.model import PARTS, REFERENCE_TIME_S, Synapse


@torch.no_grad()
def predictions(model: nn.Module, x: Tensor) -> Tensor:
    """The class (n,) that a network takes each image for.

    Parameters
    ----------
    model : takes images, gives logits (n, classes); it is put into evaluation mode
    x : (n, channels, height, width), uint8
    """
    model.eval()
    return torch.cat([model(part).argmax(1) for part in x.split(1000)])


def confusion_matrix(model: nn.Module, x: Tensor, y: Tensor, classes: int) -> np.ndarray:
    """Counts (classes, classes) of images by true class (row) and predicted class.

    Parameters
    ----------
    model, x : as `predictions` takes them
    y : (n,), true classes
    classes : number of classes
    """
    counts = torch.bincount(y * classes + predictions(model, x), minlength=classes**2)
    return counts.view(classes, classes).cpu().numpy()


def accuracy(model: nn.Module, images: Images) -> float:
    """Fraction of test images classified correctly."""
    device = next(model.parameters()).device
    x, y = images.test_x.to(device), images.test_y.to(device)
    counts = confusion_matrix(model, x, y, len(images.classes))
    return float(np.trace(counts) / counts.sum())


def map_after_training(saved: SavedNetwork, levels: Sequence[float], mapping: str) -> Network:
    """A network trained in float, its weights then set to the nearest levels.

    Parameters
    ----------
    saved : network of a float32 run
    levels, mapping : as `Projection` takes them
    """
    model = saved.network()
    Projection(model, levels, mapping)
    return model


@torch.no_grad()
def monte_carlo(
    saved: SavedNetwork,
    images: Images,
    synapse: Synapse,
    *,
    draws: int = 20,
    seed: int = 0,
    time_s: float = REFERENCE_TIME_S,
    device: str = "cpu",
) -> np.ndarray:
    """Test accuracies (draws,) of a network of levels, each draw with new arrays of devices.

    Every weight has its own device. Each draw reads every device once and classifies all test
    images with these values. The drift, which is known within its uncertainty alone, is drawn for
    each array.

    Parameters
    ----------
    saved : network of a run with levels
    images : test images
    synapse : the device model, with the levels of the network
    draws : number of arrays
    seed : of the first array. Array i of two calls with the same seed has the same random numbers,
        also when parts of the device model are switched off
    time_s : between writing and reading, for the drift
    device : torch's name of the device that computes; CPU and GPU draw different numbers

    Raises
    ------
    Hall2netError
        If the network has float weights, or other levels than the device model.
    """
    scales = _scales_on(saved, synapse)
    model = saved.network().to(device)
    synapse = synapse.to(device)
    layers = weight_layers(model)
    states = {
        name: nearest((weight / scales[name]).contiguous(), synapse.levels)
        for name, weight in layers.items()
    }
    accuracies = []
    for draw in tqdm(range(draws), "arrays of devices", leave=False):
        generator = torch.Generator(device).manual_seed(1_000_003 * (seed + 1) + draw)
        # Its own numbers: those of writes and reads must not depend on the drift.
        of_drift = torch.Generator(device).manual_seed(7_000_003 * (seed + 1) + draw)
        chip = synapse.with_drawn_drift(of_drift)
        for name, weight in layers.items():
            array = chip.write(states[name], generator)
            weight.copy_(scales[name] * chip.read(array, generator, time_s))
        accuracies.append(accuracy(model, images))
    return np.array(accuracies)


def _scales_on(saved: SavedNetwork, synapse: Synapse) -> dict[str, float]:
    """Scales of a network whose weights have the levels of the device model."""
    known, levels = saved.levels, synapse.levels.tolist()
    if known is None or saved.scales is None:
        found = "float weights"
    elif len(known) != len(levels) or not np.allclose(known, levels, atol=1e-5):
        found = f"the {len(known)} levels {known}"
    else:
        return saved.scales
    raise Hall2netError(
        f"the network has {found}; the device model has the {len(levels)} levels {levels}"
    )


def loss_attribution(
    trained: Mapping[str, Sequence[float]],
    saved: SavedNetwork,
    images: Images,
    synapse: Synapse,
    *,
    draws: int = 20,
    seed: int = 0,
    time_s: float = REFERENCE_TIME_S,
    device: str = "cpu",
) -> pd.DataFrame:
    """Loss of accuracy at each step from float weights to devices.

    Parameters
    ----------
    trained : name of a step to the test accuracies of its trainings, one a seed; in order, such as
        float32, evenly spaced levels, measured levels
    saved : the network with the measured levels
    images, draws, seed, time_s, device : as `monte_carlo` takes them
    synapse : the device model; its parts are added in this order: programming error, read noise,
        device to device, drift, stuck devices

    Returns
    -------
    DataFrame, one row a step: `step, accuracy`, `accuracy_sd` (standard deviation over seeds or
    arrays, since a user has one of them; empty for one), `accuracy_min` (the worst of them),
    `cost_points`, `cost_points_sd`, `n`. The cost is the difference to the previous step, in
    percentage points. The arrays of a draw are the same in every step, so that costs are paired
    differences. A part of the device that was not measured has n = 0 and no accuracy or cost; the
    steps after it go on from the one before. A drift is read once more against a reference column
    (`Synapse.with_reference`), in a row that no later step goes on from.
    """
    rows = []
    for step, accuracies in trained.items():
        values = np.asarray(accuracies, dtype=float)
        rows.append({"step": step, **_of_accuracies(values)})
    table = pd.DataFrame(rows)
    table["cost_points"] = -100 * table["accuracy"].diff()
    table["cost_points_sd"] = 100 * np.hypot(table["accuracy_sd"], table["accuracy_sd"].shift())

    def tested(synapse: Synapse) -> np.ndarray:
        return monte_carlo(
            saved, images, synapse, draws=draws, seed=seed, time_s=time_s, device=device
        )

    previous = np.full(draws, accuracy(saved.network().to(device), images))
    noisy = []
    off = list(PARTS)
    for step, part in _STEPS.items():
        off.remove(part)
        if part in synapse.unmeasured:
            noisy.append({"step": step, "n": 0})
            continue
        found = tested(synapse.without(*off))
        noisy.append({"step": step, **_of_accuracies(found), **_costs(previous - found)})
        if part == "drift":
            against = tested(synapse.without(*off).with_reference())
            noisy.append(
                {
                    "step": f"{step}, reference column",
                    **_of_accuracies(against),
                    **_costs(previous - against),
                }
            )
        previous = found
    return pd.concat([table, pd.DataFrame(noisy)], ignore_index=True)[_ATTRIBUTION]


_STEPS = {
    "programming error": "programming",
    "read noise": "reading",
    "device to device": "devices",
    "drift": "drift",
    "stuck devices": "stuck",
}
"""Steps of the attribution, in order, and the part of the device that each adds."""

_ATTRIBUTION = [
    "step", "accuracy", "accuracy_sd", "accuracy_min", "cost_points", "cost_points_sd", "n",
]  # fmt: skip


def _of_accuracies(values: np.ndarray) -> dict[str, float]:
    return {
        "accuracy": values.mean(),
        "accuracy_sd": _sd(values),
        "accuracy_min": values.min(),
        "n": len(values),
    }


def _costs(differences: np.ndarray) -> dict[str, float]:
    return {"cost_points": 100 * differences.mean(), "cost_points_sd": 100 * _sd(differences)}


def _sd(values: np.ndarray) -> float:
    """Standard deviation; NaN for a single value."""
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan
