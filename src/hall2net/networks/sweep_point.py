"""What one point of a sweep gives: its training, tested with noise on every weight."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from hall2net.networks.data import Images
from hall2net.networks.evaluate import accuracy, network
from hall2net.networks.quantize import weight_layers
from hall2net.networks.train import TrainedRun

_DRAWS = 10


def point_rows(
    run: TrainedRun,
    images: Images,
    point: Mapping[str, Any],
    noises: Sequence[float] | None = None,
) -> list[dict[str, Any]]:
    """What one training of a sweep gives.

    Parameters
    ----------
    run : the training
    images : the test images
    point : values of the axes
    noises : standard deviations of every weight at the test, over its layer's scale (of float
        weights: over the layer's largest weight)

    Returns
    -------
    One row a noise, or one row. Each has the axes, `states` (number of levels; None for float32),
    `validation_accuracy` and `test_accuracy` of the last epoch and `test_accuracy_u`: with noise,
    mean and standard error of ten draws; without, the counting error of the test images. Then
    `best_epoch`, that of the highest validation accuracy, and `test_accuracy_at_best`, the test
    accuracy after it, without noise.
    """
    last = run.history.iloc[-1]
    best = run.history.loc[run.history["validation_accuracy"].idxmax()]
    levels = run.metrics["levels"]
    rows = []
    for noise in noises or [None]:
        found = float(last["test_accuracy"])
        spread = np.sqrt(found * (1 - found) / len(images.test_y))
        if noise:
            draws = _with_noise(run, images, noise)
            found, spread = draws.mean(), draws.std(ddof=1) / np.sqrt(_DRAWS)
        rows.append(
            {
                **point,
                **({} if noise is None else {"noise": float(noise)}),
                "states": len(levels) if levels else None,
                "validation_accuracy": float(last["validation_accuracy"]),
                "test_accuracy": float(found),
                "test_accuracy_u": float(spread),
                "best_epoch": int(best["epoch"]),
                "test_accuracy_at_best": float(best["test_accuracy"]),
                "trained_epochs": run.metrics["epochs"],
                "stand_in": images.stand_in,
            }
        )
    return rows


@torch.no_grad()
def _with_noise(run: TrainedRun, images: Images, noise: float) -> np.ndarray:
    """Test accuracies (draws,) with normal noise on every weight."""
    model = network(run.model)
    layers = weight_layers(model)
    clean = {name: weight.clone() for name, weight in layers.items()}
    scales = run.model["scales"] or {name: float(w.abs().max()) for name, w in clean.items()}
    seed = run.metrics["seed"]
    found = []
    for draw in range(_DRAWS):
        generator = torch.Generator().manual_seed(1_000_003 * (seed + 1) + draw)
        for name, weight in layers.items():
            error = torch.randn(weight.shape, generator=generator)
            weight.copy_(clean[name] + noise * scales[name] * error)
        found.append(accuracy(model, images))
    return np.array(found)
