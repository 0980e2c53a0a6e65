import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from emulated import switching_loop_dataset
from scipy.stats import norm

from hall2net.errors import ConfigError, Hall2netError
from hall2net.physics.current_loops import switching_loop
from hall2net.physics.loops import fit_loops
from hall2net.physics.pulse_widths import pulse_width_table
from hall2net.physics.pulses import write_energy
from hall2net.physics.switching import switching_table
from hall2net.readers.reading import read_sample
from hall2net.study.sheet import read_sheet

SAMPLES = {"film": {"width_um": 5, "stack_nm": 10.8, "heavy_metal_nm": 5.5}}
AHE = pd.DataFrame(
    [
        {
            "sample": "film", "kind": "ahe_loop", "temperature_k": 300.0, "r_ahe_ohm": -0.075,
            "r_ahe_u_ohm": 0.0003, "status": "ok",
        }
    ]
)  # fmt: skip
RAW = Path(__file__).parents[2] / "raw"


def dataset(*measurements):
    """Measurements of one sample as the readers give them."""
    counts = [one.sizes["point"] for one in measurements]
    scalars = [name for name, value in measurements[0].data_vars.items() if not value.dims]
    variables = {
        name: ("measurement", np.array([one[name].item() for one in measurements], dtype=object))
        for name in ("id", "kind")
    }
    for name in set(scalars) - {"id", "kind"}:
        variables[name] = ("measurement", [float(one[name]) for one in measurements])
    variables["start"] = ("measurement", np.cumsum(counts) - counts)
    variables["count"] = ("measurement", counts)
    for name in ("write_current", "resistance"):
        variables[name] = ("point", np.concatenate([one[name].to_numpy() for one in measurements]))
    return xr.Dataset(variables, attrs={"sample": "film"})


def row_of(measurement, loops=AHE, **settings):
    return switching_table([dataset(measurement)], loops, SAMPLES, **settings).iloc[0]


def test_branches_and_joule_term():
    measurement = switching_loop_dataset(sigma_ohm=0.0, joule=3e-5)
    loop = switching_loop(measurement)
    assert loop["branch"].drop_duplicates().tolist() == ["initial", "down", "up"]
    # Far from the thresholds the loop rests at its two levels.
    ends = loop[loop["write_current_ma"].abs() > 16]
    np.testing.assert_allclose((ends["resistance_ohm"] - 0.01).abs(), 0.075, atol=1e-5)


@pytest.mark.parametrize("polarity", [1, -1])
def test_critical_currents_by_every_criterion(polarity):
    settings = {"up_ma": 8.0, "dn_ma": -9.0, "width_ma": 1.5}
    measurement = switching_loop_dataset(polarity=polarity, **settings)
    row = row_of(measurement, fixed_ratio=0.25)
    area = 5e-6 * 10.8e-9
    assert row["polarity"] == polarity and row["status"] == "ok"
    assert abs(row["i_up_ma"] - 8.0) < 4 * row["i_up_u_ma"]
    assert abs(row["i_dn_ma"] + 9.0) < 4 * row["i_dn_u_ma"]
    shares = {"half": 0.5, "onset": 0.1, "90": 0.9, "saturation": 0.95, "fixed": 0.25}
    for name, share in shares.items():
        expected = (8.5 + 1.5 * norm.ppf(share)) * 1e-3 / area
        error = row[f"j_c_{name}_u_a_m2"]
        assert abs(row[f"j_c_{name}_a_m2"] - expected) < 4 * error, name
        assert error < 0.02 * expected
    assert abs(row["switching_ratio"] - 1.0) < 4 * row["switching_ratio_u"]
    assert row["delta_r_ahe_ohm"] == pytest.approx(0.15)


def test_a_criterion_of_its_own_is_that_of_one_loop():
    two = switching_loop_dataset(width_ma=1.5), switching_loop_dataset(width_ma=1.5)
    two[1]["id"] = "own"
    data = dataset(*two)
    table = switching_table([data], AHE, SAMPLES, overrides={"own": {"criterion": "90"}})
    table = table.set_index("id")
    other = table.index.drop("own").item()
    assert table["criterion"].to_dict() == {"own": "90", other: "half"}
    for column in ("j_c_half_a_m2", "j_c_90_a_m2"):
        assert table.loc["own", column] == table.loc[other, column]
    assert table.loc["own", "j_c_a_m2"] == table.loc[other, "j_c_90_a_m2"]
    assert table.loc[other, "j_c_a_m2"] == table.loc[other, "j_c_half_a_m2"]
    with pytest.raises(ConfigError, match="criterion: found 'erf', expected one of half"):
        switching_table([data], AHE, SAMPLES, overrides={"own": {"criterion": "erf"}})


def test_intervals_of_the_critical_currents_hold_the_truth():
    inside = []
    for seed in range(100):
        row = row_of(switching_loop_dataset(seed, sigma_ohm=2e-3))
        inside.append(
            [
                abs(row["i_up_ma"] - 8.0) < 1.96 * row["i_up_u_ma"],
                abs(row["i_dn_ma"] + 9.0) < 1.96 * row["i_dn_u_ma"],
                abs(row["delta_r_sot_ohm"] - 0.15) < 1.96 * row["delta_r_sot_u_ohm"],
            ]
        )
    assert np.mean(inside, axis=0).min() >= 0.90


def test_abrupt_loop_is_uncertain_by_its_step():
    row = row_of(switching_loop_dataset(up_ma=8.2, dn_ma=-8.2, width_ma=0.01, sigma_ohm=1e-5))
    # +-1.96 of it is the 95 % interval of a uniform distribution over the step.
    assert row["i_up_u_ma"] == pytest.approx(0.95 * 0.25 / 1.96, rel=0.05)
    assert abs(row["i_up_ma"] - 8.2) <= 0.25 + 1e-9


def test_partial_loop_has_its_own_half_height_and_no_fixed_one():
    row = row_of(switching_loop_dataset(r_ahe_ohm=0.03), fixed_ratio=0.5)
    assert row["switching_ratio"] == pytest.approx(0.4, abs=0.01)
    assert np.isnan(row["j_c_fixed_a_m2"])
    assert row["i_up_ma"] == pytest.approx(8.0, abs=0.1)


def test_no_switching_has_a_reason_and_no_current():
    row = row_of(switching_loop_dataset(r_ahe_ohm=0.0))
    assert row["polarity"] == 0 and row["status"] == "flagged"
    assert row["reason"].startswith("no switching")
    assert np.isnan([row["i_c_ma"], row["j_c_a_m2"], row["j_c_onset_a_m2"]]).all()
    assert abs(row["switching_ratio"]) < 0.01


def test_missing_ahe_loop_leaves_the_ratio_open():
    row = row_of(switching_loop_dataset(), loops=AHE.iloc[:0])
    assert np.isnan(row["switching_ratio"]) and row["status"] == "ok"
    assert "no AHE loop" in row["reason"]
    assert row["i_up_ma"] == pytest.approx(8.0, abs=0.2)


def test_current_layer_scales_the_density():
    one, other = (
        row_of(switching_loop_dataset(), current_layer=x) for x in ("stack", "heavy_metal")
    )
    assert other["j_c_a_m2"] / one["j_c_a_m2"] == pytest.approx(10.8 / 5.5)
    assert one["i_c_ma"] == other["i_c_ma"]


def test_published_current_densities():
    """Paper ruo2: 13 mA and 2.41e11 A/m2; paper cotb: 20 mA and 4.4e7 A/cm2."""
    assert 13e-3 / (5e-6 * 10.8e-9) == pytest.approx(2.41e11, rel=2e-3)
    assert 20e-3 / (5e-6 * 9e-9) / 1e4 == pytest.approx(4.4e7, rel=1.1e-2)


@pytest.mark.parametrize(
    ("current", "reason"),
    [
        (np.linspace(0, 20, 40), "expected a loop through both signs"),
        (np.linspace(-20, 20, 40), "does not come back from both ends"),
        (np.linspace(-20, 20, 6), "6 points of a switching loop"),
    ],
)
def test_what_is_no_loop_is_refused(current, reason):
    one = switching_loop_dataset().isel(point=slice(0, len(current)))
    one = one.assign(write_current=("point", current * 1e-3))
    with pytest.raises(Hall2netError, match=reason):
        switching_loop(one)
    row = row_of(one)
    assert row["status"] == "refused" and reason in row["reason"]
    assert row["polarity"] == 0 and np.isnan(row["j_c_a_m2"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"current_layer": "Pt"}, "found 'Pt', expected one of stack, heavy_metal"),
        ({"criterion": "50"}, "expected one of half, onset, 90, fixed, saturation"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        row_of(switching_loop_dataset(), **settings)


def test_pulse_width_law_comes_back():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(100):
        width = np.geomspace(1e-8, 1e-3, 8)
        current = 6.0 * (1 - np.log(width / 1e-9) / 40) + 0.02 * rng.standard_normal(8)
        table = pd.DataFrame(
            {
                "sample": "film", "field_x_oe": 200.0, "pulse_width_s": width, "i_c_ma": current,
                "i_c_u_ma": 0.02, "status": "ok",
            }
        )  # fmt: skip
        law = pulse_width_table(table).iloc[0]
        inside.append(
            [
                abs(law["i_c0_ma"] - 6.0) < 1.96 * law["i_c0_u_ma"],
                abs(law["delta"] - 40.0) < 1.96 * law["delta_u"],
            ]
        )
    assert 0.88 <= np.mean(inside, axis=0).min() <= np.mean(inside, axis=0).max() <= 1.0


def test_current_that_does_not_fall_with_the_width_is_refused():
    table = pd.DataFrame(
        {
            "sample": "film", "field_x_oe": 0.0, "pulse_width_s": [1e-6, 1e-5, 1e-4],
            "i_c_ma": [5.0, 5.2, 5.4], "i_c_u_ma": 0.02, "status": "ok",
        }
    )  # fmt: skip
    law = pulse_width_table(table).iloc[0]
    assert law["status"] == "refused" and np.isnan(law["delta"])


def test_write_energy_of_the_paper():
    assert write_energy(13.2e-3, 500, 1e-3) * 1e6 == pytest.approx(87.5, rel=5e-3)


@cache
def study(name, samples):
    sheet = read_sheet(RAW / name / "measurements.csv")
    kinds = sheet["kind"].isin(["ahe_loop", "sot_switching"])
    rows = sheet[kinds & sheet["sample"].isin(samples)]
    datasets = [read_sample(RAW / name, own) for _, own in rows.groupby("sample")]
    facts = {sample: SAMPLES["film"] | {"stack_nm": 10.8} for sample in samples}
    truth = json.loads((RAW / name / "truth.json").read_text())
    table = switching_table(datasets, fit_loops(datasets), facts).set_index("id")
    return table, truth


@pytest.mark.parametrize(
    ("name", "samples"),
    [("ruo2", ("pt", "ruo2_0p5", "ruo2_0p7", "mgo_0p5")), ("cotb", ("freestanding",))],
)
def test_emulated_study_within_its_intervals(name, samples):
    table, truth = study(name, samples)
    expected = pd.DataFrame(truth["switching"]).T.loc[table.index]
    assert (table["polarity"] == expected["polarity"]).all()
    distance = table["switching_ratio"] - expected["switching_ratio"].astype(float)
    assert (distance.abs() < 3 * table["switching_ratio_u"]).all()


def test_field_free_switching_and_its_control():
    table, _ = study("ruo2", ("pt", "ruo2_0p5", "ruo2_0p7", "mgo_0p5"))
    for sample, ratio in (("ruo2_0p5", 0.68), ("ruo2_0p7", 0.79)):
        row = table.loc[f"sot_{sample}_free"]
        assert abs(row["switching_ratio"] - ratio) < 3 * row["switching_ratio_u"]
    assert table.at["sot_mgo_0p5_free", "polarity"] == 0


def test_critical_current_falls_by_three():
    """Mean over both signs of the field: the built-in torque helps one and hinders the other."""
    table, truth = study("ruo2", ("pt", "ruo2_0p5", "ruo2_0p7", "mgo_0p5"))
    mean, u = {}, {}
    for sample in ("pt", "ruo2_0p5"):
        rows = [table.loc[f"sot_{sample}_hx{sign}200"] for sign in ("p", "m")]
        mean[sample] = sum(row["i_c_ma"] for row in rows) / 2
        u[sample] = np.hypot(*(row["i_c_u_ma"] for row in rows)) / 2
        true = truth["samples"][sample]["i_c_ma"]
        # Depinning fields scatter by 0.8 %, currents by a third of that, from sweep to sweep.
        assert abs(mean[sample] - true) < 3 * np.hypot(u[sample], 0.003 * true)
    stack = {sample: truth["samples"][sample]["stack_nm"] for sample in mean}
    ratio = mean["pt"] / mean["ruo2_0p5"] * stack["ruo2_0p5"] / stack["pt"]
    assert ratio == pytest.approx(3, abs=0.1)


def test_field_free_switching_is_that_of_figures_3e_and_f():
    """Saturated down: none below 2350 Oe, counterclockwise from there on; up again: clockwise."""
    table, truth = study("ruo2", ("pt", "ruo2_0p5", "ruo2_0p7", "mgo_0p5"))
    pre = table[table["prefield_x_oe"].notna()]
    turned = pre["prefield_x_oe"].abs() > truth["polarity_reversal_prefield_oe"] - 1
    expected = np.where(turned, -np.sign(pre["initial_field_z_oe"]), 0)
    assert len(pre) == 12 and (pre["polarity"] == expected).all()
    assert table.at["sot_ruo2_0p5_free", "polarity"] == -1


def test_pulse_width_law_of_the_emulated_study():
    """The film is heated by its pulses, so the law is not exact: its line meets all currents."""
    table, truth = study("ruo2", ("pt", "ruo2_0p5", "ruo2_0p7", "mgo_0p5"))
    law = pulse_width_table(table.reset_index()).iloc[0]
    assert law["sample"] == "ruo2_0p5" and law["n_widths"] == 4 and law["status"] != "refused"
    for width, current in truth["pulse_width_law"]["i_c_ma"].items():
        line = law["i_c0_ma"] * (1 - np.log(float(width) / 1e-9) / law["delta"])
        assert line == pytest.approx(current, rel=0.02)
    assert truth["pulse_width_law"]["stability"] < law["delta"], "heating hides a part of it"
