"""Runs: the trainings that a configuration asks for, their names, and the files they leave."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hall2net.errors import Hall2netError
from hall2net.files import read_csv, read_json, write_csv, write_json
from hall2net.synapse.precision import Precision

_PAPER_WIDTH = 64
"""Channels of the first stage of ResNet-18 (He et al., arXiv:1512.03385)."""


@dataclass(frozen=True)
class RunName:
    """Key of one training among all of a configuration.

    Attributes
    ----------
    network : key of `networks` in the configuration
    dataset : key of `hall2net.networks.data.DATA_SETS`
    precision : of the weights
    mapping : how levels become weights; ``none`` for float weights
    recipe : key of the network's `recipes`
    seed : of the training
    """

    network: str
    dataset: str
    precision: Precision
    mapping: str
    recipe: str
    seed: int

    @classmethod
    def of(cls, name: str) -> "RunName":
        """The parts of a name that `str` gave.

        Raises
        ------
        Hall2netError
            If it does not have these six parts.
        """
        parts = name.split("-")
        if len(parts) != 6 or not parts[5].removeprefix("seed").isdecimal():
            raise Hall2netError(
                f"run {name!r}: expected <network>-<dataset>-<precision>-<mapping>-<recipe>-seed<N>"
            )
        network, dataset, precision, mapping, recipe, seed = parts
        number = int(seed.removeprefix("seed"))
        return cls(network, dataset, Precision.of(precision), mapping, recipe, number)

    def __str__(self) -> str:
        return "-".join(
            (self.network, self.dataset, str(self.precision), self.mapping, self.recipe,
             f"seed{self.seed}")
        )  # fmt: skip

    def in_float(self) -> "RunName":
        """The same training with float weights."""
        return replace(self, precision=Precision("float32"), mapping="none")


def runs_of_networks(
    networks: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]
) -> list[RunName]:
    """Every training that the blocks `networks` and `seeds` of a configuration ask for."""
    return [
        RunName(network, dataset, Precision.of(precision), mapping, block["recipe"], seed)
        for network, block in networks.items()
        for dataset in block["datasets"]
        for precision, mappings in block["weights"].items()
        for mapping in mappings
        for seed in seeds
    ]


def at_every_seed(runs: Iterable[RunName], run: RunName) -> list[RunName]:
    """Those of `runs` that differ from `run` in the seed alone, and `run` itself."""
    return [other for other in runs if replace(other, seed=run.seed) == run]


def device_runs(runs: Sequence[RunName]) -> list[RunName]:
    """One training with measured states for each network and data set, if one in float is there.

    With several, the first with the mapping ``std``, else the first.
    """
    chosen: dict[tuple[str, str], RunName] = {}
    for run in runs:
        if run.precision.kind == "lut" and run.in_float() in runs:
            key = run.network, run.dataset
            chosen[key] = min(chosen.get(key, run), run, key=lambda run: run.mapping != "std")
    return list(chosen.values())


def model_of(block: Mapping[str, Any], scale: str) -> dict[str, Any]:
    """The model of a network of the configuration at a scale, as `models.build` takes it.

    Parameters
    ----------
    block : of the network in the configuration
    scale : ``laptop``, ``workstation`` or ``published``
    """
    return {"model": block["model"], **block["shape"][scale]}


def recorded_epochs(epochs: int) -> list[int]:
    """Epochs after which confusion matrix and weights are kept: every quarter of the training."""
    return sorted({round(epochs * quarter / 4) for quarter in range(5)})


def settings_of(run: RunName, block: Mapping[str, Any], scale: str) -> dict[str, Any]:
    """Arguments of `hall2net.networks.train.Training.of` for a run.

    Parameters
    ----------
    run : the run
    block : of its network in the configuration
    scale : ``laptop``, ``workstation`` or ``published``
    """
    epochs = block["epochs"][scale]
    return {
        "network": model_of(block, scale),
        "precision": str(run.precision),
        "mapping": run.mapping,
        "recipe": block["recipes"][run.recipe],
        "epochs": epochs,
        "record_epochs": recorded_epochs(epochs),
        "seed": run.seed,
    }


@dataclass(frozen=True)
class Run:
    """Results of a training, without the network itself.

    Attributes
    ----------
    history : one row an epoch: epoch, train_loss, train_accuracy, validation_accuracy,
        test_accuracy (fractions)
    confusions : by epoch, a square table of counts of test images: true classes (index `true`) by
        predicted classes (columns)
    histogram : epoch, layer, bin_left, bin_right, count, level. It counts, at each recorded epoch,
        the weights of each layer and of ``all``. Quantized weights have one bin a level, in units
        of the level; float weights equal bins, in units of the weight
    misclassified : the test images that the trained network takes for another class: `image` (its
        place in the test set, from 0), `true`, `predicted`
    metrics : settings and results, ready for JSON
    """

    history: pd.DataFrame
    confusions: dict[int, pd.DataFrame]
    histogram: pd.DataFrame
    misclassified: pd.DataFrame
    metrics: dict[str, Any]

    @cached_property
    def name(self) -> RunName:
        """The entry `run` of the metrics; a training outside of a configuration has none.

        Raises
        ------
        Hall2netError
            If the metrics have no such entry, or it is not the name of a run.
        """
        return RunName.of(self.metrics.get("run", ""))

    @property
    def full_size(self) -> bool:
        """Whether the network has the papers' size; only a ResNet may have another width."""
        return self.metrics["network"].get("base_width", _PAPER_WIDTH) == _PAPER_WIDTH

    @property
    def last_epoch(self) -> int:
        """The last recorded epoch."""
        return max(self.confusions)

    def recorded_epoch(self, fraction: float) -> int:
        """The recorded epoch nearest to a fraction of the whole training."""
        wanted = fraction * self.metrics["epochs"]
        return min(self.confusions, key=lambda epoch: abs(epoch - wanted))


def file_names(recorded: Iterable[int]) -> list[str]:
    """Names of the files of a run with these recorded epochs, but for the network's."""
    confusions = [_confusion_file(epoch) for epoch in recorded]
    return [
        "history.csv", "metrics.json", "misclassified.csv", "weight_histogram.csv", *confusions,
    ]  # fmt: skip


def _confusion_file(epoch: int) -> str:
    return f"confusion_epoch{epoch:03d}.csv"


def write_run(run: Run, folder: str | Path, /, **labels: str) -> None:
    """Write the files of a run, `file_names`: the same bytes for the same run.

    Parameters
    ----------
    run : from `hall2net.networks.train.train`
    folder : made where it is missing
    labels : further entries of metrics.json, such as the name of the run, its recipe and scale
    """
    folder = Path(folder)
    write_csv(run.history, folder / "history.csv")
    for epoch, counts in run.confusions.items():
        write_csv(counts.reset_index(), folder / _confusion_file(epoch))
    write_csv(run.histogram, folder / "weight_histogram.csv")
    write_csv(run.misclassified, folder / "misclassified.csv")
    write_json(run.metrics | labels, folder / "metrics.json")


def read_runs(paths: Iterable[str | Path]) -> list[Run]:
    """The runs whose files are given.

    Parameters
    ----------
    paths : files that `write_run` wrote, of any number of runs; each run has a folder of its own

    Raises
    ------
    FileError
        If a file is damaged.
    """
    folders: dict[Path, dict[str, Path]] = {}
    for path in map(Path, paths):
        folders.setdefault(path.parent, {})[path.name] = path
    return [_read_run(files) for files in folders.values()]


def _read_run(files: Mapping[str, Path]) -> Run:
    confusions = {}
    for name, path in files.items():
        if name.startswith("confusion_epoch"):
            # Classes may be digits: names, as in the columns, not numbers.
            table = read_csv(path, dtype={"true": str}).set_index("true")
            confusions[int(path.stem.removeprefix("confusion_epoch"))] = table
    return Run(
        history=read_csv(files["history.csv"]),
        confusions=confusions,
        histogram=read_csv(files["weight_histogram.csv"]),
        misclassified=read_csv(files["misclassified.csv"], dtype={"true": str, "predicted": str}),
        metrics=read_json(files["metrics.json"]),
    )


def paired_difference(
    wrong: Iterable[int], wrong_of_other: Iterable[int], images: int
) -> tuple[float, float]:
    """Accuracy of one network above that of another on the same test images.

    With b images that the first alone gets right and c that the second alone does, it is
    (b - c)/n, with the variance (b + c - (b - c)^2/n)/n^2 of paired counts (McNemar,
    Psychometrika 12, 153 (1947)): images that both find easy or hard add nothing to it.

    Parameters
    ----------
    wrong, wrong_of_other : test images that the first and the second network misclassify
    images : number n of test images

    Returns
    -------
    Difference and its 1 sigma, as fractions.
    """
    first, second = set(wrong), set(wrong_of_other)
    b, c = len(second - first), len(first - second)
    return (b - c) / images, float(np.sqrt(b + c - (b - c) ** 2 / images)) / images


def run_table(runs: Iterable[Run]) -> pd.DataFrame:
    """Settings and accuracy of each training, one row a run.

    Returns
    -------
    DataFrame with `run`, the parts of its name (`network, dataset, precision, mapping, recipe,
    seed`), `epochs, source, stand_in, scale`, `test_accuracy` (a fraction) and its 1-sigma
    counting error `test_accuracy_u` = sqrt(a(1 - a)/n), n the number of test images.
    """
    rows = []
    for run in runs:
        metrics, accuracy = run.metrics, run.metrics["test_accuracy"]
        rows.append(
            {
                "run": str(run.name),
                **vars(run.name),
                "precision": str(run.name.precision),
                **{key: metrics[key] for key in ("epochs", "source", "stand_in", "scale")},
                "test_accuracy": accuracy,
                "test_accuracy_u": np.sqrt(accuracy * (1 - accuracy) / metrics["test_images"]),
            }
        )
    columns = [
        "run", "network", "dataset", "precision", "mapping", "recipe", "seed", "epochs", "source",
        "stand_in", "scale", "test_accuracy", "test_accuracy_u",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def find_run(
    runs: Iterable[Run], dataset: str, kind: str, mapping: str | None = None
) -> Run | None:
    """The run with this data set, kind of precision and mapping; of several, the lowest seed's.

    Parameters
    ----------
    runs : where to look
    dataset : name of the data set
    kind : of the precision, such as ``lut`` for any number of device states
    mapping : None takes `maxabs`, the papers' way, for quantized weights
    """
    if kind == "float32":
        mapping = "none"
    wanted = dataset, kind, mapping or "maxabs"
    found = [
        run
        for run in runs
        if (run.name.dataset, run.name.precision.kind, run.name.mapping) == wanted
    ]
    return min(found, key=lambda run: run.name.seed, default=None)
