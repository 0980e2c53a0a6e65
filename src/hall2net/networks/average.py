"""Means of weights over the steps of a training."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average:
    """Exponential mean of what a training steps, to be tested in the place of its last values.

    At a constant learning rate weights never come to rest, but move about a point that their mean
    over the steps finds (Polyak, Juditsky, SIAM J. Control Optim. 30, 838 (1992)). The training
    itself goes on as if there were no mean. Of latent weights it is the latents that are averaged;
    devices hold the levels nearest to their mean.

    Parameters
    ----------
    tensors : float tensors, changed in place by the training
    steps : time constant, from 0 (exclusive): a value counts exp(-1/steps) times as much as the
        one a step after it. Of fewer steps than that the mean is the plain one
    refresh : called after the tensors were exchanged, to set what follows from them

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
        """Take in the values after a step."""
        self.count += 1
        keep = min(self._keep, 1 - 1 / self.count)
        get_ema_multi_avg_fn(keep)(self.means, self.tensors, None)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The means in the place of the values, and the values again."""
        self.exchange()
        try:
            yield
        finally:
            self.exchange()

    @torch.no_grad()
    def exchange(self) -> None:
        """Exchange the means for the values."""
        for tensor, mean in zip(self.tensors, self.means, strict=True):
            value = tensor.clone()
            tensor.copy_(mean)
            mean.copy_(value)
        self._refresh()

    @torch.no_grad()
    def load(self, means: Sequence[Tensor], count: int) -> None:
        """Go on from these means."""
        for mean, saved in zip(self.means, means, strict=True):
            mean.copy_(saved)
        self.count = count
