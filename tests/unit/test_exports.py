import json
from pathlib import Path

import numpy as np
import pytest
from emulated import pulse_train, switching_loop_dataset
from jsonschema import Draft202012Validator

from hall2net.errors import Hall2netError
from hall2net.files import write_json
from hall2net.synapse.exports import (
    aihwkit_device,
    crosssim_parameters,
    lut_document,
    neurosim_parameters,
)
from hall2net.synapse.merit import figures_of_merit
from hall2net.synapse.states import lut_from_loop, lut_from_train

SCHEMA = Path(__file__).parents[2] / "workflow/schemas/lut.schema.json"


@pytest.fixture(scope="module")
def train():
    return pulse_train(seed=0)


@pytest.fixture(scope="module")
def lut(train):
    return lut_from_train(train)


def test_document_follows_its_schema(lut, tmp_path):
    schema = Draft202012Validator(json.loads(SCHEMA.read_text()))
    loop = lut_from_loop(switching_loop_dataset(), states=32)
    for number, table in enumerate((lut, loop)):
        write_json(lut_document(table, source="emulated"), tmp_path / f"{number}.json")
        document = json.loads((tmp_path / f"{number}.json").read_text())
        assert not list(schema.iter_errors(document))
        assert [s["level"] for s in document["states"]] == pytest.approx(table["level"].tolist())
        assert set(document["columns"]) <= set(document["states"][0])
    assert document["states"][0]["drift_per_decade_ohm"] is None


def test_schema_refuses_what_is_no_look_up_table(lut):
    schema = Draft202012Validator(json.loads(SCHEMA.read_text()))
    document = lut_document(lut, source="emulated")
    document["states"][0]["resistance_u_ohm"] = -1.0
    assert list(schema.iter_errors(document))
    with pytest.raises(Hall2netError, match="two or more"):
        lut_document(lut.iloc[:1], source="emulated")


def test_aihwkit_steps_walk_from_state_to_state(lut):
    """Noise-free pulses of the exported device pass through all states, up and down."""
    device = aihwkit_device(lut)
    level = lut["level"].to_numpy()
    nodes = np.linspace(device["w_min"], device["w_max"], len(device["piecewise_up"]))
    for start, way, sign in ((0, "up", 1), (5, "down", -1)):
        weight, step = level[start], device[f"piecewise_{way}"]
        for k in range(1, 6):
            weight += sign * device["dw_min"] * np.interp(weight, nodes, step)
            assert weight == pytest.approx(level[start + sign * k], abs=1e-9)
    assert device["dw_min"] == pytest.approx(2 / 5)
    sigma = lut["cycle_sigma_ohm"].mean() * 2 / np.ptp(lut["resistance_ohm"])
    assert device["write_noise_std"] * device["dw_min"] == pytest.approx(sigma)


@pytest.mark.parametrize("states", [8, 16, 24, 32])
def test_aihwkit_steps_never_turn_back(states):
    """States of a loop may lie closer than the nodes: no step is then exact, and none negative."""
    loop = lut_from_loop(switching_loop_dataset(), states=states)
    device = aihwkit_device(loop)
    gaps = np.diff(loop["level"]).max() / device["dw_min"]
    for way in ("up", "down"):
        step = np.array(device[f"piecewise_{way}"])
        assert 3 <= len(step) < 64
        assert step.min() >= 0 and step.max() < 1.5 * gaps


def test_crosssim_errors_are_shares_of_the_range(lut):
    device = crosssim_parameters(lut)["xbar"]["device"]
    swing = np.ptp(lut["resistance_ohm"])
    expected = np.sqrt(np.mean(lut["cycle_sigma_ohm"] ** 2)) / swing
    assert device["programming_error"]["magnitude"] == pytest.approx(expected)
    assert device["programming_error"]["model"] == "NormalIndependentDevice"
    noiseless = crosssim_parameters(lut.assign(cycle_sigma_ohm=np.nan, read_sigma_ohm=0.0))
    assert noiseless["xbar"]["device"]["read_noise"]["model"] == "IdealDevice"


def test_what_was_not_measured_is_left_out(lut, train):
    silent = lut.assign(cycle_sigma_ohm=np.nan, read_sigma_ohm=np.nan)
    assert "write_noise_std" not in aihwkit_device(silent)
    device = crosssim_parameters(silent)["xbar"]["device"]
    assert not {"programming_error", "read_noise", "drift_error"} & set(device)
    text = neurosim_parameters(silent, figures_of_merit(silent, train), pulse_width_s=1e-3)
    assert "// sigmaCtoC: not measured" in text and "// sigmaReadNoise: not measured" in text


def test_neurosim_values(lut, train):
    merit = figures_of_merit(lut, train)
    text = neurosim_parameters(lut, merit, pulse_width_s=1e-3)
    values = dict(line.split(" = ") for line in text.splitlines() if " = " in line)
    assert values["maxNumLevelLTP"] == "5"
    assert float(values["writePulseWidthLTP"]) == 1e-3
    value = merit.set_index("quantity")["value"]
    assert float(values["NL_LTP"]) == pytest.approx(value["alpha_potentiation"], rel=1e-5)
    assert "NL_LTD" not in values and "// NL_LTD: not measured; " in text
    assert float(values["sigmaCtoC"]) == pytest.approx(value["cycle_to_cycle"] * 1e-5, rel=1e-5)
