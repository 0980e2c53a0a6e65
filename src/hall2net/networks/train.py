"""Training, from images in memory to the files of a run."""

import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from hall2net.errors import ConfigError, FileError, Hall2netError
from hall2net.files import atomic, write_csv, write_json
from hall2net.networks import models
from hall2net.networks.average import Average
from hall2net.networks.data import Images
from hall2net.networks.evaluate import confusion_matrix
from hall2net.networks.quantize import Projection, Pulses, weight_layers
from hall2net.synapse.model import Synapse
from hall2net.synapse.precision import Precision

_FLOAT_BINS = 61
# A compiler takes longer than it saves in all the trainings of a perceptron on a CPU.
_COMPILED = {"cuda"}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. The defaults are the ruo2 paper's words; of its unstated weight
    decay, torch's own default.

    Attributes
    ----------
    update : what a step changes: ``latent``, a float weight kept beside the device, which is
        written where its level changes; ``pulses``, the device itself, by whole pulses along its
        states (`hall2net.networks.quantize.Pulses`)
    optimizer : ``adam``, with the decay beside the gradient (AdamW: Loshchilov, Hutter,
        arXiv:1711.05101), or ``sgd``, with Nesterov momentum 0.9 and the decay in the gradient
    learning_rate : the largest of the schedule
    schedule : ``constant``, ``cosine`` (to zero), or ``one_cycle`` (linear rise over the first
        30 % of the steps, then cosine to zero)
    batch : images a step
    weight_decay : of the (latent) weights; biases and batch-normalisation parameters have none
    average_epochs : time constant, in epochs, of the mean over the steps that is tested and saved
        in the place of the last weights (`hall2net.networks.average`); 0: the last ones
    dropout : probability of dropping a pixel, and a hidden unit (perceptron)
    batch_norm : batch normalisation of the hidden layers (perceptron)
    standardise : pixels less the training set's mean, over its standard deviation, per channel;
        else pixels from 0 to 1
    shift_pixels : largest number of pixels by which images are shifted at random, both ways
    mirror : images mirrored at random, left to right
    noise_aware : measured states are written to devices and read anew in every step, with the
        errors of the device model; tests, and what is saved, are without them
    bfloat16 : matrix products in bfloat16 where the processor has them, else in float32
    """

    update: str = "latent"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    batch: int = 128
    weight_decay: float = 1e-2
    average_epochs: float = 0.0
    dropout: Sequence[float] = (0.0, 0.0)
    batch_norm: bool = False
    standardise: bool = False
    shift_pixels: int = 0
    mirror: bool = False
    noise_aware: bool = False
    bfloat16: bool = False

    def __post_init__(self) -> None:
        for key, allowed in (
            ("update", ("latent", "pulses")),
            ("optimizer", ("adam", "sgd")),
            ("schedule", ("constant", "cosine", "one_cycle")),
        ):
            if getattr(self, key) not in allowed:
                raise ConfigError(
                    f"recipe: {key} {getattr(self, key)!r}; expected one of {', '.join(allowed)}"
                )
        if self.average_epochs < 0:
            raise ConfigError(f"recipe: average_epochs {self.average_epochs}; expected 0 or more")
        if self.average_epochs and self.update == "pulses":
            raise ConfigError(
                "recipe: average_epochs with update pulses: devices have no mean over the steps; "
                "expected 0, or update latent"
            )

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Recipe":
        """The recipe with `settings`; ConfigError names a key that no recipe has."""
        known = [field.name for field in fields(cls)]
        unknown = [key for key in settings if key not in known]
        if unknown:
            raise ConfigError(f"recipe: unknown key {unknown[0]!r}; allowed: {', '.join(known)}")
        return cls(**settings)

    def rate(self, progress: float) -> float:
        """Learning rate after the fraction `progress` of all steps."""
        if self.schedule == "constant":
            return self.learning_rate
        rise = 0.3 if self.schedule == "one_cycle" else 0.0
        if progress < rise:
            return self.learning_rate * progress / rise
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (progress - rise) / (1 - rise)))


@dataclass(frozen=True)
class TrainedRun:
    """What a training leaves.

    Attributes
    ----------
    history : one row an epoch: epoch, train_loss, train_accuracy, validation_accuracy,
        test_accuracy (fractions)
    confusions : by epoch, counts (classes, classes) of test images, rows the true classes
    histogram : epoch, layer, bin_left, bin_right, count, level; see `write_run`
    metrics : settings and results, ready for JSON
    model : what `hall2net.networks.evaluate.network` takes
    classes : names of the classes
    """

    history: pd.DataFrame
    confusions: dict[int, np.ndarray]
    histogram: pd.DataFrame
    metrics: dict[str, Any]
    model: dict[str, Any]
    classes: list[str]


def train(
    images: Images,
    *,
    network: Mapping[str, Any],
    precision: str,
    levels: Sequence[float] | None = None,
    mapping: str = "none",
    recipe: Mapping[str, Any],
    epochs: int,
    synapse: Synapse | None = None,
    seed: int = 0,
    record_epochs: Sequence[int] = (),
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> TrainedRun:
    """Train one network.

    A tenth of the training images, the same for every run, is kept for validation. On a CPU the
    same arguments give the same bytes, also when training was killed and went on from
    `checkpoint`; another number of threads may give others.

    Parameters
    ----------
    images : training and test images
    network : the model, as `hall2net.networks.models.build` takes it
    precision : name of a `hall2net.synapse.precision.Precision`
    levels : (K,) levels of the look-up table, in [-1, 1], for ``lut<K>`` and ``pair<K>``
    mapping : key of `hall2net.networks.quantize.MAPPINGS`; ``none`` for ``float32``
    recipe : fields of `Recipe`
    epochs : passes over the training images
    synapse : the device model, with the K levels, of noise-aware recipes with measured states
    seed : of weights, order, dropout and augmentation
    record_epochs : epochs, 0 to `epochs`, of confusion matrices and weight histograms; the last
        is always recorded
    checkpoint : file to go on from, written after every epoch; another run's is not used
    device : torch's name of the device
    threads : CPU threads

    Returns
    -------
    Histories, matrices, histograms, metrics and the network itself.

    Raises
    ------
    ConfigError
        If a setting has no meaning.
    FileError
        If the checkpoint cannot be read or written.
    Hall2netError
        If the loss is no longer a number.
    """
    settings = Recipe.of(recipe)
    measured = levels is not None
    levels = Precision.of(precision).levels(levels)
    if (levels is None) != (mapping == "none"):
        raise ConfigError(f"precision {precision} does not go with mapping {mapping!r}")
    if not (settings.noise_aware and measured):
        synapse = None
    elif synapse is None:
        raise ConfigError("noise_aware: expected the device model of the look-up table")
    else:
        found = [round(level, 5) for level in synapse.levels.tolist()]
        if found != [round(level, 5) for level in levels]:
            raise ConfigError(
                f"noise_aware with {precision}: the device has the levels {found}; expected the "
                f"network's, {levels}"
            )
    record = sorted({*record_epochs, epochs})
    if epochs < 1 or record[0] < 0 or record[-1] > epochs:
        raise ConfigError(f"record_epochs {record}: expected 0 to {epochs}; epochs from 1 on")
    torch.set_num_threads(threads)
    kind = torch.device(device).type
    bfloat16 = settings.bfloat16 and models.has_bfloat16(kind)

    train_x, train_y, validation_x, validation_y = (part.to(device) for part in _split(images))
    test_x, test_y = images.test_x.to(device), images.test_y.to(device)
    mean, std = _moments(train_x) if settings.standardise else ([0.0], [1.0])
    plan = {
        "network": dict(network),
        "shape": list(train_x.shape[1:]),
        "classes": len(images.classes),
        "mean": mean,
        "std": std,
        "dropout": list(settings.dropout),
        "batch_norm": settings.batch_norm,
        "bfloat16": settings.bfloat16,
    }
    torch.manual_seed(seed)
    model = models.build(**plan).to(device)
    kind_of_update = Pulses if settings.update == "pulses" else Projection
    projection = None if levels is None else kind_of_update(model, levels, mapping)
    optimizer = _optimizer(model, projection, settings)
    steps = math.ceil(len(train_x) / settings.batch)
    average = _average(model, projection, optimizer, settings.average_epochs * steps)
    synapse = synapse and synapse.to(device)
    forward = torch.compile(model, dynamic=False) if kind in _COMPILED else model

    arguments = {
        **plan,
        **asdict(settings),
        "precision": precision,
        "levels": levels,
        "mapping": mapping,
        "epochs": epochs,
        "seed": seed,
        "synapse": synapse and [tensor.tolist() for tensor in astuple(synapse)],
        "record_epochs": record,
        "device": kind,
        "arithmetic": "bfloat16" if bfloat16 else "float32",
        "threads": threads,
        "images": images.digest(),
    }
    progress = _Progress(checkpoint, arguments, model, projection, optimizer, average)
    done = progress.restore()

    def test(x: Tensor, y: Tensor) -> np.ndarray:
        return confusion_matrix(forward, x, y, len(images.classes))

    if done == 0 and record[0] == 0:
        progress.record(0, test(test_x, test_y))
    name = f"{network['model']} {images.name} {precision} {mapping} seed {seed}"
    bar = tqdm(range(done + 1, epochs + 1), name, epochs, initial=done, unit="epoch")
    for epoch in bar:
        # Begun anew every epoch, so that a checkpoint needs no state of random generators.
        torch.manual_seed(1_000_003 * (seed + 1) + epoch)
        writes = torch.Generator(device).manual_seed(1_000_003 * (seed + 1) + epoch)
        if synapse:
            projection.write(synapse, writes)
        model.train()
        loss_sum = torch.zeros((), device=device)
        correct = torch.zeros((), device=device, dtype=torch.int64)
        order = torch.randperm(len(train_x)).to(device)
        for step, batch in enumerate(order.split(settings.batch)):
            for group in optimizer.param_groups:
                group["lr"] = settings.rate((epoch - 1 + step / steps) / epochs)
            x, y = train_x.index_select(0, batch), train_y.index_select(0, batch)
            if settings.shift_pixels or settings.mirror:
                x = _augmented(x, settings.shift_pixels, settings.mirror)
            # The last batch of an epoch is shorter, and not worth a compilation of its own.
            logits = (forward if len(batch) == settings.batch else model)(x)
            loss = F.cross_entropy(logits, y)
            model.zero_grad()
            loss.backward()
            optimizer.step()
            if average:
                average.update()
            if synapse:
                projection.write(synapse, writes)
            loss_sum += loss.detach() * len(batch)
            correct += (logits.detach().argmax(1) == y).sum()
        train_loss = loss_sum.item() / len(train_x)
        if not math.isfinite(train_loss):
            raise Hall2netError(
                f"{name}: the loss of epoch {epoch} is {train_loss}; try a learning_rate below "
                f"{settings.learning_rate:g}"
            )
        if synapse:
            projection.project()
        with average.in_place() if average else nullcontext():
            confusion = test(test_x, test_y)
            validation = _accuracy(test(validation_x, validation_y))
            if epoch in record:
                progress.record(epoch, confusion)
        train_accuracy = correct.item() / len(train_x)
        row = epoch, train_loss, train_accuracy, validation, _accuracy(confusion)
        progress.history.append(row)
        progress.save()
        bar.set_postfix(loss=f"{train_loss:.4f}", validation=f"{validation:.4f}")

    if average:
        average.exchange()
    columns = "epoch", "train_loss", "train_accuracy", "validation_accuracy", "test_accuracy"
    history = pd.DataFrame(progress.history, columns=columns)
    layers = weight_layers(model)
    scales = None
    if projection:
        scales = dict(zip(layers, projection.scales().tolist(), strict=True))
    state = {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}
    metrics = {
        "network": dict(network),
        "dataset": images.name,
        "source": images.source,
        "stand_in": images.stand_in,
        "train_images": len(train_x),
        "validation_images": len(validation_x),
        "test_images": len(test_x),
        "precision": precision,
        "mapping": mapping,
        "levels": levels,
        "scales": scales,
        "noise_aware": synapse is not None,
        "weights": sum(weight.numel() for weight in layers.values()),
        "distinct_weights": {key: len(weight.unique()) for key, weight in layers.items()},
        "settings": asdict(settings),
        "arithmetic": "bfloat16" if bfloat16 else "float32",
        "device": kind,
        "threads": threads,
        "epochs": epochs,
        "seed": seed,
        **history.iloc[-1].drop("epoch").to_dict(),
    }
    return TrainedRun(
        history,
        {epoch: np.array(counts) for epoch, counts in progress.confusions.items()},
        _histogram_table(progress.histograms),
        metrics,
        {"plan": plan, "levels": levels, "mapping": mapping, "scales": scales, "state": state},
        list(images.classes),
    )


def write_run(run: TrainedRun, folder: str | Path, /, **labels: str) -> None:
    """Write the files of a run: the same bytes for the same run.

    ``history.csv``, ``confusion_epoch<NNN>.csv`` (``true``, then a column a predicted class),
    ``weight_histogram.csv``, ``metrics.json`` and ``model.pt``.

    Parameters
    ----------
    run : from `train`
    folder : made where it is missing
    labels : further entries of metrics.json, such as the name of the run, its recipe and scale

    Notes
    -----
    The histogram counts, at each recorded epoch, the weights of each layer and of ``all``. Of
    quantized weights it has one bin a level, in units of the level; of float weights equal bins,
    in units of the weight.
    """
    folder = Path(folder)
    write_csv(run.history, folder / "history.csv")
    for epoch, counts in run.confusions.items():
        table = pd.DataFrame(counts, columns=run.classes)
        table.insert(0, "true", run.classes)
        write_csv(table, folder / f"confusion_epoch{epoch:03d}.csv")
    write_csv(run.histogram, folder / "weight_histogram.csv")
    buffer = io.BytesIO()
    torch.save(run.model, buffer)
    with atomic(folder / "model.pt") as temporary:
        temporary.write_bytes(buffer.getvalue())
    write_json(run.metrics | labels, folder / "metrics.json")


class _Progress:
    """What a training has done so far, and its checkpoint."""

    def __init__(
        self,
        path: str | Path | None,
        arguments: Mapping[str, Any],
        model: nn.Module,
        projection: Projection | None,
        optimizer: torch.optim.Optimizer,
        average: Average | None,
    ) -> None:
        self.path = None if path is None else Path(path)
        text = json.dumps(arguments, sort_keys=True) + torch.__version__
        self.key = hashlib.sha256(text.encode()).hexdigest()
        self.model, self.projection, self.optimizer = model, projection, optimizer
        self.average = average
        self.history: list[tuple[float, ...]] = []
        self.confusions: dict[int, list[list[int]]] = {}
        self.histograms: dict[int, dict[str, tuple[list[float], list[int], list[float]]]] = {}

    def record(self, epoch: int, confusion: np.ndarray) -> None:
        self.confusions[epoch] = confusion.tolist()
        self.histograms[epoch] = _histograms(self.model, self.projection)

    def save(self) -> None:
        if self.path is None:
            return
        content = {
            "key": self.key,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": self.history,
            "confusions": self.confusions,
            "histograms": self.histograms,
        }
        if self.projection:
            content["latents"] = [latent.detach() for latent in self.projection.latents]
            content["log_scale"] = self.projection.log_scale.detach()
        if self.average:
            content["means"], content["steps"] = self.average.means, self.average.count
        buffer = io.BytesIO()
        torch.save(content, buffer)
        with atomic(self.path) as temporary:
            # Not `getbuffer`: collecting an error that holds one crashes Python 3.12.1.
            temporary.write_bytes(buffer.getvalue())

    def restore(self) -> int:
        """Epochs already done: those of the checkpoint, where it is of the same training."""
        if self.path is None or not self.path.exists():
            return 0
        device = next(self.model.parameters()).device
        try:
            content = torch.load(self.path, map_location=device, weights_only=True)
            if content["key"] != self.key:
                return 0
            self.model.load_state_dict(content["model"])
            if self.projection:
                self.projection.load(content["latents"], content["log_scale"])
            self.optimizer.load_state_dict(content["optimizer"])
            if self.average:
                self.average.load(content["means"], content["steps"])
            self.history = [tuple(row) for row in content["history"]]
            self.confusions, self.histograms = content["confusions"], content["histograms"]
        except Exception as error:
            found = f"is no whole checkpoint ({type(error).__name__})"
            hint = "a file that `train` wrote; delete it to train from the beginning"
            raise FileError(self.path, found, hint) from error
        return len(self.history)


def _split(images: Images) -> tuple[Tensor, ...]:
    """Training and validation images and labels; the same tenth is held back for every run."""
    order = torch.randperm(len(images.train_x), generator=torch.Generator().manual_seed(0))
    held, rest = order[: len(order) // 10], order[len(order) // 10 :]
    x, y = images.train_x, images.train_y
    return x[rest], y[rest], x[held], y[held]


def _moments(x: Tensor) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, of pixels from 0 to 1."""
    # From how often each of the 256 values comes: exact, and without a copy of all images.
    value = torch.arange(256, dtype=torch.float64, device=x.device) / 255
    means, deviations = [], []
    for channel in x.transpose(0, 1):
        share = torch.bincount(channel.flatten(), minlength=256).double() / channel.numel()
        mean = share @ value
        means.append(mean.item())
        deviations.append((share @ (value - mean) ** 2).sqrt().item())
    return means, deviations


def _optimizer(
    model: nn.Module, projection: Projection | None, recipe: Recipe
) -> torch.optim.Optimizer:
    """torch's own, on the latent weights where the weights are levels."""
    weights = list(weight_layers(model).values())
    digital = [p for p in model.parameters() if not any(p is weight for weight in weights)]
    if projection:
        weights = projection.latents
        digital += projection.parameters()[len(weights) :]
    groups = [{"params": weights}, {"params": digital, "weight_decay": 0.0}]
    shared = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay, "fused": True}
    if recipe.optimizer == "adam":
        optimizer = torch.optim.AdamW(groups, **shared)
    else:
        optimizer = torch.optim.SGD(groups, momentum=0.9, nesterov=True, **shared)
    if projection:
        projection.attach(optimizer)
    return optimizer


def _average(
    model: nn.Module,
    projection: Projection | None,
    optimizer: torch.optim.Optimizer,
    steps: float,
) -> Average | None:
    """The mean of all that the optimizer steps, and of what batch normalisation measures."""
    if not steps:
        return None
    stepped = [tensor for group in optimizer.param_groups for tensor in group["params"]]
    measured = [buffer for buffer in model.buffers() if buffer.is_floating_point()]
    refresh = projection.project if projection else lambda: None
    return Average([*stepped, *measured], steps, refresh)


def _augmented(x: Tensor, reach: int, mirror: bool) -> Tensor:
    """Each image shifted by up to `reach` pixels, black where it ends; half of them mirrored."""
    n, _, height, width = x.shape
    shift = torch.randint(0, 2 * reach + 1, (2, n), device=x.device)
    crops = F.pad(x, (reach,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    x = crops[torch.arange(n, device=x.device), :, shift[0], shift[1]]
    if mirror:
        mirrored = torch.rand((n, 1, 1, 1), device=x.device) < 0.5
        x = torch.where(mirrored, x.flip(3), x)
    return x


def _accuracy(confusion: np.ndarray) -> float:
    return float(np.trace(confusion) / confusion.sum())


def _histograms(
    model: nn.Module, projection: Projection | None
) -> dict[str, tuple[list[float], list[int], list[float]]]:
    """Edges, counts and levels (none for float weights) of each layer and of all."""
    if projection:
        counts = projection.counts()
        counts["all"] = np.sum(list(counts.values()), axis=0)
        levels = np.array(projection.levels)
        middles = (levels[1:] + levels[:-1]) / 2
        ends = 2 * levels[[0, -1]] - middles[[0, -1]]
        edges = np.r_[ends[0], middles, ends[1]].tolist()
        return {key: (edges, n.tolist(), levels.tolist()) for key, n in counts.items()}
    weights = {k: w.detach().cpu().double().flatten() for k, w in weight_layers(model).items()}
    weights["all"] = torch.cat(list(weights.values()))
    found = {}
    for key, values in weights.items():
        reach = float(values.abs().max())
        counts, edges = np.histogram(values.numpy(), _FLOAT_BINS, (-reach, reach))
        found[key] = edges.tolist(), counts.tolist(), []
    return found


def _histogram_table(
    histograms: Mapping[int, Mapping[str, tuple[list[float], list[int], list[float]]]],
) -> pd.DataFrame:
    tables = []
    for epoch, layers in histograms.items():
        for layer, (edges, counts, levels) in layers.items():
            columns = {
                "epoch": epoch,
                "layer": layer,
                "bin_left": edges[:-1],
                "bin_right": edges[1:],
                "count": counts,
                "level": levels or np.nan,
            }
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)
