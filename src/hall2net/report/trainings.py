"""The accuracies of the trained networks: mean and spread over seeds, and what weights cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hall2net.figures.style import DATASETS, measured
from hall2net.networks.runs import Run, RunName, paired_difference

_NETWORKS = {"mlp": "perceptron", "resnet18": "ResNet-18"}


def accuracy_rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Test accuracies, one row for all seeds of a training.

    Parameters
    ----------
    runs : trainings, of any network

    Returns
    -------
    One mapping a row: `network, images, weights, mapping, recipe, epochs, averaged, seeds,
    accuracy` (per cent, with the standard deviation of the seeds; of one seed with the counting
    error of the test images), `cost` (percentage points below float32 at equal seeds: mean and
    standard error; of one seed by `paired_difference` on the same test images) and `stand_in`.
    """
    groups: dict[tuple[str, ...], dict[int, Run]] = {}
    for run in sorted(runs, key=lambda run: str(run.name)):
        groups.setdefault(_key(run.name), {})[run.name.seed] = run
    rows = []
    for seeds in groups.values():
        first = next(iter(seeds.values()))
        name, metrics = first.name, first.metrics
        ideal = groups.get(_key(name.in_float()), {}) if name.mapping != "none" else {}
        rows.append(
            {
                "network": _network(metrics["network"]),
                "dataset": DATASETS.get(name.dataset, name.dataset),
                "images": metrics["source"],
                "weights": str(name.precision),
                "mapping": "" if name.mapping == "none" else name.mapping,
                "recipe": name.recipe,
                "epochs": metrics["epochs"],
                "averaged": f"{metrics['settings']['average_epochs']:g}",
                "seeds": len(seeds),
                "accuracy": _accuracy(list(seeds.values())),
                "cost": _cost(seeds, ideal),
                "stand_in": metrics["stand_in"],
            }
        )
    return rows


def _key(name: RunName) -> tuple[str, ...]:
    return name.network, name.dataset, str(name.precision), name.mapping, name.recipe


def _network(network: Mapping[str, Any]) -> str:
    words = _NETWORKS.get(network["model"], network["model"])
    width = network.get("base_width")
    return f"{words}, width {width}" if width else words


def _accuracy(runs: Sequence[Run]) -> str:
    values = np.array([run.metrics["test_accuracy"] for run in runs])
    mean = float(values.mean())
    if len(values) > 1:
        return measured(100 * mean, 100 * float(values.std(ddof=1)))
    images = runs[0].metrics["test_images"]
    return measured(100 * mean, 100 * float(np.sqrt(mean * (1 - mean) / images)))


def _cost(seeds: Mapping[int, Run], ideal: Mapping[int, Run]) -> str:
    found = [
        paired_difference(
            ideal[seed].misclassified["image"],
            run.misclassified["image"],
            run.metrics["test_images"],
        )
        for seed, run in seeds.items()
        if seed in ideal
    ]
    points = 100 * np.array(found)
    if len(points) > 1:
        return measured(points[:, 0].mean(), points[:, 0].std(ddof=1) / np.sqrt(len(points)))
    return f"{measured(*points[0])}, one seed" if found else ""
