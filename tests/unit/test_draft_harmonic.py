"""A draft of harmonic measurements: kinds, columns and conditions by names, the rest to fill in."""

import harmonic_laboratory
import numpy as np
import pandas as pd
import pytest

from hall2net.physics.harmonic import harmonic_table
from hall2net.readers.reading import read_sample
from hall2net.study.draft.columns import Column, RawFile
from hall2net.study.draft.lock_in import lock_in_parts
from hall2net.study.draft.rows import drafted, sheet_of
from hall2net.study.draft.samples import samples_of

EMPTY = pd.DataFrame(columns=["sample", "kind", "status", "r_ahe_ohm", "h_k_oe"])


def test_a_folder_of_harmonics_is_drafted_and_gives_the_torques_put_in(tmp_path):
    harmonic_laboratory.write(tmp_path)
    draft = drafted(tmp_path, "mine")
    assert not draft.skipped
    sheet_of(draft.measurements).to_csv(tmp_path / "measurements.csv", index=False)
    sheet = pd.read_csv(tmp_path / "measurements.csv")
    kinds = sheet["kind"].value_counts().to_dict()
    assert kinds == {"harmonic_angle": 10, "harmonic_field": 8}
    rotations = sheet[sheet["kind"] == "harmonic_angle"]
    fields = [1e4 * tesla for tesla in harmonic_laboratory.FIELDS_T]
    assert sorted(rotations["field_oe"].unique()) == pytest.approx(fields)
    assert set(rotations["voltage_amplitude"]) == set(rotations["current_amplitude"]) == {"rms"}
    sweeps = sheet[sheet["kind"] == "harmonic_field"]
    assert (sweeps["direction_deg"] == np.where(sweeps["file"].str.contains("Hx"), 0, 90)).all()
    assert set(sweeps["initial_field_z_oe"]) == set(sweeps["current_amplitude"]) == {"?"}
    assert (samples_of(draft.measurements)["heavy_metal_nm"] == "?").all()
    harmonic_laboratory.fill_in(tmp_path)
    filled = pd.read_csv(tmp_path / "measurements.csv")
    filled = filled.astype({"initial_field_z_oe": float}).replace({np.nan: None})
    data = [read_sample(tmp_path, own) for _, own in filled.groupby("sample")]
    samples = dict.fromkeys(harmonic_laboratory.DEVICES, harmonic_laboratory.FACTS)
    table = harmonic_table(data, EMPTY, EMPTY, EMPTY, samples, settings={}, convention={})
    harmonic_laboratory.check(table)


@pytest.mark.parametrize(
    "names",
    [
        ("V_1w X", "V_1w Y", "V_2w X", "V_2w Y"), ("X1", "Y1", "X2", "Y2"),
        ("Lockin1 X", "Lockin1 Y", "Lockin2 X", "Lockin2 Y"),
        ("1st harmonic X", "1st harmonic Y", "2nd harmonic X", "2nd harmonic Y"),
        ("R1ω_X", "R1ω_Y", "R2ω_X", "R2ω_Y"), ("h1_x", "h1_y", "h2_x", "h2_y"),
    ],
)  # fmt: skip
def test_names_of_lock_in_parts(names):
    values = np.arange(5.0)
    columns = [Column(name, "voltage", "V", values) for name in names]
    parts = lock_in_parts(RawFile("a.txt", "delimited", columns, []))
    keys = ("first_x", "first_y", "second_x", "second_y")
    assert {key: parts[key].name for key in keys} == dict(zip(keys, names, strict=True))
    assert not lock_in_parts(RawFile("a.txt", "delimited", columns[:2], []))
