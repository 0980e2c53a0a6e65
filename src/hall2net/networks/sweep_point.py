"""Results of one point of a sweep: its training, tested with noise on every weight."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from hall2net.networks.data import Images
from hall2net.networks.evaluate import accuracy
from hall2net.networks.models import SavedNetwork, weight_layers
from hall2net.networks.runs import Run

_DRAWS = 10  # of the noise: their standard error is then a third of the scatter of one


def point_rows(
    run: Run,
    saved: SavedNetwork,
    images: Images,
    point: Mapping[str, Any],
    noises: Sequence[float] | None = None,
) -> list[dict[str, Any]]:
    """Results of one training of a sweep.

    Parameters
    ----------
    run, saved : the training and its network
    images : the test images
    point : values of the axes
    noises : standard deviations of every weight at the test, in units of its layer's scale (float
        weights: of the layer's largest weight)

    Returns
    -------
    One row a noise, or one row. Each has the axes, `states` (number of levels; None for float32),
    `validation_accuracy` and `test_accuracy` of the last epoch and `test_accuracy_u`: with noise,
    mean and standard error of ten draws; without, the counting error of the test images. Then
    `best_epoch`, with the highest validation accuracy, and `test_accuracy_at_best`, the test
    accuracy after it, without noise.
    """
    last = run.history.iloc[-1]
    best = run.history.loc[run.history["validation_accuracy"].idxmax()]
    levels = saved.levels
    rows = []
    tested: Sequence[float | None] = noises or [None]
    for noise in tested:
        value = float(last["test_accuracy"])
        sigma = np.sqrt(value * (1 - value) / len(images.test_y))
        if noise:
            draws = _with_noise(saved, images, noise, run.metrics["seed"])
            value, sigma = draws.mean(), draws.std(ddof=1) / np.sqrt(_DRAWS)
        rows.append(
            {
                **point,
                **({} if noise is None else {"noise": float(noise)}),
                "states": len(levels) if levels else None,
                "validation_accuracy": float(last["validation_accuracy"]),
                "test_accuracy": float(value),
                "test_accuracy_u": float(sigma),
                "best_epoch": int(best["epoch"]),
                "test_accuracy_at_best": float(best["test_accuracy"]),
                "trained_epochs": run.metrics["epochs"],
                "stand_in": images.stand_in,
            }
        )
    return rows


@torch.no_grad()
def _with_noise(saved: SavedNetwork, images: Images, noise: float, seed: int) -> np.ndarray:
    """Test accuracies (draws,) with normal noise on every weight."""
    model = saved.network()
    layers = weight_layers(model)
    clean = {name: weight.clone() for name, weight in layers.items()}
    scales = saved.scales or {name: float(w.abs().max()) for name, w in clean.items()}
    accuracies = []
    for draw in range(_DRAWS):
        generator = torch.Generator().manual_seed(1_000_003 * (seed + 1) + draw)
        for name, weight in layers.items():
            error = torch.randn(weight.shape, generator=generator)
            weight.copy_(clean[name] + noise * scales[name] * error)
        accuracies.append(accuracy(model, images))
    return np.array(accuracies)
