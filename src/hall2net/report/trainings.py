"""The accuracies of the trained networks: mean and spread over seeds, and what weights cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hall2net.figures.style import DATASETS, measured
from hall2net.networks.runs import RunName

_NETWORKS = {"mlp": "perceptron", "resnet18": "ResNet-18"}


def accuracy_rows(metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Test accuracies, one row for all seeds of a training.

    Parameters
    ----------
    metrics : content of every run's `metrics.json`

    Returns
    -------
    One mapping a row: `network, images, weights, mapping, recipe, epochs, averaged, seeds,
    accuracy` (per cent, with the standard deviation of the seeds; of one seed with the counting
    error of the test images), `cost` (percentage points below float32, the mean of the differences
    of equal seeds and its standard error) and `stand_in`.
    """
    groups: dict[tuple[str, ...], dict[int, Mapping[str, Any]]] = {}
    for run in sorted(metrics, key=lambda run: run["run"]):
        name = RunName.of(run["run"])
        groups.setdefault(_key(name), {})[name.seed] = run
    rows = []
    for seeds in groups.values():
        first = next(iter(seeds.values()))
        name = RunName.of(first["run"])
        ideal = groups.get(_key(name.in_float()), {}) if name.mapping != "none" else {}
        rows.append(
            {
                "network": _network(first),
                "dataset": DATASETS.get(name.dataset, name.dataset),
                "images": first["source"],
                "weights": str(name.precision),
                "mapping": "" if name.mapping == "none" else name.mapping,
                "recipe": name.recipe,
                "epochs": first["epochs"],
                "averaged": f"{first['settings']['average_epochs']:g}",
                "seeds": len(seeds),
                "accuracy": _accuracy(list(seeds.values())),
                "cost": _cost(seeds, ideal),
                "stand_in": first["stand_in"],
            }
        )
    return rows


def _key(name: RunName) -> tuple[str, ...]:
    return name.network, name.dataset, str(name.precision), name.mapping, name.recipe


def _network(run: Mapping[str, Any]) -> str:
    words = _NETWORKS.get(run["network"]["model"], run["network"]["model"])
    width = run["network"].get("base_width")
    return f"{words}, width {width}" if width else words


def _accuracy(runs: Sequence[Mapping[str, Any]]) -> str:
    values = np.array([run["test_accuracy"] for run in runs])
    mean = float(values.mean())
    if len(values) > 1:
        return measured(100 * mean, 100 * float(values.std(ddof=1)))
    return measured(100 * mean, 100 * float(np.sqrt(mean * (1 - mean) / runs[0]["test_images"])))


def _cost(seeds: Mapping[int, Mapping[str, Any]], ideal: Mapping[int, Mapping[str, Any]]) -> str:
    both = pd.Index(list(seeds)).intersection(list(ideal))
    if both.empty:
        return ""
    points = np.array(
        [100 * (ideal[seed]["test_accuracy"] - seeds[seed]["test_accuracy"]) for seed in both]
    )
    if len(points) == 1:
        return f"{points[0]:.2f}, one seed".replace("-", "\N{MINUS SIGN}")
    return measured(float(points.mean()), float(points.std(ddof=1) / np.sqrt(len(points))))
