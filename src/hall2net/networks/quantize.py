"""Networks whose weights are the levels of a device.

The model is left as it is. Its optimizer steps *latent* float weights, and after every step each
layer's weights become ``scale * level[nearest(latent / scale)]``. The gradient with respect to
the weights is taken for the gradient with respect to the latents (straight-through estimator,
Bengio, Leonard, Courville, arXiv:1308.3432). Forward and backward passes are those of the plain
network, so they cost what the plain network costs.

Weights of linear and convolution layers are quantized; biases and batch-normalisation parameters,
which a crossbar array leaves to its digital periphery, stay float.
"""

from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np
import torch
from torch import Tensor, nn

from hall2net.errors import ConfigError
from hall2net.synapse.model import Synapse

MAPPINGS = {
    "maxabs": "the largest |latent| of the layer: the papers' max-abs normalisation",
    "std": "the standard deviation of the layer's latents, times `normal_factor` of the levels",
    "learned": "trained by gradient descent, begun at `std`",
}
"""How the scale of a layer follows from its latent weights."""

_CELLS = 2**12
_ROW = 2**10


def weight_layers(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that devices hold: of every linear and convolution layer, by layer name."""
    kinds = nn.Linear, nn.Conv2d
    return {name: m.weight for name, m in model.named_modules() if isinstance(m, kinds)}


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
    """Keeps the weights of a model at ``scale * level``, behind an optimizer's back.

    Parameters
    ----------
    model : its weight layers are changed in place; it must stay on its device from here on
    levels : (K,) ascending, in [-1, 1]
    mapping : one of `MAPPINGS`

    Attributes
    ----------
    weights : of each layer, levels
    latents : of each layer, what the optimizer steps in the place of the weights
    log_scale : Parameter (number of layers,), the logarithm of the scales; trained only where the
        mapping is ``learned``

    Notes
    -----
    All latents lie in one array, and all weights in another, so that a projection is the same ten
    passes over the memory for a perceptron and for ResNet-18. Each layer begins a new row of the
    array and fills the rest of its last row with zeros; what belongs to the layer, like its scale,
    so goes along the rows.

    The nearest level is read from a table of 2^12 cells across [-1, 1], in the same time for 2
    levels and for 200. A latent less than 2.5e-4 scales from the middle of two levels may so go to
    either of them.
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
        self._states = nearest(centres, self._levels)
        self._table = self._levels[self._states]

        self._sizes = torch.tensor([weight.numel() for weight in self.weights], device=device)
        self._rows = (self._sizes + _ROW - 1) // _ROW
        self._layer_of_row = torch.arange(len(layers), device=device).repeat_interleave(self._rows)
        shape = len(self._layer_of_row), _ROW
        self._all_latents = torch.zeros(shape, device=device)
        self._all_weights = torch.zeros(shape, device=device)
        self._cells = torch.empty(shape, dtype=torch.int32, device=device)
        self.latents = []
        first = 0
        for weight, rows in zip(self.weights, self._rows.tolist(), strict=True):
            place = weight.shape, weight.stride(), first * _ROW
            latent = self._all_latents.as_strided(*place).copy_(weight.detach())
            self.latents.append(nn.Parameter(latent))
            weight.data = self._all_weights.as_strided(*place)
            first += rows
        with torch.no_grad():
            first = self._scales_of_latents()
        # Of mapping `learned` where it begins, of `Pulses` where it stays.
        self.log_scale = nn.Parameter(first.log())
        self.reset()

    def parameters(self) -> list[nn.Parameter]:
        """What is trained in the place of the weights, and the scales where they are trained."""
        return [*self.latents, *([self.log_scale] if self.mapping == "learned" else [])]

    @torch.no_grad()
    def load(self, latents: Sequence[Tensor], log_scale: Tensor) -> None:
        """Go on from these latents and scales."""
        for latent, saved in zip(self.latents, latents, strict=True):
            latent.copy_(saved)
        self.log_scale.copy_(log_scale)
        self.reset()

    def reset(self) -> None:
        """Set every weight anew, after latents or scales were changed by hand."""
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
        return self._spread()

    def _spread(self) -> Tensor:
        # In two passes as fast as the memory, where `Tensor.std` takes many times as long.
        sums = self._by_layer("sum", self._all_latents.sum(1))
        squares = self._by_layer("sum", torch.linalg.vector_norm(self._all_latents, dim=1) ** 2)
        return (squares / self._sizes - (sums / self._sizes) ** 2).sqrt() * self._factor

    def _scales_of_rows(self) -> Tensor:
        return self.scales().index_select(0, self._layer_of_row)[:, None]

    def _by_layer(self, how: str, values: Tensor) -> Tensor:
        """The sum, or largest, of the values (rows,) of each layer."""
        # Not `unsafe` is to look at the lengths, for which a GPU would have to be waited for.
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
    def write(self, synapse: Synapse, generator: torch.Generator) -> None:
        """Set every weight to what a device holds that is written to its state, and read once."""
        held = synapse.read(synapse.write(self._held(), generator), generator)
        torch.mul(held, self._scales_of_rows(), out=self._all_weights)

    def _held(self) -> Tensor:
        """State of the device of every weight."""
        return self._states.index_select(0, self._cells.view(-1)).view_as(self._cells)

    def counts(self) -> dict[str, np.ndarray]:
        """How many weights of each layer are at each level, (K,)."""
        found = {}
        for name, weight, scale in zip(self.names, self.weights, self.scales(), strict=True):
            index = nearest(weight.detach().flatten() / scale, self._levels)
            found[name] = torch.bincount(index, minlength=len(self.levels)).cpu().numpy()
        return found

    @torch.no_grad()
    def _take_gradients(self) -> None:
        for weight, latent in zip(self.weights, self.latents, strict=True):
            latent.grad = weight.grad
        if self.mapping == "learned":
            # d(s level[nearest(w / s)]) / ds = level - w / s, and level alone beyond the levels
            # (LSQ: Esser et al., arXiv:1902.08153, eq. 3); d/d(log s) is s times that.
            self.log_scale.grad = torch.stack(
                [
                    (weight.grad * (weight - torch.where(latent.abs() < scale, latent, 0))).sum()
                    for weight, latent, scale in zip(
                        self.weights, self.latents, self.scales(), strict=True
                    )
                ]
            )


class Pulses(Projection):
    """Moves weights by whole pulses from state to state, with no latent weight behind them.

    After every step of the optimizer each weight is brought nearer to where the step would have it
    by a number of pulses, one pulse being one state up or down and taken to change the weight by
    the mean distance of neighbouring levels. What it does change it by is the distance of the
    states that it is between: the measured curve, with its unequal steps and its ends. A fraction
    of a pulse is given with that probability (stochastic rounding), drawn from torch's generator.

    Parameters
    ----------
    model, levels, mapping : as in `Projection`; the scale stays what it is at the beginning
    """

    def __init__(self, model: nn.Module, levels: Sequence[float], mapping: str) -> None:
        if mapping == "learned":
            raise ConfigError("update pulses: mapping 'learned'; expected maxabs or std")
        self._pulse = (levels[-1] - levels[0]) / (len(levels) - 1)
        super().__init__(model, levels, mapping)

    @torch.no_grad()
    def scales(self) -> Tensor:
        """Scale of each layer, (number of layers,), the same at all times."""
        return self.log_scale.exp()

    @torch.no_grad()
    def reset(self) -> None:
        """Set every device to the state nearest to its latent."""
        scales = self._scales_of_rows()
        self._state = nearest(self._all_latents / scales, self._levels)
        self._set(scales)

    @torch.no_grad()
    def project(self) -> None:
        """Give every device the pulses that its weight asks for."""
        scales = self._scales_of_rows()
        wanted = (self._all_latents / scales - self._levels[self._state]) / self._pulse
        pulses = wanted.add_(torch.rand_like(wanted)).floor_().nan_to_num_(0)
        most = len(self.levels) - 1
        self._state.add_(pulses.clamp_(-most, most).long()).clamp_(0, most)
        self._set(scales)

    def _held(self) -> Tensor:
        return self._state

    def _set(self, scales: Tensor) -> None:
        torch.mul(self._levels[self._state], scales, out=self._all_weights)
        self._all_latents.copy_(self._all_weights)
