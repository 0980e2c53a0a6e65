"""A look-up table for others: as JSON, and as parameters of aihwkit, CrossSim and NeuroSim.

Each of these simulators describes a device with fewer parameters than the look-up table has;
docs/lut.md lists the losses.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jsonschema import Draft202012Validator

from hall2net.errors import Hall2netError
from hall2net.synapse.lut import check_lut, state_sigma

LUT_FORMAT = "hall2net-lut-1"

_UNKNOWN = "not measured; the number in Cell.cpp is that of another device"
_NODES = 63  # on a GPU aihwkit accepts fewer than 64
_RCOND = 0.5
"""Singular values, over the largest, that count: smaller ones are differences of states between the
same two nodes, and would ask for steps of the wrong sign (none is left in loops of 8 to 32)."""
_DEFINITIONS = {
    "resistance_ohm": ("ohm", "mean resistance of the state"),
    "resistance_u_ohm": ("ohm", "1 sigma of the mean; +-1.96 of it is the 95 % interval"),
    "level": ("1", "normalised weight, min-max of the resistances to [-1, 1]"),
    "level_u": ("1", "1 sigma of the level"),
    "read_sigma_ohm": ("ohm", "1 sigma of one read about the mean after its write"),
    "cycle_sigma_ohm": ("ohm", "1 sigma from one write to the next"),
    "device_sigma_ohm": ("ohm", "1 sigma between devices"),
    "n_devices": ("1", "number of devices measured"),
    "drift_per_decade_ohm": ("ohm", "change per decade of time after the write"),
    "drift_per_decade_u_ohm": ("ohm", "1 sigma of the drift"),
    "write_current_ma": ("mA", "write current that leads to the state"),
    "reset_current_ma": ("mA", "write current of the reset before it; empty where none is needed"),
    "n_visits": ("1", "how often the state was visited"),
    "n_reads": ("1", "number of reads"),
    "separation_sigma": ("1", "distance to the next state in sigma of one read after one write"),
    "error_rate": ("1", "probability to take this state for the next by one read"),
}


def lut_document(lut: pd.DataFrame, *, source: str) -> dict[str, Any]:
    """The look-up table as one JSON object; workflow/schemas/lut.schema.json describes it.

    Parameters
    ----------
    lut : look-up table
    source : origin of the table, in words, e.g. "emulated pulse train train_ruo2_0p5"

    Returns
    -------
    `format`, `source`, `columns` (unit and definition of each), `states` (a list of objects; null
    where a quantity was not measured).
    """
    check_lut(lut)
    known = [column for column in _DEFINITIONS if column in lut]
    words = [column for column in ("branch", "status", "reason") if column in lut]
    states = []
    for number, row in enumerate(lut.to_dict("records"), start=1):
        numbers = {c: float(row[c]) if np.isfinite(row[c]) else None for c in known}
        texts = {c: "" if pd.isna(row[c]) else str(row[c]) for c in words}
        states.append({"state": number, **numbers, **texts})
    return {
        "format": LUT_FORMAT,
        "source": source,
        "columns": {
            column: {"unit": _DEFINITIONS[column][0], "definition": _DEFINITIONS[column][1]}
            for column in known
        },
        "states": states,
    }


def check_document(document: Mapping[str, Any], schema: str | Path) -> None:
    """Check a look-up table in JSON against its schema.

    Parameters
    ----------
    document : as of `lut_document`
    schema : path of lut.schema.json

    Raises
    ------
    Hall2netError
        The first error, with its place in the document.
    """
    rules = json.loads(Path(schema).read_text(encoding="utf-8"))
    for error in Draft202012Validator(rules).iter_errors(document):
        where = ".".join(map(str, error.absolute_path)) or "top level"
        raise Hall2netError(f"lut.json, {where}: {error.message}")


def aihwkit_device(lut: pd.DataFrame) -> dict[str, Any]:
    """Keyword arguments of aihwkit's `PiecewiseStepDevice`.

    The step at a weight is the distance to the next state above (`piecewise_up`) or below
    (`piecewise_down`), interpolated between the states, on nodes equally spaced from -1 to 1, in
    units of the mean step `dw_min`. aihwkit interpolates between the nodes; they are chosen so that
    pulses without noise lead from state to state. Scatter from write to write is `write_noise_std`
    (in units of `dw_min`, as aihwkit has it), which is left out where it was not measured. No
    variation between devices.
    """
    check_lut(lut)
    level = lut["level"].to_numpy(float)
    steps = np.diff(level)
    mean = float(steps.mean())
    up = _on_nodes(level, np.append(steps, steps[-1]) / mean)
    down = _on_nodes(level, np.append(steps[0], steps) / mean)
    sigma = float(state_sigma(lut, "cycle_sigma_ohm").mean() * 2 / np.ptp(lut["resistance_ohm"]))
    device = {
        "w_min": -1.0,
        "w_max": 1.0,
        "w_min_dtod": 0.0,
        "w_max_dtod": 0.0,
        "dw_min": mean,
        "dw_min_dtod": 0.0,
        "dw_min_std": 0.0,
        "up_down": 0.0,
        "up_down_dtod": 0.0,
        "piecewise_up": up.tolist(),
        "piecewise_down": down.tolist(),
    }
    return device | ({"write_noise_std": sigma / mean} if np.isfinite(sigma) else {})


def _on_nodes(level: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Values on equally spaced nodes from -1 to 1 that interpolate to `step` at the levels.

    Interpolation between the levels, with the least change (in squares) that makes it exact there;
    states that lie closer than two nodes share theirs.
    """
    nodes = np.linspace(-1.0, 1.0, _NODES)
    value = np.interp(nodes, level, step)
    hats = np.array([np.interp(level, nodes, one) for one in np.eye(_NODES)]).T
    value = value + np.linalg.lstsq(hats, step - hats @ value, rcond=_RCOND)[0]
    return np.maximum(value, 0.0)


def crosssim_parameters(lut: pd.DataFrame) -> dict[str, Any]:
    """Input of CrossSim's `CrossSimParameters.from_json`: the device of its crossbar.

    Levels become conductances from 0 to 1 of the largest (infinite on-off ratio), with Gaussian
    errors that do not depend on the state: programming error from the scatter between writes,
    read noise from the scatter between reads, each the root mean square over the states. A block of
    what was not measured is left out.
    """
    check_lut(lut)
    swing = float(np.ptp(lut["resistance_ohm"]))

    def error(column: str) -> dict[str, Any]:
        magnitude = float(np.sqrt(np.mean(state_sigma(lut, column) ** 2))) / swing
        model = "NormalIndependentDevice" if magnitude else "IdealDevice"
        return {"enable": bool(magnitude), "model": model, "magnitude": magnitude}

    blocks = {"programming_error": "cycle_sigma_ohm", "read_noise": "read_sigma_ohm"}
    errors = {
        block: error(column)
        for block, column in blocks.items()
        if np.isfinite(state_sigma(lut, column)).any()
    }
    device = {"cell_bits": 0, "infinite_on_off_ratio": True, "clip_conductance": False}
    return {"xbar": {"device": device | errors}}


def neurosim_parameters(
    lut: pd.DataFrame,
    merit: pd.DataFrame,
    *,
    pulse_width_s: float,
    max_conductance_s: float = 1e-5,
) -> str:
    """Values of NeuroSim's analogue device (`RealDevice`), one `name = value` a line.

    A Hall resistance is not the conductance of a crossbar cell: the levels are mapped to
    conductances from 0 to `max_conductance_s`. Variations are fractions of that range, as in
    NeuroSim, whose read noise grows with the conductance and is ours at the largest one; the
    non-linearities are the labels of `figures_of_merit`. What was not measured is named in a
    comment and left out, so that Cell.cpp keeps its own number, which is that of another device;
    and so is the variation between devices, since NeuroSim's is one of the non-linearity.

    Parameters
    ----------
    lut : look-up table
    merit : its `figures_of_merit`
    pulse_width_s : of the write pulses
    max_conductance_s : conductance of the level 1
    """
    check_lut(lut)
    value = merit.set_index("quantity")["value"]
    steps = len(lut) - 1
    numbers = {
        "maxConductance": max_conductance_s,
        "minConductance": 0.0,
        "maxNumLevelLTP": steps,
        "maxNumLevelLTD": steps,
        "writePulseWidthLTP": pulse_width_s,
        "writePulseWidthLTD": pulse_width_s,
        "NL_LTP": value["alpha_potentiation"],
        "NL_LTD": value["alpha_depression"],
        "sigmaCtoC": value["cycle_to_cycle"] * max_conductance_s,
        "sigmaReadNoise": value["read_noise"],
    }
    head = [
        "// Device parameters for NeuroSim's RealDevice (Cell.cpp), conductances in S, times in s.",
        f"// From {len(lut)} measured states.",
        "nonlinearWrite = true",
        f"readNoise = {'true' if value['read_noise'] > 0 else 'false'}",
    ]
    lines = [
        f"{name} = {number:.6g}" if np.isfinite(number) else f"// {name}: {_UNKNOWN}"
        for name, number in numbers.items()
    ]
    return "\n".join([*head, *lines, ""])
