"""Training, from images in memory to a run and its network."""

import hashlib
import io
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, astuple, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from hall2net.errors import ConfigError, FileError, Hall2netError
from hall2net.files import atomic
from hall2net.networks import models
from hall2net.networks.average import Average
from hall2net.networks.data import Images
from hall2net.networks.evaluate import confusion_matrix, predictions
from hall2net.networks.forecast import Forecast
from hall2net.networks.models import SavedNetwork, weight_layers
from hall2net.networks.quantize import NoisyWrites, Projection, Pulses
from hall2net.networks.runs import Run
from hall2net.synapse.model import Synapse, synapse_from_lut
from hall2net.synapse.precision import Precision

_FLOAT_BINS = 61  # of a histogram of float weights; odd, so that zero is the middle of a bin
# On a CPU compiling takes longer than it saves in all the trainings of a perceptron.
_COMPILED = {"cuda"}

_Histograms = dict[str, tuple[list[float], list[int], list[float]]]
"""Histograms by layer and of all weights: bin edges, counts, and levels (quantized weights)."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Defaults follow the ruo2 paper; the weight decay, which it does not state, is PyTorch's default.

    Attributes
    ----------
    update : what a step changes: ``latent``, a float weight kept beside the device; ``pulses``, the
        device itself, by whole pulses along its states (`hall2net.networks.quantize.Pulses`)
    optimizer : ``adam``, with decoupled weight decay (AdamW: Loshchilov, Hutter,
        arXiv:1711.05101), or ``sgd``, with Nesterov momentum 0.9 and the decay in the gradient
    learning_rate : the largest of the schedule
    schedule : ``constant``, ``cosine`` (to zero), ``one_cycle`` (linear rise over the first 30 %
        of the steps, then cosine to zero), or ``triangular`` (linear rise over the first 20 %,
        then linear to zero)
    batch : images a step
    label_smoothing : probability that the target spreads evenly over all classes (Szegedy et al.,
        arXiv:1512.00567)
    weight_decay : of the (latent) weights; biases and batch-normalisation parameters have none
    average_epochs : time constant, in epochs, of the mean over the steps that is evaluated and
        saved instead of the last weights (`hall2net.networks.average`); 0: the last weights
    dropout : probability of dropping a pixel, and a hidden unit (perceptron)
    batch_norm : batch normalisation of the hidden layers (perceptron)
    standardise : pixels minus the training set's mean, divided by its standard deviation, per
        channel; otherwise pixels from 0 to 1
    shift_pixels : largest number of pixels by which images are shifted at random, either way
    border : what a shift brings in: ``black``, or ``reflected`` pixels of the image
    mirror : images mirrored left to right: ``none``, half of them at ``random``, or in
        ``alternation``, every image in every other epoch (Jordan, arXiv:2404.00498)
    noise_aware : in every step the weights are written to simulated devices and read back with
        errors, if they are measured states; evaluation and the saved network are without errors
    bfloat16 : matrix products in bfloat16 if the processor supports them
    """

    update: str = "latent"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    batch: int = 128
    label_smoothing: float = 0.0
    weight_decay: float = 1e-2
    average_epochs: float = 0.0
    dropout: Sequence[float] = (0.0, 0.0)
    batch_norm: bool = False
    standardise: bool = False
    shift_pixels: int = 0
    border: str = "black"
    mirror: str = "none"
    noise_aware: bool = False
    bfloat16: bool = False

    def __post_init__(self) -> None:
        for key, allowed in (
            ("update", ("latent", "pulses")),
            ("optimizer", ("adam", "sgd")),
            ("schedule", ("constant", "cosine", "one_cycle", "triangular")),
            ("border", ("black", "reflected")),
            ("mirror", ("none", "random", "alternation")),
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
                "expected average_epochs 0, or update latent"
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
        rise = {"cosine": 0.0, "one_cycle": 0.3, "triangular": 0.2}[self.schedule]
        if progress < rise:
            return self.learning_rate * progress / rise
        fallen = (progress - rise) / (1 - rise)
        if self.schedule == "triangular":
            return self.learning_rate * (1 - fallen)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * fallen))


@dataclass(frozen=True)
class Training:
    """All that the numbers of a training depend on, but for the images and the hardware.

    Attributes
    ----------
    network : the model, as `hall2net.networks.models.build` takes it
    precision : of the weights
    recipe : how they are trained
    epochs : passes over the training images
    mapping : key of `hall2net.networks.quantize.MAPPINGS`; ``none`` for float weights
    measured : (K,) levels of the look-up table, in [-1, 1], for ``lut`` and ``pair`` weights
    synapse : the device model, with the levels of the weights, for noise-aware training
    seed : of weights, order, dropout and augmentation
    record_epochs : epochs, 0 to `epochs`, after which confusion matrix and weights are kept; the
        last is always kept

    Raises
    ------
    ConfigError
        If the settings contradict each other.
    """

    network: Mapping[str, Any]
    precision: Precision
    recipe: Recipe
    epochs: int
    mapping: str = "none"
    measured: Sequence[float] | None = None
    synapse: Synapse | None = None
    seed: int = 0
    record_epochs: Sequence[int] = ()

    def __post_init__(self) -> None:
        levels = self.levels
        if (levels is None) != (self.mapping == "none"):
            raise ConfigError(
                f"precision {self.precision} does not go with mapping {self.mapping!r}"
            )
        recorded = self.recorded
        if self.epochs < 1 or recorded[0] < 0 or recorded[-1] > self.epochs:
            raise ConfigError(
                f"record_epochs {recorded}: each must lie between 0 and epochs ({self.epochs}), "
                "and epochs must be at least 1"
            )
        if not self.noise_aware or levels is None:
            return
        if self.synapse is None:
            raise ConfigError("noise_aware: expected the device model of the look-up table")
        known = [round(level, 5) for level in self.synapse.levels.tolist()]
        if known != [round(level, 5) for level in levels]:
            raise ConfigError(
                f"noise_aware with {self.precision}: the device has the levels {known}; expected "
                f"the network's, {levels}"
            )

    @classmethod
    def of(
        cls,
        *,
        precision: str,
        recipe: Mapping[str, Any],
        lut: pd.DataFrame | None = None,
        **settings: Any,  # noqa: ANN401
    ) -> "Training":
        """The training of a configuration.

        Parameters
        ----------
        precision : name of the `Precision`
        recipe : fields of the `Recipe`
        lut : look-up table, for measured states
        settings : further fields
        """
        chosen = Recipe.of(recipe)
        if lut is not None:
            settings["measured"] = lut["level"].to_list()
            settings["synapse"] = synapse_from_lut(lut) if chosen.noise_aware else None
        return cls(precision=Precision.of(precision), recipe=chosen, **settings)

    @property
    def levels(self) -> list[float] | None:
        """Levels of the weights, ascending; None for float weights."""
        return self.precision.levels(self.measured)

    @property
    def noise_aware(self) -> bool:
        """Whether weights are written to devices: only measured states have a device model."""
        return self.recipe.noise_aware and self.precision.measured

    @property
    def recorded(self) -> list[int]:
        """Epochs after which confusion matrix and weights are kept, ascending."""
        return sorted({*self.record_epochs, self.epochs})

    def facts(self) -> dict[str, Any]:
        """The fields as JSON has them, but for `record_epochs` and the device model."""
        return {
            "network": dict(self.network),
            "precision": str(self.precision),
            "mapping": self.mapping,
            "levels": self.levels,
            "noise_aware": self.noise_aware,
            "settings": asdict(self.recipe),
            "epochs": self.epochs,
            "seed": self.seed,
        }


def train(
    images: Images,
    training: Training,
    *,
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    threads: int = 1,
    say: Callable[[str], None] = logging.info,
) -> tuple[Run, SavedNetwork]:
    """Train one network.

    A tenth of the training images, the same for every run, is kept for validation. On a CPU the
    same arguments give the same bytes, also when a training was killed and went on from
    `checkpoint`; another number of threads may give others.

    Parameters
    ----------
    images : training and test images
    training : what is trained
    checkpoint : file to go on from, written after every epoch; another training's is not used
    device : torch's name of the device
    threads : CPU threads
    say : takes a line on how long a long training will take, after its first minute

    Raises
    ------
    ConfigError
        If a setting has no meaning.
    FileError
        If the checkpoint cannot be read or written.
    Hall2netError
        If the loss is no longer finite.
    """
    torch.set_num_threads(threads)
    data = _Data.of(images, device)
    plan = _plan(images, data, training)
    hardware = _hardware(device, threads, training.recipe)
    state = _State.of(training, plan, data)
    saved = _Checkpoint(checkpoint, training, hardware, images)
    saved.restore(state)

    def test(x: Tensor, y: Tensor) -> np.ndarray:
        return confusion_matrix(state.forward, x, y, len(images.classes))

    if state.epoch == 0 and 0 in training.recorded:
        state.record(test(*data.test))
    name = f"{plan['network']['model']} {images.name} {training.precision} {training.mapping}"
    bar = tqdm(
        range(state.epoch + 1, training.epochs + 1), f"{name} seed {training.seed}",
        training.epochs, initial=state.epoch, unit="epoch",
    )  # fmt: skip
    forecast = Forecast(name, training.epochs, state.epoch, say)
    for epoch in bar:
        loss, train_accuracy = _epoch(epoch, state, training, data, forecast)
        if not math.isfinite(loss):
            raise Hall2netError(
                f"{name}: the loss of epoch {epoch} is {loss}; try a learning_rate below "
                f"{training.recipe.learning_rate:g}"
            )
        with state.average.in_place() if state.average else nullcontext():
            confusion = test(*data.test)
            validation = _accuracy(test(*data.validation))
            state.history.append((epoch, loss, train_accuracy, validation, _accuracy(confusion)))
            if epoch in training.recorded:
                state.record(confusion)
        saved.save(state)
        bar.set_postfix(loss=f"{loss:.4f}", validation=f"{validation:.4f}")

    if state.average:
        state.average.exchange()
    return _run(state, training, images, data, hardware), _network(state, training, plan)


@dataclass(frozen=True)
class _Data:
    """Images and labels on the device that trains."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]

    @classmethod
    def of(cls, images: Images, device: str) -> "_Data":
        """A tenth of the training images is held back for validation, the same for every run."""
        x, y = images.train_x, images.train_y
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
        held, kept = order[: len(order) // 10], order[len(order) // 10 :]
        return cls(
            (x[kept].to(device), y[kept].to(device)),
            (x[held].to(device), y[held].to(device)),
            (images.test_x.to(device), images.test_y.to(device)),
        )


def _plan(images: Images, data: _Data, training: Training) -> dict[str, Any]:
    """Arguments of `models.build`."""
    recipe, x = training.recipe, data.train[0]
    mean, std = _moments(x) if recipe.standardise else ([0.0], [1.0])
    return {
        "network": dict(training.network),
        "shape": list(x.shape[1:]),
        "classes": len(images.classes),
        "mean": mean,
        "std": std,
        "dropout": list(recipe.dropout),
        "batch_norm": recipe.batch_norm,
        "bfloat16": recipe.bfloat16,
    }


def _hardware(device: str, threads: int, recipe: Recipe) -> dict[str, Any]:
    device_type = torch.device(device).type
    bfloat16 = recipe.bfloat16 and models.has_bfloat16(device_type)
    arithmetic = "bfloat16" if bfloat16 else "float32"
    return {"device": device_type, "threads": threads, "arithmetic": arithmetic}


@dataclass
class _State:
    """A network in training, and what it has given so far."""

    model: nn.Module
    forward: nn.Module
    projection: Projection | None
    optimizer: torch.optim.Optimizer
    average: Average | None
    noise: NoisyWrites | None
    history: list[tuple[float, ...]] = field(default_factory=list)
    confusions: dict[int, list[list[int]]] = field(default_factory=dict)
    histograms: dict[int, _Histograms] = field(default_factory=dict)

    @classmethod
    def of(cls, training: Training, plan: Mapping[str, Any], data: _Data) -> "_State":
        recipe, (x, _) = training.recipe, data.train
        torch.manual_seed(training.seed)
        model = models.build(**plan).to(x.device)
        projection = None
        if (levels := training.levels) is not None:
            update = Pulses if recipe.update == "pulses" else Projection
            projection = update(model, levels, training.mapping)
        optimizer = _optimizer(model, projection, recipe)
        noise = None
        if projection and training.noise_aware and training.synapse:
            noise = NoisyWrites(projection, training.synapse)
        steps = math.ceil(len(x) / recipe.batch)
        average = _average(model, projection, optimizer, recipe.average_epochs * steps)
        forward: nn.Module = model
        if x.device.type in _COMPILED:
            forward = cast(nn.Module, torch.compile(model, dynamic=False))
        return cls(model, forward, projection, optimizer, average, noise)

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history)

    def record(self, confusion: np.ndarray) -> None:
        """Keep the confusion matrix and the weights of this epoch."""
        self.confusions[self.epoch] = confusion.tolist()
        self.histograms[self.epoch] = _histograms(self.model, self.projection)

    def state_dict(self) -> dict[str, Any]:
        """State from which a training continues."""
        return {
            "model": self.model.state_dict(),
            "projection": self.projection and self.projection.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average and self.average.state_dict(),
            "history": self.history,
            "confusions": self.confusions,
            "histograms": self.histograms,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.model.load_state_dict(state["model"])
        if self.projection:
            self.projection.load_state_dict(state["projection"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.load_state_dict(state["average"])
        self.history = [tuple(row) for row in state["history"]]
        self.confusions, self.histograms = state["confusions"], state["histograms"]


class _Checkpoint:
    """The file from which a killed training goes on; none without a path."""

    def __init__(
        self,
        path: str | Path | None,
        training: Training,
        hardware: Mapping[str, Any],
        images: Images,
    ) -> None:
        self.path = None if path is None else Path(path)
        synapse = training.synapse if training.noise_aware else None
        facts = {
            **training.facts(),
            **hardware,
            "synapse": synapse
            and [part.tolist() if isinstance(part, Tensor) else part for part in astuple(synapse)],
            "record_epochs": training.recorded,
            "images": images.digest(),
        }
        text = json.dumps(facts, sort_keys=True) + torch.__version__
        self.key = hashlib.sha256(text.encode()).hexdigest()

    def save(self, state: _State) -> None:
        if self.path is None:
            return
        buffer = io.BytesIO()
        torch.save({"key": self.key, **state.state_dict()}, buffer)
        with atomic(self.path) as temporary:
            # Not `getbuffer`: collecting an error that holds one crashes Python 3.12.1.
            temporary.write_bytes(buffer.getvalue())

    def restore(self, state: _State) -> None:
        """Go on from the file, if it is there and of the same training."""
        if self.path is None or not self.path.exists():
            return
        device = next(state.model.parameters()).device
        try:
            content = torch.load(self.path, map_location=device, weights_only=True)
            if content["key"] == self.key:
                state.load_state_dict(content)
        except Exception as error:
            found = f"is incomplete or not a checkpoint ({type(error).__name__})"
            hint = "a file that `train` wrote; delete it to train from the beginning"
            raise FileError(self.path, found, hint) from error


def _epoch(
    epoch: int, state: _State, training: Training, data: _Data, forecast: Forecast
) -> tuple[float, float]:
    """One pass over the training images: mean loss and accuracy in it."""
    recipe, model, noise = training.recipe, state.model, state.noise
    (train_x, train_y), device = data.train, data.train[0].device
    # Seeded in every epoch, so that a checkpoint needs no state of random generators.
    seed = 1_000_003 * (training.seed + 1) + epoch
    torch.manual_seed(seed)
    if noise:
        noise.begin(seed)
        noise.write()
    model.train()
    loss_sum = torch.zeros((), device=device)
    correct = torch.zeros((), device=device, dtype=torch.int64)
    batches = torch.randperm(len(train_x)).to(device).split(recipe.batch)
    for step, batch in enumerate(batches):
        for group in state.optimizer.param_groups:
            group["lr"] = recipe.rate((epoch - 1 + step / len(batches)) / training.epochs)
        x, y = train_x.index_select(0, batch), train_y.index_select(0, batch)
        if recipe.shift_pixels:
            x = _shifted(x, recipe.shift_pixels, recipe.border)
        if recipe.mirror != "none":
            alternating = recipe.mirror == "alternation"
            chosen = (batch + epoch) % 2 == 0 if alternating else _coin(len(batch), device)
            x = torch.where(chosen.view(-1, 1, 1, 1), x.flip(3), x)
        # The last batch of an epoch is shorter, and not worth a compilation of its own.
        logits = (state.forward if len(batch) == recipe.batch else model)(x)
        loss = F.cross_entropy(logits, y, label_smoothing=recipe.label_smoothing)
        model.zero_grad()
        loss.backward()
        state.optimizer.step()
        if state.average:
            state.average.update()
        if noise:
            noise.write()
        forecast.reached(epoch - 1 + (step + 1) / len(batches))
        loss_sum += loss.detach() * len(batch)
        correct += (logits.detach().argmax(1) == y).sum()
    if noise:
        noise.end()
    return loss_sum.item() / len(train_x), correct.item() / len(train_x)


def _run(
    state: _State, training: Training, images: Images, data: _Data, hardware: Mapping[str, Any]
) -> Run:
    columns = "epoch", "train_loss", "train_accuracy", "validation_accuracy", "test_accuracy"
    history = pd.DataFrame(state.history, columns=columns)
    layers = weight_layers(state.model)
    metrics = {
        **training.facts(),
        **hardware,
        "dataset": images.name,
        "source": images.source,
        "stand_in": images.stand_in,
        "train_images": len(data.train[1]),
        "validation_images": len(data.validation[1]),
        "test_images": len(data.test[1]),
        "scales": _scales(state),
        "weights": sum(weight.numel() for weight in layers.values()),
        "distinct_weights": {name: len(weight.unique()) for name, weight in layers.items()},
        **history.iloc[-1].drop("epoch").to_dict(),
    }
    true = pd.Index(images.classes, name="true")
    confusions = {
        epoch: pd.DataFrame(counts, true, images.classes)
        for epoch, counts in state.confusions.items()
    }
    wrong = _misclassified(state.forward, data, images)
    return Run(history, confusions, _histogram_table(state.histograms), wrong, metrics)


def _misclassified(model: nn.Module, data: _Data, images: Images) -> pd.DataFrame:
    x, true = data.test
    predicted = predictions(model, x)
    places = (predicted != true).nonzero().flatten()
    classes = np.array(images.classes)
    return pd.DataFrame(
        {
            "image": places.cpu().numpy(),
            "true": classes[true[places].cpu().numpy()],
            "predicted": classes[predicted[places].cpu().numpy()],
        }
    )


def _network(state: _State, training: Training, plan: dict[str, Any]) -> SavedNetwork:
    weights = {
        key: tensor.detach().cpu().clone() for key, tensor in state.model.state_dict().items()
    }
    return SavedNetwork(plan, training.levels, training.mapping, _scales(state), weights)


def _scales(state: _State) -> dict[str, float] | None:
    """Scale of each layer; None for float weights."""
    if state.projection is None:
        return None
    return dict(zip(state.projection.names, state.projection.scales().tolist(), strict=True))


def _moments(x: Tensor) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, for pixels from 0 to 1."""
    # From the counts of the 256 values: exact, and without a copy of all images.
    value = torch.arange(256, dtype=torch.float64, device=x.device) / 255
    means, deviations = [], []
    for channel in x.transpose(0, 1):
        fraction = torch.bincount(channel.flatten(), minlength=256).double() / channel.numel()
        mean = fraction @ value
        means.append(mean.item())
        deviations.append((fraction @ (value - mean) ** 2).sqrt().item())
    return means, deviations


def _optimizer(
    model: nn.Module, projection: Projection | None, recipe: Recipe
) -> torch.optim.Optimizer:
    """torch's optimizer, on the latents if the weights are levels."""
    weights = list(weight_layers(model).values())
    digital = [p for p in model.parameters() if not any(p is weight for weight in weights)]
    if projection:
        weights, scales = list(projection.latents), projection.parameters()[len(weights) :]
        digital += scales
    groups: list[dict[str, Any]] = [
        {"params": weights},
        {"params": digital, "weight_decay": 0.0},
    ]
    shared: dict[str, Any] = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    optimizer: torch.optim.Optimizer
    if recipe.optimizer == "adam":
        optimizer = torch.optim.AdamW(groups, fused=True, **shared)
    else:
        optimizer = torch.optim.SGD(groups, momentum=0.9, nesterov=True, fused=True, **shared)
    if projection:
        projection.attach(optimizer)
    return optimizer


def _average(
    model: nn.Module,
    projection: Projection | None,
    optimizer: torch.optim.Optimizer,
    steps: float,
) -> Average | None:
    """The mean of all that the optimizer steps, and of batch normalisation's statistics."""
    if not steps:
        return None
    stepped = [tensor for group in optimizer.param_groups for tensor in group["params"]]
    statistics = [buffer for buffer in model.buffers() if buffer.is_floating_point()]
    refresh = projection.project if projection else lambda: None
    return Average([*stepped, *statistics], steps, refresh)


def _shifted(x: Tensor, reach: int, border: str) -> Tensor:
    """Each image shifted by up to `reach` pixels, either way."""
    n, _, height, width = x.shape
    shift = torch.randint(0, 2 * reach + 1, (2, n), device=x.device)
    if border == "black":
        wide = F.pad(x, (reach,) * 4)
    else:
        # By indices, since torch does not reflect bytes.
        rows, columns = (_reflected(size, reach, x.device) for size in (height, width))
        wide = x.index_select(2, rows).index_select(3, columns)
    crops = wide.unfold(2, height, 1).unfold(3, width, 1)
    return crops[torch.arange(n, device=x.device), :, shift[0], shift[1]]


def _reflected(size: int, reach: int, device: torch.device) -> Tensor:
    """Pixels of a row from `reach` before its first to `reach` behind its last."""
    place = torch.arange(-reach, size + reach, device=device).abs()
    return torch.where(place < size, place, 2 * (size - 1) - place)


def _coin(n: int, device: torch.device) -> Tensor:
    return torch.rand(n, device=device) < 0.5


def _accuracy(confusion: np.ndarray) -> float:
    return float(np.trace(confusion) / confusion.sum())


def _histograms(model: nn.Module, projection: Projection | None) -> _Histograms:
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
    histograms: _Histograms = {}
    for key, values in weights.items():
        reach = float(values.abs().max())
        number, edges = np.histogram(values.numpy(), _FLOAT_BINS, (-reach, reach))
        histograms[key] = edges.tolist(), number.tolist(), []
    return histograms


def _histogram_table(histograms: Mapping[int, _Histograms]) -> pd.DataFrame:
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
