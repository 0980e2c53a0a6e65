"""Training: the same bytes again, also after a kill, and clear words when it cannot go on."""

import dataclasses
import errno
import functools
import hashlib
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch

from hall2net.errors import ConfigError, FileError, Hall2netError
from hall2net.networks import train as train_module
from hall2net.networks.data import Images, load, save
from hall2net.networks.evaluate import confusion_matrix, monte_carlo
from hall2net.networks.forecast import Forecast
from hall2net.networks.models import SavedNetwork, weight_layers
from hall2net.networks.runs import write_run
from hall2net.networks.train import Recipe, Training, _shifted, train
from hall2net.synapse.model import Synapse

SIX = [-1.0, 0.0833, 0.3333, 0.5833, 0.75, 1.0]
NETWORK = {"model": "mlp", "layers": [784, 16, 10]}


def bars(count=600, seed=0):
    """Digits shown by the row of a bright bar."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 10
    x = rng.integers(0, 60, (count, 1, 28, 28))
    x[np.arange(count), 0, 2 * y + 3] += 150
    x, y = torch.tensor(x, dtype=torch.uint8), torch.tensor(y)
    part = count // 3
    classes = [str(digit) for digit in range(10)]
    return Images("mnist", x[part:], y[part:], x[:part], y[:part], "bars", True, classes)


def settings(**changes):
    return {
        "network": NETWORK,
        "precision": "lut6",
        "measured": SIX,
        "mapping": "std",
        "recipe": {"batch": 32, "dropout": [0.1, 0.2], "batch_norm": True, "standardise": True},
        "epochs": 4,
        "seed": 3,
        "record_epochs": [0, 2],
    } | changes


def trained(images, arguments, **how):
    return train(images, Training.of(**arguments), **how)


def write(trained, folder, **labels):
    run, network = trained
    write_run(run, folder, **labels)
    network.write(folder / "model.pt")


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_files_of_a_run(tmp_path):
    images = bars()
    write(trained(images, settings(epochs=6)), tmp_path, recipe="quick", scale="laptop")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "confusion_epoch000.csv",
        "confusion_epoch002.csv",
        "confusion_epoch006.csv",
        "history.csv",
        "metrics.json",
        "misclassified.csv",
        "model.pt",
        "weight_histogram.csv",
    ]
    history = pd.read_csv(tmp_path / "history.csv")
    assert history.epoch.tolist() == [1, 2, 3, 4, 5, 6]
    assert history.test_accuracy.iloc[-1] > 0.9

    confusion = pd.read_csv(tmp_path / "confusion_epoch006.csv", index_col="true")
    assert confusion.to_numpy().sum() == len(images.test_x)
    assert confusion.sum(axis=1).tolist() == images.test_y.bincount().tolist()
    correct = np.trace(confusion.to_numpy()) / len(images.test_x)
    assert correct == pytest.approx(history.test_accuracy.iloc[-1])
    wrong = pd.read_csv(tmp_path / "misclassified.csv")
    cells = wrong.groupby(["true", "predicted"]).size()
    assert cells.sum() == len(images.test_x) - np.trace(confusion.to_numpy())
    assert all(confusion.loc[true, str(taken)] == n for (true, taken), n in cells.items())
    assert (images.test_y[wrong["image"]].numpy() == wrong["true"]).all()

    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["source"] == "bars" and metrics["stand_in"] and metrics["scale"] == "laptop"
    assert metrics["weights"] == 784 * 16 + 16 * 10
    assert max(metrics["distinct_weights"].values()) <= 6
    assert metrics["train_images"] + metrics["validation_images"] == len(images.train_x)

    histogram = pd.read_csv(tmp_path / "weight_histogram.csv")
    counts = histogram.groupby(["epoch", "layer"])["count"].sum()
    assert counts[0, "all"] == counts[6, "all"] == counts[6, "fc1"] + counts[6, "fc2"]
    assert sorted(histogram.level.unique()) == SIX
    assert ((histogram.bin_left < histogram.level) & (histogram.level < histogram.bin_right)).all()


def test_saved_network_runs_no_code_and_gives_the_same_answers(tmp_path):
    images = bars()
    run, network = trained(images, settings())
    network.write(tmp_path / "model.pt")
    saved = SavedNetwork.read(tmp_path / "model.pt")
    model = saved.network()
    again = confusion_matrix(model, images.test_x, images.test_y, 10)
    assert (again == run.confusions[4].to_numpy()).all()
    for name, weight in weight_layers(model).items():
        allowed = torch.tensor(saved.levels) * torch.tensor(saved.scales[name])
        assert torch.isin(weight.detach(), allowed).all()
    (tmp_path / "model.pt").write_bytes(b"no network")
    with pytest.raises(FileError, match="is not a network"):
        SavedNetwork.read(tmp_path / "model.pt")


def test_standardised_pixels_have_mean_0_and_standard_deviation_1():
    images = coloured_bars()
    same = images.train_x[:1].expand(len(images.train_x), -1, -1, -1).contiguous()
    arguments = settings(
        network={"model": "resnet18", "base_width": 8},
        recipe={"optimizer": "sgd", "standardise": True},
        epochs=1,
        record_epochs=[],
    )
    _, network = trained(dataclasses.replace(images, train_x=same), arguments)
    pixels = network.network().pixels(same)
    for channel in pixels.unbind(1):
        assert channel.mean().item() == pytest.approx(0, abs=1e-5)
        assert channel.std().item() == pytest.approx(1, abs=1e-4)


def test_float_histogram_counts_every_weight():
    run, _ = trained(bars(), settings(precision="float32", measured=None, mapping="none"))
    counts = run.histogram.groupby(["epoch", "layer"])["count"].sum()
    assert (counts.xs("all", level="layer") == run.metrics["weights"]).all()
    assert run.histogram.level.isna().all()


def synapse(sigma, levels=SIX):
    """Devices whose states are written with normal deviations of `sigma`."""
    z = torch.special.ndtri((torch.arange(200) + 0.5) / 200)
    levels, nothing = torch.tensor(levels), torch.zeros(len(levels))
    programming = sigma * z.expand(len(levels), -1)
    return Synapse(levels, programming, nothing[:, None], drift=nothing, stuck=nothing)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mapping": "learned"},
        {"recipe": {"noise_aware": True}, "synapse": synapse(0.2)},
        {"recipe": {"update": "pulses", "optimizer": "sgd", "learning_rate": 0.1}},
        {"recipe": {"average_epochs": 1.5, "batch_norm": True}, "mapping": "learned"},
    ],
    ids=["std", "learned", "noise-aware", "pulses", "averaged"],
)
def test_the_same_bytes_again_and_after_an_interruption(tmp_path, monkeypatch, changes):
    images, arguments = bars(), settings(**changes)
    for folder in ("one", "two"):
        write(trained(images, arguments), tmp_path / folder)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")

    checkpoint = tmp_path / "checkpoint.pt"
    seen = []

    def stop_in_the_third_epoch(self, progress):
        seen.append(progress)
        if progress > 0.6:
            raise KeyboardInterrupt
        return self.learning_rate

    with monkeypatch.context() as patched:
        patched.setattr(Recipe, "rate", stop_in_the_third_epoch)
        with pytest.raises(KeyboardInterrupt):
            trained(images, arguments, checkpoint=checkpoint)
    write(trained(images, arguments, checkpoint=checkpoint), tmp_path / "resumed")
    assert digests(tmp_path / "resumed") == digests(tmp_path / "one")
    # A finished training is not done again.
    write(trained(images, arguments, checkpoint=checkpoint), tmp_path / "finished")
    assert digests(tmp_path / "finished") == digests(tmp_path / "one")


def test_noise_aware_training_bears_the_noise_better():
    images, noisy = bars(900), synapse(0.8)
    found = []
    for aware in (False, True):
        recipe = {"batch": 32, "standardise": True, "noise_aware": aware}
        run, network = trained(images, settings(epochs=60, recipe=recipe, synapse=noisy))
        assert max(run.metrics["distinct_weights"].values()) <= 6
        found.append(monte_carlo(network, images, noisy, draws=10).mean())
    assert found[1] > found[0] + 0.03


def test_devices_without_noise_change_nothing():
    exact, _ = trained(bars(), settings())
    recipe = settings()["recipe"] | {"noise_aware": True}
    run, _ = trained(bars(), settings(recipe=recipe, synapse=synapse(0.0)))
    pd.testing.assert_frame_equal(run.history, exact.history)
    assert run.metrics["noise_aware"] and not exact.metrics["noise_aware"]


@pytest.mark.parametrize("precision", ["float32", "lut6"])
def test_averaging_leaves_the_training_as_it_is(precision):
    mapping = "none" if precision == "float32" else "std"
    levels = None if precision == "float32" else SIX
    recipe = settings()["recipe"] | {"learning_rate": 0.01}
    arguments = settings(precision=precision, measured=levels, mapping=mapping)
    (plain, last), (shortest, _), (averaged, network) = (
        trained(bars(), arguments | {"recipe": recipe | {"average_epochs": epochs}})
        for epochs in (0, 1e-9, 2)
    )
    # The mean over less than a step is the last weights.
    pd.testing.assert_frame_equal(shortest.history, plain.history)
    stepped = ["train_loss", "train_accuracy"]
    pd.testing.assert_frame_equal(averaged.history[stepped], plain.history[stepped])
    for key, value in network.state.items():
        constant = key.startswith("pixels.") or key.endswith("num_batches_tracked")
        assert torch.equal(value, last.state[key]) == constant, key
    if levels:
        assert max(averaged.metrics["distinct_weights"].values()) <= 6
        assert averaged.metrics["scales"] != plain.metrics["scales"]
    images = bars()
    again = confusion_matrix(network.network(), images.test_x, images.test_y, 10)
    assert (again == averaged.confusions[4].to_numpy()).all()


def test_devices_learn_by_pulses_alone():
    recipe = {
        "update": "pulses", "optimizer": "sgd", "learning_rate": 0.1, "schedule": "cosine",
        "weight_decay": 0.0, "batch": 32, "batch_norm": True, "standardise": True,
    }  # fmt: skip
    still = recipe | {"learning_rate": 1e-9}
    found = [
        trained(bars(900), settings(epochs=20, recipe=chosen))[0].history
        for chosen in (recipe, still)
    ]
    assert found[0]["test_accuracy"].iloc[-1] > 0.9
    assert found[0]["test_accuracy"].iloc[-1] > found[1]["test_accuracy"].iloc[-1] + 0.2


KILLED = """
import sys, time
from hall2net.networks import train
from hall2net.networks.data import load
saved = train._Checkpoint.save
def save(self, state):
    saved(self, state)
    print("saved", flush=True)
    time.sleep(0.1)
train._Checkpoint.save = save
training = train.Training.of(network={"model": "mlp", "layers": [784, 16, 10]},
    precision="binary", mapping="std", recipe={}, epochs=int(sys.argv[3]))
train.train(load(sys.argv[1]), training, checkpoint=sys.argv[2])
"""


def test_goes_on_after_kill_9(tmp_path):
    images, checkpoint = bars(), tmp_path / "checkpoint.pt"
    save(images, tmp_path / "images.pt")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "images.pt"), str(checkpoint), "8"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    for _ in range(3):
        assert process.stdout.readline() == "saved\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert 3 <= len(torch.load(checkpoint, weights_only=True)["history"]) < 8
    arguments = {"network": NETWORK, "precision": "binary", "mapping": "std", "recipe": {}}
    write(trained(images, arguments | {"epochs": 8}, checkpoint=checkpoint), tmp_path / "resumed")
    write(trained(images, arguments | {"epochs": 8}), tmp_path / "whole")
    assert digests(tmp_path / "resumed") == digests(tmp_path / "whole")


def test_killed_at_random_moments_loses_one_epoch_at_most(tmp_path):
    images, checkpoint = bars(), tmp_path / "checkpoint.pt"
    save(images, tmp_path / "images.pt")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "images.pt"), str(checkpoint), "40"]
    rng = random.Random(3)
    done = 0
    for _ in range(3):
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout.readline() == "saved\n"
        time.sleep(rng.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        done += 1 + process.communicate()[0].count("saved\n")
        # Printed after it was written: the one under way at the kill may be there too.
        done_now = len(torch.load(checkpoint, weights_only=True)["history"])
        assert done <= done_now <= done + 1
        done = done_now
    arguments = {"network": NETWORK, "precision": "binary", "mapping": "std", "recipe": {}}
    write(trained(images, arguments | {"epochs": 40}, checkpoint=checkpoint), tmp_path / "resumed")
    write(trained(images, arguments | {"epochs": 40}), tmp_path / "whole")
    assert digests(tmp_path / "resumed") == digests(tmp_path / "whole")


class Payload:
    """What pickle would run in reading it."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize(
    "write", [torch.save, lambda x, path: path.write_bytes(pickle.dumps(x, 2))]
)
def test_no_file_runs_code(tmp_path, write):
    path, pwned = tmp_path / "file.pt", tmp_path / "pwned"
    write({"plan": Payload(pwned)}, path)
    readers = SavedNetwork.read, load, lambda path: trained(bars(), settings(), checkpoint=path)
    for read in readers:
        with pytest.raises(FileError, match="file.pt: .*delete it"):
            read(path)
        assert not pwned.exists()


def test_a_checkpoint_of_other_settings_is_not_used(tmp_path):
    images, checkpoint = bars(), tmp_path / "checkpoint.pt"
    trained(images, settings(seed=0), checkpoint=checkpoint)
    fresh, _ = trained(images, settings(seed=1))
    run, _ = trained(images, settings(seed=1), checkpoint=checkpoint)
    pd.testing.assert_frame_equal(run.history, fresh.history)


@pytest.mark.parametrize("content", [b"", b"PK", "truncated"])
def test_a_broken_checkpoint_is_named(tmp_path, content):
    images, checkpoint = bars(), tmp_path / "checkpoint.pt"
    trained(images, settings(epochs=2), checkpoint=checkpoint)
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2] if content == "truncated" else content)
    with pytest.raises(FileError, match="delete it to train from the beginning"):
        trained(images, settings(epochs=2), checkpoint=checkpoint)


def test_a_full_disk_is_one_clear_error(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(FileError, match="No space left on device"):
        trained(bars(), settings(), checkpoint=tmp_path / "checkpoint.pt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("precision", ["float32", "binary"])
def test_a_loss_that_is_no_number_is_one_clear_error(precision):
    mapping = "none" if precision == "float32" else "learned"
    recipe = {"optimizer": "sgd", "learning_rate": 1e30}
    changes = {"precision": precision, "measured": None, "mapping": mapping, "recipe": recipe}
    with pytest.raises(Hall2netError, match="loss of epoch 1 is nan; try a learning_rate below"):
        trained(bars(), settings(**changes))


def coloured_bars():
    rng = np.random.default_rng(0)
    y = torch.arange(80) % 10
    x = torch.tensor(rng.integers(0, 60, (80, 3, 32, 32)), dtype=torch.uint8)
    x[torch.arange(80), 0, 3 * y] += 150
    return Images("cifar10", x, y, x[:20], y[:20], "bars", True, list("abcdefghij"))


def test_resnet_trains_with_augmentation_and_levels():
    run, _ = trained(
        coloured_bars(),
        settings(
            network={"model": "resnet18", "base_width": 8},
            recipe={
                "optimizer": "sgd",
                "shift_pixels": 4,
                "mirror": "random",
                "schedule": "cosine",
                "batch": 36,
            },
            epochs=2,
        ),
    )
    assert max(run.metrics["distinct_weights"].values()) <= 6
    assert len(run.metrics["distinct_weights"]) == 21


def test_compiled_as_on_a_gpu_gives_the_same(monkeypatch):
    arguments = settings(
        network={"model": "resnet18", "base_width": 8},
        recipe={
            "optimizer": "sgd",
            "shift_pixels": 4,
            "mirror": "alternation",
            "border": "reflected",
            "label_smoothing": 0.1,
            "batch": 36,
            "bfloat16": True,
        },
        epochs=2,
    )
    eager, _ = trained(coloured_bars(), arguments)
    # Traced and differentiated as for a GPU; what would be left is to make machine code of it.
    compiled = functools.partial(torch.compile, backend="aot_eager")
    monkeypatch.setattr(train_module, "_COMPILED", {"cpu"})
    monkeypatch.setattr(torch, "compile", compiled)
    run, _ = trained(coloured_bars(), arguments)
    pd.testing.assert_frame_equal(run.history, eager.history, rtol=1e-3)
    assert max(run.metrics["distinct_weights"].values()) <= 6


def test_schedules_begin_and_end_where_they_should():
    cycle = Recipe(schedule="one_cycle", learning_rate=2.0)
    assert [cycle.rate(p) for p in (0, 0.15, 0.3, 1)] == pytest.approx([0, 1, 2, 0])
    triangle = Recipe(schedule="triangular", learning_rate=2.0)
    assert [triangle.rate(p) for p in (0, 0.1, 0.2, 0.6, 1)] == pytest.approx([0, 1, 2, 1, 0])
    cosine = Recipe(schedule="cosine", learning_rate=2.0)
    assert [cosine.rate(p) for p in (0, 0.5, 1)] == pytest.approx([2, 1, 0])
    assert Recipe(learning_rate=2.0).rate(0.7) == 2.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": {"optimiser": "adam"}}, "unknown key 'optimiser'; allowed: update, optimizer"),
        ({"recipe": {"optimizer": "lion"}}, "expected one of adam, sgd"),
        (
            {"recipe": {"schedule": "linear"}},
            "expected one of constant, cosine, one_cycle, triangular",
        ),
        ({"mapping": "none"}, "lut6 does not go with mapping 'none'"),
        ({"recipe": {"update": "gradient"}}, "expected one of latent, pulses"),
        ({"recipe": {"average_epochs": -1}}, "average_epochs -1; expected 0 or more"),
        ({"recipe": {"average_epochs": 2, "update": "pulses"}}, "devices have no mean"),
        ({"recipe": {"noise_aware": True}}, "expected the device model"),
        (
            {"recipe": {"noise_aware": True}, "synapse": synapse(0.1, [-1.0, 0.0, 1.0])},
            "expected the network's",
        ),
        ({"record_epochs": [9]}, r"between 0 and epochs \(4\)"),
        ({"epochs": 0, "record_epochs": []}, "epochs must be at least 1"),
    ],
)
def test_settings_that_mean_nothing(changes, message):
    with pytest.raises(ConfigError, match=message):
        Training.of(**settings(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": {"model": "vgg"}}, "expected one of mlp, resnet18"),
        ({"network": {"model": "mlp", "layers": [100, 10]}}, "expected 784 pixels first"),
        ({"recipe": {"update": "pulses"}, "mapping": "learned"}, "expected maxabs or std"),
        ({"mapping": "median"}, "expected one of maxabs, std, learned"),
    ],
)
def test_networks_that_cannot_be_built(changes, message):
    with pytest.raises(ConfigError, match=message):
        trained(bars(40), settings(**changes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_x": torch.zeros(400, 1, 27, 28, dtype=torch.uint8)}, "images of shape"),
        ({"train_x": torch.zeros(400, 1, 28, 28)}, "torch.float32"),
        ({"test_y": torch.zeros(7, dtype=torch.int64)}, "one torch.int64 label an image"),
        ({"test_y": torch.zeros(200, dtype=torch.int64)}, "expected 0 to 9, each of them"),
        ({"train_y": torch.arange(400) % 11}, "expected 0 to 9, each of them"),
    ],
)
def test_wrong_shapes_and_labels(change, message):
    with pytest.raises(Hall2netError, match=message):
        dataclasses.replace(bars(), **change)


@pytest.mark.parametrize(("border", "mode"), [("black", "constant"), ("reflected", "reflect")])
def test_a_shift_moves_whole_images(border, mode):
    x = torch.arange(1, 37, dtype=torch.uint8).view(1, 1, 6, 6).repeat(900, 1, 1, 1)
    torch.manual_seed(0)
    shifted = {tuple(image.flatten().tolist()) for image in _shifted(x, 2, border)}
    padded = np.pad(x[0, 0].numpy(), 2, mode=mode)
    expected = {
        tuple(padded[row : row + 6, column : column + 6].flatten().tolist())
        for row in range(5)
        for column in range(5)
    }
    assert shifted == expected


@pytest.mark.parametrize("mirror", ["none", "random", "alternation"])
def test_mirrored_images(mirror, monkeypatch):
    """Bars at the left or the right edge, by the image: what the network is given."""
    given = []

    class Spy(torch.nn.Flatten):
        def forward(self, x):
            if self.training:
                given.append((x[..., 0] > x[..., -1]).any((1, 2)))
            return super().forward(x)

    monkeypatch.setattr(torch.nn, "Flatten", Spy)
    images = bars()
    left = torch.zeros_like(images.train_x)
    left[..., 0] = 255
    trained(
        dataclasses.replace(images, train_x=left), settings(recipe={"mirror": mirror}, epochs=2)
    )
    half = len(given) // 2
    epochs = [torch.cat(given[:half]), torch.cat(given[half:])]
    fractions = [1 - float(epoch.float().mean()) for epoch in epochs]
    if mirror == "none":
        assert fractions == [0, 0]
    elif mirror == "random":
        assert all(0.3 < one < 0.7 for one in fractions)
    else:
        # Every image once each way.
        assert sum(fractions) == pytest.approx(1) and 0.4 < fractions[0] < 0.6


@pytest.mark.parametrize(
    ("epochs", "done", "pace", "words"),
    [
        (100, 0, 900, "about 25.0 h for epochs 1 to 100"),
        (100, 92, 300, "about 39 min for epochs 93 to 100"),
        (10, 0, 30, None),
        (1, 0, 61, None),
    ],
)
def test_a_long_training_says_how_long_after_a_minute(epochs, done, pace, words):
    """`pace` in seconds an epoch, of a clock that the test sets."""
    now, said = [0.0], []
    forecast = Forecast("net", epochs, done, said.append, lambda: now[0])
    for step in range(20 * (epochs - done)):
        now[0] += pace / 20
        forecast.reached(done + (step + 1) / 20)
    assert len(said) == (words is not None)
    assert all(words in line and line.startswith("net: ") for line in said)
