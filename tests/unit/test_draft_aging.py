"""A draft of retention and endurance: files of other make, from `init` to their slopes."""

import numpy as np
import pandas as pd
import pytest

from hall2net.physics.aging import endurance_table, retention_table
from hall2net.readers.reading import read_sample
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.rows import drafted, sheet_of

DRIFT_OHM, WINDOW_OHM, LOST_OHM, NOISE_OHM = -5e-4, 0.02, -1e-3, 1e-4
STATES_OHM = {1: 0.33, 2: 0.57}
CONTACT = {",": ".", ";": ",", "\t": "."}
"""Decimal sign that goes with a delimiter."""


def write_table(path, delimiter, words, columns):
    """A table of a logging program: words above it, then columns by their heads."""
    lines = [*words, "", delimiter.join(columns)]
    for row in zip(*columns.values(), strict=True):
        cells = (f"{value:.7g}".replace(".", CONTACT[delimiter]) for value in row)
        lines.append(delimiter.join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_folder(folder, delimiter, time_unit, current_unit, voltage):
    """Two states against time, and one endurance run; signals as resistance or as voltage."""
    rng = np.random.default_rng(3)
    seconds = {"s": 1.0, "min": 60.0, "h": 3600.0}[time_unit]
    amperes = {"mA": 1e-3, "uA": 1e-6, "A": 1.0}[current_unit]
    read_a = 2e-4

    def signal(ohm):
        ohm = ohm + NOISE_OHM * rng.standard_normal(len(ohm))
        if not voltage:
            return {"Rxy (Ohm)": ohm}
        return {"Vxy (uV)": 1e6 * ohm * read_a, "I read (uA)": np.full(len(ohm), 1e6 * read_a)}

    time = np.geomspace(2.0, 8e4, 60)
    for number, ohm in STATES_OHM.items():
        write_table(
            folder / f"bar3_retention_state{number}_300K.txt", delimiter, ["Retention", "run 12"],
            {f"Elapsed time ({time_unit})": time / seconds}
            | signal(ohm + DRIFT_OHM * np.log10(time)),
        )  # fmt: skip
    cycle = np.repeat(np.unique(np.geomspace(1, 1e5, 30).round()), 2)
    sign = np.tile([1.0, -1.0], cycle.size // 2)
    window = WINDOW_OHM + LOST_OHM * np.log10(cycle)
    write_table(
        folder / "bar3_endurance_300K.txt", delimiter, ["Endurance", "run 13"],
        {"Cycle": cycle, f"I pulse ({current_unit})": 0.014 / amperes * sign}
        | signal(0.45 + sign * window / 2),
    )  # fmt: skip


@pytest.mark.parametrize("voltage", [False, True])
@pytest.mark.parametrize(
    ("delimiter", "time_unit", "current_unit"),
    [("\t", "s", "mA"), (",", "min", "uA"), (";", "h", "A")],
)
def test_a_folder_of_aging_is_drafted_and_gives_the_slopes_put_in(
    tmp_path, delimiter, time_unit, current_unit, voltage
):
    write_folder(tmp_path, delimiter, time_unit, current_unit, voltage)
    draft = drafted(tmp_path, "mine")
    assert not draft.skipped
    sheet_of(draft.measurements).to_csv(tmp_path / "measurements.csv", index=False)
    sheet = pd.read_csv(tmp_path / "measurements.csv")
    assert sheet["kind"].value_counts().to_dict() == {"retention": 2, "endurance": 1}
    assert not (sheet == UNKNOWN).any(axis=None) and set(sheet["sample"]) == {"bar3"}
    data = [read_sample(tmp_path, sheet.astype(object).where(sheet.notna(), None))]
    states, (_, device) = retention_table(data), next(endurance_table(data).iterrows())
    assert (states["status"] == "ok").all() and device["status"] == "ok"
    pulls = (states["drift_per_decade_ohm"] - DRIFT_OHM) / states["drift_per_decade_u_ohm"]
    assert pulls.abs().max() < 3.5
    pull = (device["window_per_decade_ohm"] - LOST_OHM) / device["window_per_decade_u_ohm"]
    assert abs(pull) < 3.5
    assert device["window_first_ohm"] == pytest.approx(WINDOW_OHM, rel=0.02)


def test_a_trace_against_the_time_of_day_is_no_retention(tmp_path):
    """Time stamps of one morning span no decade; nor does a train's time make its states."""
    time = np.linspace(3e4, 4e4, 50)
    noise = 1e-3 * np.random.default_rng(4).standard_normal(50)
    write_table(tmp_path / "a.txt", ",", [], {"Time (s)": time, "Rxy (Ohm)": 1 + noise})
    pulse = np.repeat(np.arange(1.0, 11), 5)
    write_table(
        tmp_path / "b.txt", ",", [],
        {"Time (s)": np.arange(1.0, 51), "pulse": pulse, "Rxy (Ohm)": 1 + noise},
    )  # fmt: skip
    draft = drafted(tmp_path, "mine")
    assert [one.cells["kind"] for one in draft.measurements] == [UNKNOWN, "pulse_train"]
    assert draft.measurements[0].second == "retention, if a state was written before"
