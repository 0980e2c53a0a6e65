"""Means of weights over the steps of a training."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average:
    """Exponential moving average of the trained tensors, evaluated instead of their last values.

    At a constant learning rate weights do not come to rest: they move about a point that their
    mean over the steps estimates (Polyak, Juditsky, SIAM J. Control Optim. 30, 838 (1992)). The
    training itself is the same with and without the average. For quantized weights the latents are
    averaged; devices hold the levels nearest to the mean.

    Parameters
    ----------
    tensors : float tensors, changed in place by the training
    steps : time constant, above 0: the weight of a value is exp(-1/steps) times that of the value
        one step later. Over fewer steps it is the plain mean
    refresh : called after the tensors were exchanged, to update what depends on them

    Attributes
    ----------
    means : of each tensor
    count : steps so far
    """

    def __init__(
        self, tensors: Iterable[Tensor], steps: float, refresh: Callable[[], None]
    ) -> None:
        self.tensors = [tensor.detach() for tensor in tensors]
        self.means = [tensor.clone() for tensor in self.tensors]
        self.count = 0
        self._keep = math.exp(-1 / steps)
        self._refresh = refresh

    def update(self) -> None:
        """Include the values after a step."""
        self.count += 1
        keep = min(self._keep, 1 - 1 / self.count)
        get_ema_multi_avg_fn(keep)(self.means, self.tensors, None)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the means in place of the values; restore the values afterwards."""
        self.exchange()
        try:
            yield
        finally:
            self.exchange()

    @torch.no_grad()
    def exchange(self) -> None:
        """Exchange means and values."""
        for tensor, mean in zip(self.tensors, self.means, strict=True):
            value = tensor.clone()
            tensor.copy_(mean)
            mean.copy_(value)
        self._refresh()

    def state_dict(self) -> dict[str, Any]:
        """State for a checkpoint: the means and their number of steps."""
        return {"means": self.means, "count": self.count}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`."""
        for mean, saved in zip(self.means, state["means"], strict=True):
            mean.copy_(saved)
        self.count = state["count"]
