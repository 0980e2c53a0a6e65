"""Trained networks, tested: as they are, and with what devices do to their weights."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hall2net.errors import FileError
from hall2net.networks import models


def load_model(path: str | Path) -> nn.Sequential:
    """The network of a run's ``model.pt``, in evaluation mode.

    Raises
    ------
    FileError
        If the file is not one that `hall2net.networks.train.write_run` wrote.
    """
    try:
        content = torch.load(path, weights_only=True)
        model = models.build(**content["plan"])
        model.load_state_dict(content["state"])
    except Exception as error:
        raise FileError(path, f"is no network ({type(error).__name__})", "a model.pt") from error
    return model.eval()


@torch.no_grad()
def confusion_matrix(model: nn.Module, x: Tensor, y: Tensor, classes: int) -> np.ndarray:
    """Counts (classes, classes) of images `x` by true class (row) and predicted class.

    The model is put into evaluation mode.
    """
    model.eval()
    predicted = torch.cat([model(part).argmax(1) for part in x.split(1000)])
    return (
        torch.bincount(y * classes + predicted, minlength=classes**2)
        .view(classes, -1)
        .cpu()
        .numpy()
    )
