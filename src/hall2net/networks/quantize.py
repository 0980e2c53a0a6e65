"""Networks whose weights are the levels of a device.

The model is not changed. The optimizer steps *latent* float weights, and after every step each
layer's weights become ``scale * level[nearest(latent / scale)]``. The gradient with respect to
the weights is used as the gradient with respect to the latents (straight-through estimator,
Bengio, Leonard, Courville, arXiv:1308.3432). Forward and backward passes are those of the plain
network and cost the same.

Weights of linear and convolution layers are quantized. Biases and batch-normalisation parameters
stay float: they belong to the digital periphery of a crossbar array.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from statistics import NormalDist
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hall2net.errors import ConfigError
from hall2net.networks.models import weight_layers
from hall2net.synapse.model import Synapse

MAPPINGS = {
    "maxabs": "the largest |latent| of the layer: the papers' max-abs normalisation",
    "std": "the standard deviation of the layer's latents, times `normal_factor` of the levels",
    "learned": "trained by gradient descent, from `std` on",
}
"""How the scale of a layer follows from its latent weights."""

_CELLS = 2**12  # of the table of levels; half a cell is far below the distance of two levels
_COLUMNS = 2**12  # reads of each state that noise-aware training draws from
_PLACES = 2**18  # where a step may begin in the random numbers of an epoch; drawn in 1 ms
_ROW = 2**10  # latents; long enough for fast sums, short enough to waste little at a layer's end


def nearest(values: Tensor, levels: Tensor) -> Tensor:
    """Index of the level nearest to each value; `levels` (K,) ascending."""
    return torch.bucketize(values, (levels[1:] + levels[:-1]) / 2)


@cache
def normal_factor(levels: tuple[float, ...]) -> float:
    """The scale s that minimises E[(z - s level[nearest(z / s)])^2] for a standard normal z.

    Binary levels give sqrt(2 / pi), the scale of XNOR-Net (Rastegari et al., arXiv:1603.05279);
    for other levels the minimum is found on a grid of 0.5 %.
    """
    quantiles = (np.arange(4000) + 0.5) / 4000
    z = np.array([NormalDist().inv_cdf(q) for q in quantiles])
    level = np.asarray(levels)
    middles = (level[1:] + level[:-1]) / 2
    scales = np.geomspace(0.3, 10, 701)
    errors = [np.mean((z - s * level[np.searchsorted(middles, z / s)]) ** 2) for s in scales]
    return float(scales[np.argmin(errors)])


class Projection:
    """Keeps the weights of a model at ``scale * level`` after every step of an optimizer.

    Parameters
    ----------
    model : its weight layers are changed in place; it must not be moved to another device later
    levels : (K,) ascending, in [-1, 1]
    mapping : one of `MAPPINGS`

    Attributes
    ----------
    weights : of each layer, ``scale * level``
    latents : of each layer, the float weights that the optimizer steps
    log_scale : Parameter (number of layers,), logarithm of the scales at the beginning; trained by
        mapping ``learned``, constant for `Pulses`, not used otherwise

    Notes
    -----
    All latents lie in one array, and all weights in another: a projection is the same ten passes
    over the memory for a perceptron and for ResNet-18. Each layer begins a new row of the array
    and fills its last row with zeros, so every row has one scale.

    The nearest level is read from a table of 2^12 cells across [-1, 1], in the same time for 2
    levels and for 200. A latent within 2.5e-4 of a scale of the midpoint between two levels may be
    rounded to either.
    """

    def __init__(self, model: nn.Module, levels: Sequence[float], mapping: str) -> None:
        if mapping not in MAPPINGS:
            raise ConfigError(f"mapping {mapping!r}: expected one of {', '.join(MAPPINGS)}")
        layers = weight_layers(model)
        self.names, self.weights = list(layers), list(layers.values())
        self.levels, self.mapping = list(levels), mapping
        device = self.weights[0].device
        self._levels = torch.tensor(levels, dtype=torch.float32, device=device)
        self._factor = normal_factor(tuple(levels))
        centres = (torch.arange(_CELLS, device=device) + 0.5) * (2 / _CELLS) - 1
        self._states = nearest(centres, self._levels).int()
        self._table = self._levels[self._states]

        self._sizes = torch.tensor([weight.numel() for weight in self.weights], device=device)
        self._rows = (self._sizes + _ROW - 1) // _ROW
        self._layer_of_row = torch.arange(len(layers), device=device).repeat_interleave(self._rows)
        shape = len(self._layer_of_row), _ROW
        self._all_latents = torch.zeros(shape, device=device)
        self._all_weights = torch.zeros(shape, device=device)
        self._cells = torch.empty(shape, dtype=torch.int32, device=device)
        self.latents: list[nn.Parameter] = []
        row = 0
        for weight, rows in zip(self.weights, self._rows.tolist(), strict=True):
            place = weight.shape, weight.stride(), row * _ROW
            latent = self._all_latents.as_strided(*place).copy_(weight.detach())
            self.latents.append(nn.Parameter(latent))
            weight.data = self._all_weights.as_strided(*place)
            row += rows
        with torch.no_grad():
            self.log_scale = nn.Parameter(self._scales_of_latents().log())
        self.reset()

    def parameters(self) -> list[nn.Parameter]:
        """The latents, and the scales if they are trained."""
        return [*self.latents, *([self.log_scale] if self.mapping == "learned" else [])]

    def state_dict(self) -> dict[str, Any]:
        """State for a checkpoint: latents and scales."""
        latents = [latent.detach() for latent in self.latents]
        return {"latents": latents, "log_scale": self.log_scale.detach()}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`."""
        for latent, saved in zip(self.latents, state["latents"], strict=True):
            latent.copy_(saved)
        self.log_scale.copy_(state["log_scale"])
        self.reset()

    def reset(self) -> None:
        """Set every weight again, after latents or scales were changed by hand."""
        self.project()

    def attach(self, optimizer: torch.optim.Optimizer) -> None:
        """Make every step of `optimizer` end with weights that are levels."""
        optimizer.register_step_pre_hook(lambda *_: self._take_gradients())
        optimizer.register_step_post_hook(lambda *_: self.project())

    @torch.no_grad()
    def scales(self) -> Tensor:
        """Scale of each layer, (number of layers,)."""
        return self.log_scale.exp() if self.mapping == "learned" else self._scales_of_latents()

    def _scales_of_latents(self) -> Tensor:
        if self.mapping == "maxabs":
            latents = self._all_latents
            return self._by_layer("max", torch.maximum(latents.amax(1), -latents.amin(1)))
        # Two passes at the speed of the memory; `Tensor.std` takes many times as long.
        sums = self._by_layer("sum", self._all_latents.sum(1))
        squares = self._by_layer("sum", torch.linalg.vector_norm(self._all_latents, dim=1) ** 2)
        return (squares / self._sizes - (sums / self._sizes) ** 2).sqrt() * self._factor

    def _scales_of_rows(self) -> Tensor:
        return self.scales().index_select(0, self._layer_of_row)[:, None]

    def _by_layer(self, how: str, values: Tensor) -> Tensor:
        """The sum, or maximum, of the values (rows,) of each layer."""
        # `unsafe=True` skips a check of the lengths that would make the CPU wait for the GPU.
        return torch.segment_reduce(values, how, lengths=self._rows, unsafe=True)

    @torch.no_grad()
    def project(self) -> None:
        """Set every weight to the level nearest to its latent."""
        scales = self._scales_of_rows()
        weights, cells, half = self._all_weights, self._cells, _CELLS / 2
        torch.mul(self._all_latents, half / scales, out=weights).add_(half)
        # As integers, since a latent that is not a number must still give a cell of the table.
        cells.copy_(weights).clamp_(0, _CELLS - 1)
        torch.index_select(self._table, 0, cells.view(-1), out=weights.view(-1))
        weights.mul_(scales)

    @torch.no_grad()
    def read(self, reads: Tensor, columns: Tensor) -> None:
        """Set every weight to a read of its device.

        Parameters
        ----------
        reads : (K, n) levels that a read of each state may give
        columns : (`size`,) int32, which of them each device gives
        """
        first = torch.add(columns, self._device_states(), alpha=reads.shape[1])
        torch.index_select(reads.view(-1), 0, first, out=self._all_weights.view(-1))
        self._all_weights.mul_(self._scales_of_rows())

    @property
    def size(self) -> int:
        """Number of weights, with those that fill rows."""
        return self._all_weights.numel()

    def _device_states(self) -> Tensor:
        """State of the device of every weight, (`size`,), int32."""
        return self._states.index_select(0, self._cells.view(-1))

    def counts(self) -> dict[str, np.ndarray]:
        """Number of weights of each layer at each level, (K,)."""
        counts = {}
        for name, weight, scale in zip(self.names, self.weights, self.scales(), strict=True):
            index = nearest(weight.detach().flatten() / scale, self._levels)
            counts[name] = torch.bincount(index, minlength=len(self.levels)).cpu().numpy()
        return counts

    @torch.no_grad()
    def _take_gradients(self) -> None:
        for weight, latent in zip(self.weights, self.latents, strict=True):
            latent.grad = weight.grad
        if self.mapping == "learned":
            self.log_scale.grad = self._gradient_of_log_scale()

    def _gradient_of_log_scale(self) -> Tensor:
        # d(s level[nearest(w / s)]) / ds = level - w / s, and level alone beyond the levels
        # (LSQ: Esser et al., arXiv:1902.08153, eq. 3); d/d(log s) is s times that.
        scales = self._scales_of_rows()
        inside = self._all_latents / scales
        # Zero beyond the levels. `torch.where` takes ten times as long.
        inside.sub_(F.hardshrink(inside, 1.0))
        change = torch.addcmul(self._all_weights, inside, scales, value=-1)
        products = []
        for latent in self.latents:
            place = change.as_strided(latent.shape, latent.stride(), latent.storage_offset())
            products.append(torch.dot(cast(Tensor, latent.grad).flatten(), place.flatten()))
        return torch.stack(products)


class NoisyWrites:
    """Writes every weight to a device and reads it, in every step of noise-aware training.

    To draw a random number for every weight takes as long as the step itself. Therefore one block
    of them is drawn for each epoch, and every step uses a stretch of it from a random place on:
    the same weight gets independent numbers in two steps that begin at different places.

    Parameters
    ----------
    projection : of the weights
    synapse : the device model, with the levels of the projection
    """

    def __init__(self, projection: Projection, synapse: Synapse) -> None:
        self._projection = projection
        self._reads = synapse.to(projection.log_scale.device).first_reads(_COLUMNS)

    def begin(self, seed: int) -> None:
        """Draw the random numbers of an epoch."""
        device, size = self._reads.device, self._projection.size + _PLACES
        generator = torch.Generator(device).manual_seed(seed)
        self._block = torch.randint(
            _COLUMNS, (size,), generator=generator, dtype=torch.int32, device=device
        )
        self._places = torch.Generator().manual_seed(seed)

    def write(self) -> None:
        """Set every weight to what one read gives after one write."""
        place = int(torch.randint(_PLACES, (), generator=self._places))
        self._projection.read(self._reads, self._block[place : place + self._projection.size])

    def end(self) -> None:
        """Set every weight to its level again."""
        self._projection.project()


class Pulses(Projection):
    """Moves weights by whole pulses from state to state, without latent weights.

    After every step of the optimizer each device gets a number of pulses towards the stepped
    weight. A pulse moves the device by one state; the number is computed as if every pulse changed
    the weight by the mean distance of neighbouring levels. The weight follows the measured levels,
    with their unequal steps and their ends. A fraction of a pulse is given with that probability
    (stochastic rounding), drawn from torch's generator.

    Parameters
    ----------
    model, levels, mapping : as in `Projection`; the scale is that of the beginning
    """

    def __init__(self, model: nn.Module, levels: Sequence[float], mapping: str) -> None:
        if mapping == "learned":
            raise ConfigError("update pulses: mapping 'learned'; expected maxabs or std")
        self._pulse = (levels[-1] - levels[0]) / (len(levels) - 1)
        super().__init__(model, levels, mapping)

    @torch.no_grad()
    def scales(self) -> Tensor:
        """Scale of each layer, (number of layers,), constant."""
        return self.log_scale.exp()

    @torch.no_grad()
    def reset(self) -> None:
        """Set every device to the state nearest to its latent."""
        scales = self._scales_of_rows()
        self._state = nearest(self._all_latents / scales, self._levels)
        self._set(scales)

    @torch.no_grad()
    def project(self) -> None:
        """Give every device its pulses."""
        scales = self._scales_of_rows()
        wanted = (self._all_latents / scales - self._levels[self._state]) / self._pulse
        pulses = wanted.add_(torch.rand_like(wanted)).floor_().nan_to_num_(0)
        most = len(self.levels) - 1
        self._state.add_(pulses.clamp_(-most, most).long()).clamp_(0, most)
        self._set(scales)

    def _device_states(self) -> Tensor:
        return self._state.view(-1).int()

    def _set(self, scales: Tensor) -> None:
        torch.mul(self._levels[self._state], scales, out=self._all_weights)
        self._all_latents.copy_(self._all_weights)
