"""The export for aihwkit, read by aihwkit itself.

The extra `exports` of pyproject.toml. aihwkit comes as source alone: pip compiles it, with a C++
compiler, CMake and OpenBLAS.
"""

import json

import numpy as np
import pytest
import torch
from emulated import pulse_train

from hall2net.files import write_json
from hall2net.synapse.exports import aihwkit_device
from hall2net.synapse.model import synapse_from_lut
from hall2net.synapse.states import lut_from_train

_WHY = "aihwkit is not installed: the export is checked against its documentation alone"
configs = pytest.importorskip("aihwkit.simulator.configs", reason=_WHY, exc_type=ImportError)
nn = pytest.importorskip("aihwkit.nn", reason=_WHY, exc_type=ImportError)

CLASSES, INPUTS, IMAGES, ARRAYS = 10, 64, 500, 12


@pytest.fixture(scope="module")
def lut():
    return lut_from_train(pulse_train(seed=0))


def tile_of(lut, tmp_path, rows, columns, **changed):
    """A tile of the exported devices: one pulse an update, no error of the reads."""
    write_json(aihwkit_device(lut), tmp_path / "aihwkit.json")
    given = json.loads((tmp_path / "aihwkit.json").read_text()) | changed
    pulses = configs.UpdateParameters(
        desired_bl=1, fixed_bl=True, update_bl_management=False, update_management=False
    )
    device = configs.PiecewiseStepDevice(**given)
    config = configs.SingleRPUConfig(device=device, update=pulses)
    config.forward.is_perfect = True
    layer = nn.AnalogLinear(columns, rows, bias=False, rpu_config=config)
    tile = next(layer.analog_tiles())
    tile.set_learning_rate(1.0)
    return layer, tile


def weights(tile):
    return tile.get_weights()[0].numpy()


def test_pulses_lead_from_state_to_state(lut, tmp_path):
    _, tile = tile_of(lut, tmp_path, 1, 3, write_noise_std=0.0)
    level = lut["level"].to_numpy()
    tile.set_weights(torch.full((1, 3), float(level[0])))
    passed = [weights(tile)]
    for direction in (-1, 1):
        for _ in level[1:]:
            tile.update(torch.ones(1, 3), direction * torch.ones(1, 1))
            passed.append(weights(tile))
    expected = [*level, *level[-2::-1]]
    np.testing.assert_allclose(passed, np.repeat(expected, 3).reshape(-1, 1, 3), atol=1e-5)


def test_the_programming_error_comes_out_as_it_went_in(lut, tmp_path):
    """1 sigma of 10,000 devices after a write is known to 0.7 %."""
    _, tile = tile_of(lut, tmp_path, 100, 100)
    level = lut["level"].to_numpy()
    sigma = lut["cycle_sigma_ohm"].mean() * 2 / np.ptp(lut["resistance_ohm"])
    tile.set_weights(torch.full((100, 100), float(level[2])))
    for expected, update in ((level[2], False), (level[3], True)):
        if update:
            tile.update(torch.ones(1, 100), -torch.ones(1, 100))
        found = weights(tile)
        assert found.mean() == pytest.approx(expected, abs=4 * sigma / 100)
        assert found.std() == pytest.approx(sigma, rel=0.03)


def test_a_perceptron_is_as_accurate_as_with_our_devices(lut, tmp_path):
    """One layer of six-state weights: images of its own classes, read through written devices."""
    generator = torch.Generator().manual_seed(1)
    state = torch.randint(len(lut), (CLASSES, INPUTS), generator=generator)
    images = torch.randn(IMAGES, INPUTS, generator=generator)
    ours = synapse_from_lut(lut).without("reading", "devices", "drift", "stuck")
    truth = (images @ ours.levels[state].T).argmax(1)

    def accuracy(outputs):
        return float((outputs.argmax(1) == truth).float().mean())

    layer, tile = tile_of(lut, tmp_path, CLASSES, INPUTS)
    theirs, own = [], []
    with torch.no_grad():
        for _ in range(ARRAYS):
            tile.set_weights(ours.levels[state])
            theirs.append(accuracy(layer(images)))
            own.append(accuracy(images @ ours.write(state, generator).level.T))
    assert 0.5 < np.mean(own) < 0.99
    error = np.hypot(np.std(theirs, ddof=1), np.std(own, ddof=1)) / np.sqrt(ARRAYS)
    assert abs(np.mean(theirs) - np.mean(own)) < 3.5 * error
