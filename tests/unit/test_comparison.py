"""The comparison holds every published number once, and its tests tell noise from difference."""

from pathlib import Path

import made_tables
import numpy as np
import pandas as pd
import pytest

from hall2net.physics.switching import prefield_threshold
from hall2net.report.comparison import comparison_table
from hall2net.study.published import published_numbers

ROOT = Path(__file__).parents[2]
PUBLISHED = published_numbers(ROOT / "reference/published.yaml")
PRINTED = pd.read_csv(ROOT / "reference/cotb-confusion-matrices.csv")


@pytest.fixture(scope="module")
def studies():
    _, cotb_loops, cotb_switching = made_tables.cotb()
    _, ruo2_loops, ruo2_switching = made_tables.ruo2()
    cotb_sheet = pd.DataFrame(
        {
            "kind": "sot_switching",
            "sample": "freestanding",
            "field_x_oe": [250.0, -250.0],
            "initial_field_z_oe": 5000.0,
            "current_ma": 0.1,
        }
    )
    ruo2_sheet = pd.DataFrame(
        {
            "kind": ["loop_shift", "pulse_train"],
            "sample": "ruo2_0p5",
            "field_x_oe": [200.0, 0.0],
            "current_ma": [3.0, 0.5],
            "pulse_width_s": [np.nan, 1e-3],
        }
    )
    torque = made_tables.torque()
    resistivity = pd.DataFrame({"sample": ["ruo2_0p5"], "r_xx_ohm": 500.0, "r_xx_u_ohm": 1.0})
    return {
        "cotb": {
            "measurements": cotb_sheet,
            "loops": cotb_loops,
            "switching": cotb_switching,
            "lut": made_tables.lut(np.linspace(-0.07, 0.07, 12)),
        },
        "ruo2": {
            "measurements": ruo2_sheet,
            "loops": ruo2_loops,
            "switching": ruo2_switching,
            "lut": made_tables.lut(
                [0.33, 0.46, 0.49, 0.52, 0.54, 0.57], [-15, 11, 12, 13, 14, 15.4]
            ),
            "resistivity": resistivity,
            "torque": torque,
            "torque_as_printed": torque.assign(theta_sh=1.13),
        },
    }


@pytest.fixture(scope="module")
def table(studies):
    runs = made_tables.cotb_runs() + made_tables.ruo2_runs()
    made = comparison_table(PUBLISHED, studies, runs, provenance={"cotb": "emulated raw data"})
    return made.set_index(made["study"] + "." + made["quantity"])


def test_every_published_number_is_one_row(table):
    assert list(table.index) == [number.path for number in PUBLISHED]
    assert table.index.is_unique
    allowed = {"agrees", "differs", "not measured at this scale", "ambiguous in the paper",
               "shown only in a figure", "taken as input", "quoted from another work"}  # fmt: skip
    assert set(table["verdict"]) <= allowed
    drawn = table[table.index.str.contains("figures")]
    assert set(drawn["verdict"]) == {"shown only in a figure"}


@pytest.mark.parametrize(
    ("quantity", "ours", "difference", "verdict"),
    [
        ("ruo2.torque.xi_enhancement_t0p5", 5.2, 0.0, "agrees"),
        ("ruo2.torque.theta_sh_t0p5", 0.36, 0.0, "agrees"),
        ("ruo2.torque.theta_ratio_to_reference", 4.0, 0.0, "agrees"),
        ("ruo2.torque.jc_reduction_t0p5", 3.0, 0.0, "agrees"),
        ("ruo2.field_free.switching_ratio.t0p5", 0.68, 0.0, "agrees"),
        ("ruo2.field_free.switching_ratio.t0p7", 0.79, 0.0, "agrees"),
        ("ruo2.field_free.polarity_reversal_prefield_oe", 2350.0, 0.0, "agrees"),
        ("ruo2.synapse.states_ohm.2", 0.46, 0.0, "agrees"),
        (
            "ruo2.synapse.energy_uj",
            87.12,
            -0.38,
            "ambiguous in the paper",
        ),  # (13.2 mA)^2 x 500 ohm x 1 ms
        ("ruo2.synapse.j_a_m2.2", 2.85185e11, 1.85185e8, "agrees"),  # 15.4 mA / (5 um x 10.8 nm)
        ("ruo2.mlp.mnist.six_state", 0.9521, 0.0, "agrees"),
        ("ruo2.mlp.fashion_mnist.six_state", 0.865, 0.0, "agrees"),
        ("cotb.resnet18_cifar10.accuracy_device", 0.917, -0.003, "agrees"),
        ("cotb.switching.polarity_reverses_with_field", "true", np.nan, "agrees"),
        ("cotb.devices_per_weight.this_work", 1.0, 0.0, "agrees"),
    ],
)
def test_numbers_are_compared(table, quantity, ours, difference, verdict):
    row = table.loc[quantity]
    if isinstance(ours, str):
        assert row["ours"] == ours
    else:
        assert float(row["ours"]) == pytest.approx(ours, rel=1e-5)
        assert row["difference"] == pytest.approx(difference, rel=1e-4, abs=1e-6)
    assert row["verdict"] == verdict


def test_a_wrong_number_differs_by_its_z(studies):
    torque = studies["ruo2"]["torque"].assign(theta_sh=0.6, theta_sh_u=0.02)
    wrong = {"ruo2": studies["ruo2"] | {"torque": torque}}
    made = comparison_table(PUBLISHED, wrong, {}, provenance={}).set_index("quantity")
    row = made.loc["torque.theta_sh_t0p5"]
    assert row["verdict"] == "differs"
    # 0.36 is printed to two decimals: uniform between 0.355 and 0.365.
    assert row["z"] == pytest.approx(0.24 / np.hypot(0.02, 0.005 / np.sqrt(3)))
    assert row["ratio"] == pytest.approx(0.6 / 0.36)
    assert made.loc["mlp.mnist.six_state", "verdict"] == "not measured at this scale"


def test_small_scale_and_stand_in_data_are_no_verdict(studies):
    runs = made_tables.cotb_runs(10, "laptop") + made_tables.ruo2_runs(stand_in=True)
    made = comparison_table(PUBLISHED, studies, runs, provenance={})
    made = made.set_index(made["study"] + "." + made["quantity"])
    for quantity in ("cotb.resnet18_cifar10.accuracy_device", "ruo2.mlp.mnist.float32"):
        assert made.loc[quantity, "verdict"] == "not measured at this scale"
    assert "stand-in" in made.loc["ruo2.mlp.mnist.float32", "source"]
    assert float(made.loc["cotb.resnet18_cifar10.accuracy_device", "ours"]) == pytest.approx(0.917)
    assert made.loc["cotb.resnet18_cifar10.epochs", "verdict"] == "not measured at this scale"
    assert made.loc["ruo2.mlp.epochs", "verdict"] == "taken as input"


def test_what_the_paper_leaves_open_is_said(table):
    for quantity, word in {
        "ruo2.synapse.states_ohm.1": "µΩ",
        "ruo2.torque.theta_sh_t0p5": "ΔH",
        "ruo2.torque.g_hm_per_ohm_m2": "sech",
        "cotb.resnet18_cifar10.epoch25.ideal": "S1 and S2",
        "cotb.switching.j_max_a_cm2": "Pt layer alone",
        "ruo2.mlp.weight_decay": "not stated",
        "ruo2.mlp.fashion_mnist.six_state": "86 %",
        "ruo2.synapse.energy_uj": "13.2 mA",
    }.items():
        assert word in table.loc[quantity, "remark"]
    assert "1.13" in table.loc["ruo2.torque.theta_sh_t0p5", "remark"]
    assert "std: 0.9800" in table.loc["ruo2.mlp.mnist.six_state", "remark"]


def test_prefield_threshold_lies_between_the_last_and_the_first():
    switching = made_tables.ruo2()[2]
    assert prefield_threshold(switching, "ruo2_0p5") == (1500.0, 2350.0)
    assert prefield_threshold(switching.query("prefield_x_oe.isna()"), "ruo2_0p5") is None
