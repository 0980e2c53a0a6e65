"""Weights on an array of devices: which state each device holds, and what the array gives back.

A single device has the levels of its look-up table. A reference column, all its devices in one
state, is subtracted from every column and shifts the levels. A differential pair holds a state and
its mirror image, and gives levels that are symmetric about zero. Each arrangement is nothing but
another list of levels, so that training with it takes a `Projection` with those levels, and no
longer.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hall2net.errors import ConfigError
from hall2net.networks import models
from hall2net.networks.data import DATA_SETS
from hall2net.networks.quantize import nearest, normal_factor, weight_layers
from hall2net.synapse.lut import NORMAL_WEIGHTS
from hall2net.synapse.model import Synapse

ARRANGEMENTS = {
    "single": "one bipolar device a weight",
    "reference": "one device a weight, less a reference column of devices in one state",
    "pair": "two devices a weight, subtracted",
}


@dataclass(frozen=True)
class Arrangement:
    """How the levels of weights follow from those of devices.

    Attributes
    ----------
    levels : (K,) of weights, ascending, in [-1, 1]: gain * (level[plus] - level[minus]), or
        gain * level[plus] where there is no `minus`
    plus : (K,) state of the device that adds
    minus : (K,) state of the device that subtracts, None for a single device
    gain : factor that brings the largest level to 1
    """

    levels: Tensor
    plus: Tensor
    minus: Tensor | None
    gain: float


def arrange(levels: Tensor, arrangement: str = "single") -> Arrangement:
    """The levels that weights can have.

    Parameters
    ----------
    levels : (K,) of the look-up table, ascending, in [-1, 1]
    arrangement : single | reference: the state of the column is that of the smallest error for
        normally distributed weights | pair: state k against state K - 1 - k

    Raises
    ------
    ConfigError
        If there is no such arrangement.
    """
    levels = torch.as_tensor(levels, dtype=torch.float32)
    plus = torch.arange(len(levels))
    if arrangement == "single":
        return Arrangement(levels, plus, None, 1.0)
    if arrangement == "pair":
        minus = plus.flip(0)
    elif arrangement == "reference":
        shifted = [_largest_one(levels - level)[0] for level in levels]
        errors = [_normal_error(own) for own in shifted]
        minus = torch.full_like(plus, int(np.argmin(errors)))
    else:
        raise ConfigError(f"arrangement {arrangement!r}: expected one of {', '.join(ARRANGEMENTS)}")
    found, gain = _largest_one(levels - levels[minus])
    return Arrangement(found, plus, minus, gain)


@dataclass(frozen=True)
class WeightArray:
    """Weights as states of devices.

    Attributes
    ----------
    plus, minus : states, of the shape of the weights; no `minus` for single devices
    scale : of the weights, a number (layer) or one for each output (channel), broadcastable
    arrangement : whose levels they have
    levels : (K,) of the look-up table
    """

    plus: Tensor
    minus: Tensor | None
    scale: Tensor
    arrangement: Arrangement
    levels: Tensor

    def weights(self) -> Tensor:
        """The weights, with devices that do not vary."""
        subtracted = None if self.minus is None else self.levels[self.minus]
        return self.weights_of(self.levels[self.plus], subtracted)

    def read(self, device: Synapse, generator: torch.Generator, time_s: float = 1.0) -> Tensor:
        """The weights of one array, written, and read once `time_s` after.

        Parameters
        ----------
        device : on the device of the tensors, with the same states
        generator : of all its randomness
        time_s : since the write, in s
        """
        read = [
            device.read(device.write(states, generator), generator, time_s)
            for states in (self.plus, self.minus)
            if states is not None
        ]
        return self.weights_of(*read)

    def weights_of(self, plus: Tensor, minus: Tensor | None = None) -> Tensor:
        """Weights of levels that were read (of resistances: `hall2net.synapse.lut.levels`)."""
        difference = plus if minus is None else plus - minus
        return self.scale * self.arrangement.gain * difference


def map_weights(
    weight: Tensor,
    levels: Tensor,
    *,
    mapping: str | Tensor = "std",
    per: str = "layer",
    arrangement: str = "single",
) -> WeightArray:
    """Put the weights of one layer on devices: the nearest level of each.

    Parameters
    ----------
    weight : (outputs, ...) in float
    levels : (K,) of the look-up table, ascending, in [-1, 1]
    mapping : maxabs: the scale is the largest |weight| | std: standard deviation of the weights
        times `normal_factor` | the scale itself, such as a trained one (`learned`)
    per : layer | channel: one scale, or one for each output
    arrangement : key of `ARRANGEMENTS`

    Raises
    ------
    ConfigError
        If a setting has none of the allowed values.
    """
    if per not in ("layer", "channel"):
        raise ConfigError(f"mapping per {per!r}: expected one of layer, channel")
    arranged = arrange(levels, arrangement)
    rows = weight.detach().reshape(1 if per == "layer" else len(weight), -1)
    if isinstance(mapping, Tensor):
        scale = mapping.reshape(-1)
    elif mapping == "maxabs":
        scale = rows.abs().amax(1)
    elif mapping == "std":
        scale = rows.std(1, correction=0) * normal_factor(tuple(arranged.levels.tolist()))
    else:
        raise ConfigError(f"mapping {mapping!r}: expected maxabs, std or the scale itself")
    # Weights that are all zero have no scale; any serves.
    scale = torch.where(scale > 0, scale, 1.0).reshape(-1, *[1] * (weight.dim() - 1))
    at, parts = weight.device, [arranged.levels, arranged.plus]
    weight_levels, plus = (part.to(at) for part in parts)
    index = nearest((weight.detach() / scale).contiguous(), weight_levels)
    minus = None if arranged.minus is None else arranged.minus.to(at)[index]
    own = torch.as_tensor(levels, dtype=torch.float32, device=at)
    return WeightArray(plus[index], minus, scale, arranged, own)


def weight_count(network: dict, dataset: str) -> int:
    """Number of weights that devices hold, of a network for a data set's images.

    Parameters
    ----------
    network : as `hall2net.networks.models.build` takes it
    dataset : key of `hall2net.networks.data.DATA_SETS`
    """
    facts = DATA_SETS[dataset]
    model = models.build(
        network, shape=facts.shape, classes=len(facts.classes), mean=[0.0], std=[1.0],
        dropout=(0.0, 0.0), batch_norm=False,
    )  # fmt: skip
    return sum(weight.numel() for weight in weight_layers(model).values())


def _largest_one(levels: Tensor) -> tuple[Tensor, float]:
    gain = 1 / float(levels.abs().max())
    return levels * gain, gain


def _normal_error(levels: Tensor) -> float:
    """Squared error of standard normal weights at the best scale of levels."""
    z = torch.from_numpy(NORMAL_WEIGHTS).float()
    scale = normal_factor(tuple(levels.tolist()))
    return float(((z - scale * levels[nearest(z / scale, levels)]) ** 2).mean())
