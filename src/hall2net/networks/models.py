"""The two networks of the papers: a multilayer perceptron, and ResNet-18 for 32 x 32 images.

Both take uint8 images as they are stored: the scaling of the pixels is a layer of the network.
"""

import io
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hall2net.errors import ConfigError, FileError
from hall2net.files import DELETE, atomic
from hall2net.networks.data import DATA_SETS

_SMALL_LAYER = 2**15  # weights, at batches of 128; between the second and third layer of the MLP
_HAS_BOTH_LIBRARIES = torch.backends.mkldnn.is_available() and torch.backends.mkl.is_available()


class Pixels(nn.Module):
    """uint8 images (N, channels, height, width) to float, ``(x / 255 - mean) / std`` a channel."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", 255 * torch.tensor(mean).view(-1, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(std).view(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (x.float() - self.mean) / self.std


class Linear(nn.Linear):
    """A linear layer that multiplies with oneDNN on x86 processors.

    There PyTorch picks MKL, which takes twice as long on AMD processors. In a small layer the
    conversion costs more than it saves.
    """

    def forward(self, x: Tensor) -> Tensor:
        small = self.weight.numel() < _SMALL_LAYER
        if small or x.is_cuda or torch.is_autocast_enabled("cpu") or not _HAS_BOTH_LIBRARIES:
            return super().forward(x)
        return F.linear(x.to_mkldnn(), self.weight, self.bias).to_dense()


class Network(nn.Sequential):
    """Layers in sequence, computed in bfloat16 if requested and supported."""

    def __init__(self, modules: OrderedDict[str, nn.Module], bfloat16: bool) -> None:
        super().__init__(modules)
        self.in_bfloat16 = {
            device_type: bfloat16 and has_bfloat16(device_type) for device_type in ("cpu", "cuda")
        }

    def forward(self, x: Tensor) -> Tensor:
        if not self.in_bfloat16[x.device.type]:
            return super().forward(x)
        with torch.autocast(x.device.type, torch.bfloat16):
            return super().forward(x).float()


def has_bfloat16(device_type: str) -> bool:
    """Whether a type of device, cpu or cuda, multiplies faster in bfloat16 than in float32."""
    supported = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return device_type == "cuda" or any(getattr(torch.cpu, has, bool)() for has in supported)


def best_device() -> str:
    """torch's name of the device to train on: a GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


class Block(nn.Module):
    """The basic block: two 3 x 3 convolutions and a shortcut around them."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or width_in != width:
            self.shortcut.append(nn.Conv2d(width_in, width, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x), inplace=True)


def mlp(
    layers: Sequence[int], dropout: Sequence[float] = (0.0, 0.0), batch_norm: bool = False
) -> OrderedDict[str, nn.Module]:
    """Fully connected layers with ReLU between them.

    Parameters
    ----------
    layers : widths, from the pixels of an image to the classes
    dropout : probability of dropping a pixel, and a hidden unit
    batch_norm : whether each hidden layer is normalised over the batch before its ReLU
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    if dropout[0]:
        modules["drop0"] = nn.Dropout(dropout[0])
    for i, (wide, narrow) in enumerate(zip(layers[:-1], layers[1:], strict=True), 1):
        modules[f"fc{i}"] = Linear(wide, narrow)
        if i == len(layers) - 1:
            break
        if batch_norm:
            modules[f"bn{i}"] = nn.BatchNorm1d(narrow)
        modules[f"relu{i}"] = nn.ReLU(inplace=True)
        if dropout[1]:
            modules[f"drop{i}"] = nn.Dropout(dropout[1])
    return modules


def resnet18(channels: int, base_width: int, classes: int) -> OrderedDict[str, nn.Module]:
    """ResNet-18 (He et al., arXiv:1512.03385) with a 3 x 3 stem and no max-pooling.

    Parameters
    ----------
    channels : of the images
    base_width : channels of the first stage, 64 in the original; doubled in each of three more
    classes : outputs
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(channels, base_width, 3, padding=1, bias=False),
        bn1=nn.BatchNorm2d(base_width),
        relu1=nn.ReLU(inplace=True),
    )
    width_in = base_width
    for stage in range(4):
        width = base_width * 2**stage
        blocks = Block(width_in, width, 2 if stage else 1), Block(width, width, 1)
        modules[f"layer{stage + 1}"] = nn.Sequential(*blocks)
        width_in = width
    modules["pool"] = nn.AdaptiveAvgPool2d(1)
    modules["flatten"] = nn.Flatten()
    modules["fc"] = nn.Linear(width_in, classes)
    return modules


def build(
    network: Mapping[str, Any],
    *,
    shape: Sequence[int],
    classes: int,
    mean: Sequence[float],
    std: Sequence[float],
    dropout: Sequence[float],
    batch_norm: bool,
    bfloat16: bool = False,
) -> Network:
    """A network with fresh weights from torch's default generator.

    Parameters
    ----------
    network : ``{"model": "mlp", "layers": [784, ..., 10]}`` or
        ``{"model": "resnet18", "base_width": 64}``
    shape : of an image (channels, height, width)
    classes : number of outputs
    mean, std : of each channel, for `Pixels`
    dropout, batch_norm : of the perceptron; ResNet-18 has its own batch normalisation
    bfloat16 : matrix products in bfloat16 if the processor supports them

    Raises
    ------
    ConfigError
        If there is no such model, or the perceptron's ends do not fit images and classes.
    """
    if network["model"] == "mlp":
        layers = list(network["layers"])
        ends = [shape[0] * shape[1] * shape[2], classes]
        if [layers[0], layers[-1]] != ends:
            raise ConfigError(f"layers {layers}: expected {ends[0]} pixels first, {classes} last")
        modules = mlp(layers, dropout, batch_norm)
    elif network["model"] == "resnet18":
        modules = resnet18(shape[0], network["base_width"], classes)
    else:
        raise ConfigError(f"model {network['model']!r}: expected one of mlp, resnet18")
    model = Network(OrderedDict(pixels=Pixels(mean, std), **modules), bfloat16)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def weight_layers(model: nn.Module) -> dict[str, Tensor]:
    """The weights that devices hold: of every linear and convolution layer, by layer name."""
    types = nn.Linear, nn.Conv2d
    return {name: m.weight for name, m in model.named_modules() if isinstance(m, types)}


def weight_count(network: Mapping[str, Any], dataset: str) -> int:
    """Number of weights that devices hold, of a network for a data set's images.

    Parameters
    ----------
    network : as `build` takes it
    dataset : key of `hall2net.networks.data.DATA_SETS`
    """
    facts = DATA_SETS[dataset]
    model = build(
        network, shape=facts.shape, classes=len(facts.classes), mean=[0.0], std=[1.0],
        dropout=(0.0, 0.0), batch_norm=False,
    )  # fmt: skip
    return sum(weight.numel() for weight in weight_layers(model).values())


@dataclass(frozen=True)
class SavedNetwork:
    """A trained network, as ``model.pt`` keeps it.

    Attributes
    ----------
    plan : arguments of `build`
    levels : (K,) of the weights; None for float weights
    mapping : how levels became weights
    scales : of each layer, by its name; None for float weights
    state : parameters and buffers, by name
    """

    plan: dict[str, Any]
    levels: list[float] | None
    mapping: str
    scales: dict[str, float] | None
    state: dict[str, Tensor]

    def network(self) -> Network:
        """The network itself, in evaluation mode."""
        model = build(**self.plan)
        model.load_state_dict(self.state)
        return model.eval()

    def write(self, path: str | Path) -> None:
        """Write the file: the same bytes for the same network."""
        buffer = io.BytesIO()
        torch.save(dict(vars(self)), buffer)
        with atomic(path) as temporary:
            temporary.write_bytes(buffer.getvalue())

    @classmethod
    def read(cls, path: str | Path) -> "SavedNetwork":
        """Read what `write` wrote; no code of the file is run.

        Raises
        ------
        FileError
            If the file is not one that `write` wrote.
        """
        try:
            saved = cls(**torch.load(path, weights_only=True))
            saved.network()
        except Exception as error:
            found = f"is not a network ({type(error).__name__})"
            raise FileError(path, found, f"the model.pt of a training; {DELETE}") from error
        return saved
