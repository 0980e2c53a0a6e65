"""Tables of the device, made by the workflow from emulated files, held against their truth."""

import json

import pandas as pd
import pytest


@pytest.fixture
def made(finished):
    return finished.folder / "results"


def test_figures_of_merit_hold_the_truth(made):
    truth = json.loads((made.parent / "raw/ruo2/truth.json").read_text())
    merit = pd.read_csv(made / "ruo2/merit.csv").set_index("quantity")
    assert merit.at["distinguishable_states", "value"] == len(truth["states_ohm"])
    swing = truth["states_ohm"][-1] - truth["states_ohm"][0]
    for quantity, expected in (
        ("dynamic_range", swing),
        ("read_noise", truth["states_read_sigma_ohm"] / swing),
        ("drift", truth["states_drift_ohm_per_decade"] / swing),
    ):
        row = merit.loc[quantity]
        assert abs(row["value"] - expected) < 3 * row["value_u"], quantity
    current = [1e-3 * value for value in truth["states_write_current_ma"]]
    energy = 1e6 * truth["write_resistance_ohm"] * 1e-3 * sum(i**2 for i in current) / 6
    assert merit.at["write_energy_mean", "value"] == pytest.approx(energy, rel=1e-3)


def test_what_was_not_measured_is_empty(made):
    merit = pd.read_csv(made / "cotb/merit.csv").set_index("quantity")
    for quantity in ("cycle_to_cycle", "device_to_device", "retention", "write_energy_mean"):
        assert pd.isna(merit.at[quantity, "value"])
    assert pd.read_csv(made / "cotb/hardware.csv")["programming_energy_single_j"].isna().all()


def test_hardware_of_both_scales(made):
    table = pd.read_csv(made / "cotb/hardware.csv").set_index("scale")
    assert table.at["published", "weights"] == 11_164_352
    assert table.at["laptop", "weights"] < table.at["published", "weights"] / 10
    assert (table["devices_pair"] == 2 * table["devices_single"]).all()


def test_exports_are_there(made):
    for study, states in (("cotb", 32), ("ruo2", 6)):
        document = json.loads((made / study / "lut.json").read_text())
        assert len(document["states"]) == states and "emulated" in document["source"]
        level = [state["level"] for state in document["states"]]
        assert min(level) == -1 and max(level) == 1
        # cotb is bipolar evenly; of the six states of ruo2 one is negative.
        assert sum(value < 0 for value in level) == (1 if study == "ruo2" else 16)
        for name in ("aihwkit.json", "crosssim.json"):
            assert json.loads((made / study / "exports" / name).read_text())


def test_a_measurement_that_is_not_there_is_named(project):
    config = project.folder / "config.yaml"
    config.write_text(config.read_text().replace("others: []", "others: [sot_elsewhere]"))
    done = project.snakemake("-n", "results/cotb/merit.csv")
    assert done.returncode != 0
    assert "studies.cotb.device.others: no measurement 'sot_elsewhere'" in done.stderr
    assert "Traceback" not in done.stderr


def test_other_devices_give_the_variation_between_them(finished, tmp_path):
    project = finished.copied_to(tmp_path / "copy")
    config = project.folder / "config.yaml"
    others = "others: [sot_as_grown_m25mt]"
    config.write_text(config.read_text().replace("others: []", others))
    done = project.snakemake("--", "results/cotb/merit.csv")
    assert done.returncode == 0, done.stderr
    merit = pd.read_csv(project.folder / "results/cotb/merit.csv").set_index("quantity")
    assert 0 < merit.at["device_to_device", "value"] < 0.1
