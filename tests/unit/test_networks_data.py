"""Image data: found where it lies, called what it is."""

import gzip
import hashlib
import io
import struct
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from PIL import Image

from hall2net.errors import ConfigError, FileError, Hall2netError
from hall2net.networks import data
from hall2net.networks.data import DATA_SETS, load, load_images, save


def write_idx(folder, name, array):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    (folder / name).write_bytes(header + array.tobytes())


def write_mnist(root, labels=None):
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, count in (("train", 30), ("t10k", 10)):
        pixels = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        y = (np.arange(count) % 10).astype(np.uint8) if labels is None else labels[:count]
        write_idx(folder, f"{part}-images-idx3-ubyte", pixels)
        write_idx(folder, f"{part}-labels-idx1-ubyte", y)
    return folder


def picture(colour, kind="JPEG", size=32, **options):
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, kind, **options)
    return buffer.getvalue()


def pictures(**options):
    """Two pictures a class in train and one in test; the class gives the brightness."""
    for part, count in (("train", 2), ("test", 1)):
        for label, name in enumerate(DATA_SETS["cifar10"].classes):
            for i in range(count):
                yield f"{part}/{name}/{i:04d}.jpg", picture((20 * label,) * 3, **options)


def write_folder(root, content):
    for path, image in content:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(image)


def write_tar(path, content):
    with tarfile.open(path, "w:xz") as tar:
        for name, image in content:
            member = tarfile.TarInfo(name)
            member.size = len(image)
            tar.addfile(member, io.BytesIO(image))


@pytest.fixture
def offline(monkeypatch, tmp_path):
    def refuse(*_args, **_options):
        raise OSError("no network in tests")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_torchvision_layout(tmp_path):
    folder = write_mnist(tmp_path)
    images = load_images("mnist", tmp_path, "published")
    raw = (folder / "train-images-idx3-ubyte").read_bytes()[16:]
    assert images.train_x.numpy().tobytes() == raw
    assert images.train_y.tolist() == [i % 10 for i in range(30)]
    assert (images.source, images.stand_in) == ("MNIST", False)
    assert images.train_x.shape == (30, 1, 28, 28) and images.test_x.shape == (10, 1, 28, 28)


@pytest.mark.parametrize("packed", [False, True])
def test_image_folder_and_archive_of_it(tmp_path, packed):
    if packed:
        write_tar(tmp_path / "cifar10-imagefolder.tar.xz", pictures(quality=75))
    else:
        write_folder(tmp_path / "cifar10", pictures(quality=75))
    images = load_images("cifar10", tmp_path, "laptop")
    assert images.source == "CIFAR-10 (JPEG q75)"
    assert images.train_x.shape == (20, 3, 32, 32) and images.test_x.shape == (10, 3, 32, 32)
    assert images.train_y.tolist() == [i // 2 for i in range(20)]
    brightness = images.test_x.float().mean(dim=(1, 2, 3))
    torch.testing.assert_close(brightness, 20.0 * images.test_y, atol=2.0, rtol=0)


@pytest.mark.parametrize(
    ("options", "source"),
    [({"quality": 90}, "CIFAR-10 (JPEG q90)"), ({"kind": "PNG"}, "CIFAR-10")],
)
def test_source_tells_of_lossy_pictures(tmp_path, options, source):
    write_folder(tmp_path / "cifar10", pictures(**options))
    assert load_images("cifar10", tmp_path, "laptop").source == source


def test_data_set_missing_from_a_given_root(tmp_path):
    with pytest.raises(FileError, match="has no Fashion-MNIST; expected FashionMNIST/raw") as told:
        load_images("fashion_mnist", tmp_path, "laptop")
    assert str(tmp_path) in str(told.value)
    with pytest.raises(FileError, match="is not a folder"):
        load_images("mnist", tmp_path / "nowhere", "laptop")


def test_cut_files_of_torchvision_are_named(tmp_path):
    folder = write_mnist(tmp_path)
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(FileError, match="MNIST/raw: cannot be read"):
        load_images("mnist", tmp_path, "laptop")
    path.unlink()
    with pytest.raises(FileError, match="MNIST/raw: cannot be read"):
        load_images("mnist", tmp_path, "laptop")


def test_wrong_labels_are_named(tmp_path):
    write_mnist(tmp_path, labels=np.full(30, 12, np.uint8))
    with pytest.raises(Hall2netError, match=r"MNIST, train: labels \[12\]; expected 0 to 9"):
        load_images("mnist", tmp_path, "laptop")


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("train/zebra/0.jpg", picture("red"), "names no class"),
        ("train/cat/9.jpg", picture("red", size=31), "31 x 31 pixels"),
        ("train/cat/9.jpg", b"no picture", "is not a picture"),
    ],
)
def test_wrong_pictures_are_named(tmp_path, path, content, message):
    write_folder(tmp_path / "cifar10", [*pictures(), (path, content)])
    with pytest.raises(FileError, match=message):
        load_images("cifar10", tmp_path, "laptop")


def test_cut_archive_is_named(tmp_path):
    path = tmp_path / "cifar10.tar.xz"
    write_tar(path, pictures())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FileError, match=r"cifar10\.tar\.xz"):
        load_images("cifar10", tmp_path, "laptop")


@pytest.mark.parametrize("name", DATA_SETS)
def test_stand_ins_are_called_so_and_are_the_same_again(offline, name):
    images = load_images(name, "", "laptop")
    assert images.stand_in and images.source.startswith("stand-in data: ")
    assert tuple(images.train_x.shape[1:]) == DATA_SETS[name].shape
    assert set(images.train_y.tolist()) == set(range(10))
    if name == "fashion_mnist":
        assert images.digest() == load_images(name, None, "laptop").digest()
    if name != "mnist":
        assert not set(images.classes) & set(DATA_SETS[name].classes)


def test_no_stand_in_at_published_scale(offline):
    with pytest.raises(Hall2netError, match=r"cannot be downloaded .* set data_root"):
        load_images("cifar10", "", "published")


def test_a_network_that_never_answers_is_given_up_soon(monkeypatch):
    tested = threading.Event()

    def hang(*_args, **_options):
        tested.wait(30)
        raise OSError("at last")

    monkeypatch.setattr("urllib.request.urlopen", hang)
    with pytest.raises(OSError, match="no answer within 0.2 s"):
        data._reach("http://localhost", seconds=0.2)
    tested.set()


def test_unknown_data_set():
    with pytest.raises(ConfigError, match="expected one of mnist, fashion_mnist, cifar10"):
        load_images("imagenet", "", "laptop")


def test_saved_images_are_the_same_bytes_and_whole(tmp_path):
    write_mnist(tmp_path)
    images = load_images("mnist", tmp_path, "laptop")
    save(images, tmp_path / "one.pt")
    save(images, tmp_path / "two.pt")
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "two.pt").read_bytes()
    assert load(tmp_path / "one.pt").digest() == images.digest()
    (tmp_path / "two.pt").write_bytes(gzip.compress(b"nothing"))
    with pytest.raises(FileError, match="not a complete file of images .* delete it"):
        load(tmp_path / "two.pt")


@pytest.fixture
def server(tmp_path, monkeypatch):
    """MNIST's files, small ones, at a server of this machine; `served.half` cuts what it sends."""
    datasets = data._torchvision().datasets
    raw = write_mnist(tmp_path / "original")
    files = {f"{path.name}.gz": gzip.compress(path.read_bytes()) for path in raw.iterdir()}

    class Served(BaseHTTPRequestHandler):
        half = False

        def do_HEAD(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(files[self.path[1:]])))
            self.end_headers()

        def do_GET(self):
            self.do_HEAD()
            content = files[self.path[1:]]
            self.wfile.write(content[: len(content) // 2] if Served.half else content)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    sums = [(name, hashlib.md5(content).hexdigest()) for name, content in files.items()]
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"http://127.0.0.1:{http.server_port}/"])
    monkeypatch.setattr(datasets.MNIST, "resources", sums)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield Served
    http.shutdown()


def test_an_interrupted_download_is_told_and_leaves_nothing(tmp_path, server):
    cache = tmp_path / "cache/hall2net"
    server.half = True
    with pytest.raises(Hall2netError, match="MNIST cannot be downloaded .*set data_root"):
        load_images("mnist", "", "published")
    assert list(cache.iterdir()) == []
    server.half = False
    images = load_images("mnist", "", "published")
    assert images.digest() == load_images("mnist", tmp_path / "original", "laptop").digest()
    assert [path.name for path in cache.iterdir()] == ["MNIST"]


def test_a_cut_file_in_the_cache_is_downloaded_anew(tmp_path, server):
    whole = load_images("mnist", "", "published").digest()
    path = tmp_path / "cache/hall2net/MNIST/raw/train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:5000])
    assert load_images("mnist", "", "published").digest() == whole
    assert path.stat().st_size > 5000
