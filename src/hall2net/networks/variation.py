"""Accuracy of a trained network against the number of its states and against their noise."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from hall2net.networks.data import Images
from hall2net.networks.evaluate import accuracy, map_after_training, monte_carlo
from hall2net.networks.models import SavedNetwork
from hall2net.synapse.lut import NORMAL_WEIGHTS, check_lut, levels
from hall2net.synapse.model import Synapse

STATE_COUNTS = 8
"""Number of state counts, spaced logarithmically, at which the accuracy is tested."""

NOISE = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Sigma of one read after one write, as fractions of the range between the outer states."""


def one_write_sigma(synapse: Synapse) -> float:
    """1 sigma of one read after one write as a fraction of the range, r.m.s. over states."""
    variance = (synapse.programming**2).mean() + (synapse.reading**2).mean()
    return float(variance.sqrt() / 2)


def accuracy_against_states(
    saved: SavedNetwork, images: Images, lut: pd.DataFrame, advice: pd.DataFrame
) -> pd.DataFrame:
    """Test accuracy of a float network whose weights are set to a few states after training.

    Parameters
    ----------
    saved : network of a float32 run
    images : test images
    lut : look-up table
    advice : its `hall2net.synapse.advisor.advice`, which chooses the states to leave out

    Returns
    -------
    DataFrame, one row a network: `choice` (`float32`, `measured states`, `evenly spaced`),
    `n_states` (empty for float32), `accuracy`, `accuracy_u` (1 sigma of counting test images).
    The scale of each layer is that of the mapping `std`.
    """
    check_lut(lut)
    sets = advice[advice["choice"].isin(["as measured", "fewer states"])]
    sets = sets.sort_values("quantization_error").drop_duplicates("n_states")
    best = sets.set_index("n_states")["states"].astype(str)
    wanted = np.unique(np.geomspace(2, len(lut), STATE_COUNTS).round().astype(int))
    rows: list[tuple[str, int | None, float]] = [
        ("float32", None, accuracy(saved.network(), images))
    ]
    for count in tqdm(wanted, "numbers of states"):
        evenly = np.linspace(-1, 1, count)
        choices: dict[str, Sequence[float]] = {"evenly spaced": evenly.tolist()}
        if count in best.index:
            used = lut["state"].isin([int(state) for state in best[count].split()])
            choices["measured states"] = levels(lut.loc[used, "resistance_ohm"]).tolist()
        for choice, grid in choices.items():
            model = map_after_training(saved, grid, "std")
            rows.append((choice, int(count), accuracy(model, images)))
    table = pd.DataFrame(rows, columns=["choice", "n_states", "accuracy"])
    fraction = table["accuracy"]
    table["accuracy_u"] = np.sqrt(fraction * (1 - fraction) / len(images.test_y))
    return table.astype({"n_states": "Int64"})


def accuracy_against_noise(
    saved: SavedNetwork,
    images: Images,
    synapse: Synapse,
    *,
    draws: int = 20,
    seed: int = 0,
    device: str = "cpu",
) -> pd.DataFrame:
    """Test accuracy as programming error and read noise grow together.

    Parameters
    ----------
    saved, images, synapse, draws, seed, device : as `hall2net.networks.evaluate.monte_carlo`
        takes them; drift and stuck devices are left out

    Returns
    -------
    DataFrame, one row a noise: `noise` (`none`; `measured`, or `reads measured` where that of
    writes was not; `assumed`), `sigma` (of one read after one write, as a fraction of the range),
    `accuracy`, `accuracy_sd` (standard deviation over the arrays), `n`. The assumed noise has the
    shape of the measured one; without any it is normal.
    """
    synapse = synapse.without("devices", "drift", "stuck")
    measured = one_write_sigma(synapse)
    noises = [("none", 0.0)]
    if measured > 0:
        alone = "programming" in synapse.unmeasured
        noises.append(("reads measured" if alone else "measured", measured))
    else:
        normal = torch.from_numpy(NORMAL_WEIGHTS).float()
        synapse = replace(synapse, reading=normal.expand(len(synapse.levels), -1))
    shape = one_write_sigma(synapse)
    noises += [("assumed", sigma) for sigma in NOISE]
    rows = []
    for noise, sigma in tqdm(noises, "noise"):
        factor = sigma / shape
        scaled = replace(
            synapse,
            programming=synapse.programming * factor,
            reading=synapse.reading * factor,
        )
        count = draws if sigma > 0 else 1
        found = monte_carlo(saved, images, scaled, draws=count, seed=seed, device=device)
        spread = found.std(ddof=1) if count > 1 else np.nan
        rows.append((noise, sigma, found.mean(), spread, count))
    return pd.DataFrame(rows, columns=["noise", "sigma", "accuracy", "accuracy_sd", "n"])
