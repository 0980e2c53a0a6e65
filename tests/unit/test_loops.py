"""Loop fits against loops whose truth is known, and against loops that have none."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import erf

from hall2net.emulate.loop import LoopTruth, simulate_loop
from hall2net.errors import ConfigError
from hall2net.physics.background import rising_branch
from hall2net.physics.loops import (
    CRITERIA,
    FIELDS,
    corrected_loop,
    fit_loop,
    fit_loops,
    interval_columns,
)
from hall2net.readers.reading import read_sample
from hall2net.study.sheet import read_sheet
from hall2net.tables import uncertainty_column
from hall2net.units import OERSTED

RAW = Path(__file__).parents[2] / "raw"
TRUTH = LoopTruth(
    r_ahe_ohm=0.14, h_c_oe=150, h_0_oe=-40, width_oe=9, r_offset_ohm=0.02, slope_ohm_per_oe=-2e-6,
    drift_ohm=1e-3, noise_ohm=5e-4, spike_fraction=0.004,
)  # fmt: skip


def draw(truth=TRUTH, seed=0, points=162, maximum=400.0, **shape):
    return simulate_loop(truth, maximum, points, np.random.default_rng(seed), **shape)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("half_loop", [False, True])
def test_a_fine_loop_without_noise_gives_its_truth(criterion, half_loop):
    truth = replace(TRUTH, noise_ohm=1e-9, spike_fraction=0)
    found = fit_loop(*draw(truth, points=4001, half_loop=half_loop), criterion=criterion)
    assert found["status"] == "ok"
    assert found["h_up_oe"] == pytest.approx(110, abs=0.02)
    assert found["h_dn_oe"] == pytest.approx(-190, abs=0.02)
    assert found["h_c_oe"] == pytest.approx(150, abs=0.02)
    assert found["h_0_oe"] == pytest.approx(-40, abs=0.02)
    assert found["r_ahe_ohm"] == pytest.approx(0.14, rel=1e-5)
    assert found["slope_ohm_per_oe"] == pytest.approx(-2e-6, rel=1e-3)


def share_that_holds(loops):
    """Lowest share of intervals that hold the truth, but for one case of a thousand."""
    return 0.95 - 3.3 * (0.95 * 0.05 / loops) ** 0.5


@pytest.mark.parametrize("width_oe", [1.0, 4.0, 12.0])
def test_intervals_hold_the_truth(width_oe):
    """Edges from a tenth of the field step of 10 Oe to more than one step wide."""
    rng = np.random.default_rng(1)
    names = [*FIELDS, "r_ahe_ohm", "slope_ohm_per_oe"]
    held, errors = {name: 0 for name in names}, []
    for _ in range(300):
        truth = replace(
            TRUTH, h_c_oe=rng.uniform(100, 200), h_0_oe=rng.uniform(-60, 60), width_oe=width_oe,
            pink_ohm=1e-4,
        )  # fmt: skip
        found = fit_loop(*simulate_loop(truth, 400.0, 162, rng))
        assert found["status"] == "ok"
        true = {
            "h_up_oe": truth.h_0_oe + truth.h_c_oe,
            "h_dn_oe": truth.h_0_oe - truth.h_c_oe,
            "h_c_oe": truth.h_c_oe,
            "h_0_oe": truth.h_0_oe,
            "r_ahe_ohm": truth.r_ahe_ohm,
            "slope_ohm_per_oe": truth.slope_ohm_per_oe,
        }
        for name in names:
            if name in FIELDS:
                low, high = (found[column] for column in interval_columns(name))
            else:
                spread = found[uncertainty_column(name)]
                low, high = found[name] - 1.96 * spread, found[name] + 1.96 * spread
            held[name] += low <= true[name] <= high
        errors.append([found[name] - true[name] for name in FIELDS])
    assert min(held.values()) > 300 * share_that_holds(300), held
    assert np.abs(np.mean(errors, axis=0)).max() < 1.0, "bias below a tenth of the field step"


def test_an_edge_within_one_field_step_may_lie_anywhere_in_it():
    field = np.concatenate([np.arange(-100, 101, 10.0), np.arange(100, -101, -10.0)])
    rising = np.arange(field.size) < field.size / 2
    found = fit_loop(field, np.where(field > np.where(rising, 33, -33), 1.0, -1.0))
    low, high = (found[column] for column in interval_columns("h_up_oe"))
    assert (low, high) == pytest.approx((30.25, 39.75), abs=1.0)
    assert found["h_step_u_oe"] == pytest.approx(10 / 12**0.5, rel=0.25)
    assert found["h_up_u_oe"] < 0.1


@pytest.mark.parametrize("steepness", [1.0, 4.0])
def test_fields_that_are_dense_in_the_middle(steepness):
    """Sweeps with steps that grow with the field, up to nearly in proportion to it."""
    rng = np.random.default_rng(3)
    u = np.linspace(-1, 1, 121)
    up = 400 * np.sinh(steepness * u) / np.sinh(steepness)
    field = np.concatenate([up, up[::-1]])
    centre = np.where(np.arange(field.size) < u.size, 110.0, -190.0)
    resistance = 0.02 + 0.14 * erf((field - centre) / (9 * np.sqrt(2))) - 2e-6 * field
    found = fit_loop(field, resistance + 5e-4 * rng.standard_normal(field.size))
    assert found["status"] == "ok"
    for name, true in (("h_up_oe", 110), ("h_dn_oe", -190), ("h_0_oe", -40)):
        low, high = (found[column] for column in interval_columns(name))
        assert low < true < high
        assert high - low < 15


def test_a_negative_coercive_field_stays_negative():
    found = fit_loop(*draw(replace(TRUTH, h_c_oe=-30, h_0_oe=0)))
    assert found["h_c_oe"] == pytest.approx(-30, abs=3)


def test_the_branch_at_both_ends_of_the_file_is_one_branch():
    whole = fit_loop(*draw(seed=3))
    field, r = draw(seed=3)
    turned = fit_loop(np.roll(field, 40), np.roll(r, 40))
    for name in ("h_up_oe", "h_dn_oe"):
        assert turned[name] == pytest.approx(whole[name], abs=1.0)


@pytest.mark.parametrize(
    ("loop", "reason"),
    [
        (lambda: draw(replace(TRUTH, r_ahe_ohm=0.0)), "no hysteresis"),
        (lambda: tuple(v[:60] for v in draw()), "open loop"),
        (lambda: tuple(v[:8] for v in draw()), "too few points"),
        (lambda: draw(replace(TRUTH, h_c_oe=900, h_0_oe=0)), ""),
        (lambda: (np.abs(draw()[0]) + 1, draw()[1]), "one-sided"),
        (lambda: (np.full(50, np.nan), np.zeros(50)), "too few points"),
        (lambda: (np.zeros(50), np.zeros(50)), "one-sided"),
        (lambda: np.hstack([draw(), draw(replace(TRUTH, r_ahe_ohm=0.07))]), "mixed measurements"),
        (lambda: np.hstack([draw(), draw(replace(TRUTH, r_ahe_ohm=-0.14))]), "mixed measurements"),
        (lambda: (np.linspace(-400, 400, 162), np.linspace(-1, 1, 162)), "open loop"),
    ],
)
def test_a_loop_without_a_number_is_refused_with_a_reason(loop, reason):
    found = fit_loop(*loop())
    assert found["status"] == "refused"
    assert reason in found["reason"] and found["reason"]
    assert np.isnan(found["h_c_oe"]) and np.isnan(found["h_0_oe"])


def test_drift_as_large_as_the_loop_is_flagged():
    found = fit_loop(*draw(replace(TRUTH, drift_ohm=0.12)))
    assert found["status"] == "flagged" and "drift" in found["reason"]


def test_settings_are_checked():
    with pytest.raises(ConfigError, match=r"'halv'.*half, erf, tanh"):
        fit_loops([], criterion="halv")
    with pytest.raises(ConfigError, match="window"):
        fit_loops([], window=0.7)


def test_direction_of_a_jittering_sweep():
    field = np.r_[np.arange(-50, 50), np.arange(50, -50, -1)] * 10.0
    jittered = field + np.random.default_rng(0).normal(0, 1, field.size)
    assert rising_branch(jittered)[5:95].all()
    assert not rising_branch(jittered)[105:].any()


def test_the_corrected_loop_is_flat_and_centred_in_resistance():
    field, r = draw(seed=5)
    row = pd.Series(fit_loop(field, r))
    measurement = xr.Dataset({"field": ("point", field * OERSTED), "resistance": ("point", r)})
    loop = corrected_loop(measurement, row)
    tail = loop[loop["field_oe"].abs() > 320]
    expected = np.sign(tail["field_oe"]) * 0.14
    assert np.median(np.abs(tail["resistance_ohm"] - expected)) < 2e-3


@pytest.mark.parametrize("study", ["cotb", "ruo2"])
def test_every_emulated_loop_is_fitted_or_refused_as_its_truth_says(study):
    """Intervals hold the truth as often as they say; aborted loops are refused."""
    sheet = read_sheet(RAW / study / "measurements.csv")
    datasets = [read_sample(RAW / study, rows) for _, rows in sheet.groupby("sample")]
    loops = fit_loops(datasets)
    truth = json.loads((RAW / study / "truth.json").read_text())["loops"]
    assert set(loops["id"]) == set(truth)
    aborted = {name for name, values in truth.items() if values["aborted"]}
    assert set(loops.loc[loops["status"] == "refused", "id"]) == aborted
    fitted = loops[loops["status"] != "refused"]
    for name in ("h_up_oe", "h_dn_oe", "r_ahe_ohm"):
        true = fitted["id"].map(lambda key, name=name: truth[key][name])
        if name in FIELDS:
            low, high = (fitted[column] for column in interval_columns(name))
            held = (low <= true) & (true <= high)
        else:
            held = (fitted[name] - true).abs() < 1.96 * fitted[uncertainty_column(name)]
        assert held.mean() > share_that_holds(len(fitted)), name
