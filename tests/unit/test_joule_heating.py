"""Temperature rise of a bar against closed forms, and what the tables make of it."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_tables import dataset, hall_loop, loop_row
from scipy.integrate import dblquad
from scipy.special import erf, exp1

from hall2net.physics.joule_heating import (
    Bar,
    half_space_rise,
    joule_heating_table,
    slab_rise,
    with_heating,
)
from hall2net.physics.substrates import OXIDE, SUBSTRATES
from hall2net.report.facts import heating_words

FLUX = 1e8
WIDTH, LENGTH = 5e-6, 30e-6
SAMPLES = {
    "film": {"width_um": 5, "length_um": 30, "stack_nm": 10, "r_xx_ohm": 500, "r_xx_u_ohm": 10,
             "source": "another bar", "substrate": "Si", "oxide_nm": 300}
}  # fmt: skip
EMPTY = pd.DataFrame(columns=["sample", "kind", "status", "current_ma"])


@pytest.mark.parametrize("name", SUBSTRATES)
def test_short_pulses_heat_as_the_square_root_of_time(name):
    solid = SUBSTRATES[name]
    for time in (1e-12, 1e-10):
        flat = 2 * FLUX * np.sqrt(solid.diffusivity * time / np.pi) / solid.conductivity
        assert half_space_rise(FLUX, WIDTH, LENGTH, solid, time) == pytest.approx(flat, rel=1e-6)


@pytest.mark.parametrize("time", [1e-9, 1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("name", ["Si", "SiO2"])
def test_long_stripe_is_that_of_carslaw_and_jaeger(name, time):
    """With the closed form of an endless stripe, and its logarithm at long times (You et al.)."""
    solid = SUBSTRATES[name]
    reach = np.sqrt(solid.diffusivity * time)
    u = WIDTH / (4 * reach)
    closed = erf(u) + u / np.sqrt(np.pi) * exp1(u**2)
    closed *= 2 * FLUX * reach / np.sqrt(np.pi) / solid.conductivity
    found = half_space_rise(FLUX, WIDTH, 10.0, solid, time)
    assert found == pytest.approx(closed, rel=1e-7)
    if reach > 10 * WIDTH:
        you = FLUX * WIDTH / (np.pi * solid.conductivity) * np.arcsinh(4 * reach / WIDTH)
        assert found == pytest.approx(you, rel=0.01)


@pytest.mark.parametrize("length", [2e-6, 30e-6, 300e-6])
def test_direct_current_is_the_steady_state(length):
    """The potential of a heated rectangle at its centre, by integration over the rectangle."""
    solid = SUBSTRATES["MgO"]
    quarter = dblquad(lambda y, x: 1 / np.hypot(x, y), 0, WIDTH / 2, 0, length / 2)[0]
    steady = 4 * FLUX * quarter / (2 * np.pi * solid.conductivity)
    assert half_space_rise(FLUX, WIDTH, length, solid, np.inf) == pytest.approx(steady, rel=1e-5)
    assert half_space_rise(FLUX, WIDTH, length, solid, 10.0) == pytest.approx(steady, rel=2e-3)


def test_slab_between_diffusion_and_steady_state():
    thickness = 300e-9
    steady = FLUX * thickness / OXIDE.conductivity
    assert slab_rise(FLUX, thickness, OXIDE, np.inf) == pytest.approx(steady)
    assert slab_rise(FLUX, thickness, OXIDE, 1.0) == pytest.approx(steady)
    assert slab_rise(FLUX, 0.0, OXIDE, 1e-6) == 0
    # Finite differences of the heat equation, heated from one side and held at the other.
    cells, times = 60, np.array([0.02, 0.1, 0.3]) * thickness**2 / OXIDE.diffusivity
    dx = thickness / cells
    dt = 0.4 * dx**2 / OXIDE.diffusivity
    t, now, expected = np.zeros(cells + 1), 0.0, []
    for time in times:
        while now < time:
            flow = np.diff(t) / dx * OXIDE.conductivity
            flow = np.concatenate([[-FLUX], flow])
            t[:-1] += dt * np.diff(flow) / dx / OXIDE.heat_capacity
            now += dt
        expected.append(t[0] + FLUX * dx / 2 / OXIDE.conductivity)
    found = [slab_rise(FLUX, thickness, OXIDE, time) for time in times]
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_worked_example_of_the_docs():
    """docs/physics.md, by hand: 4.386 mA in 500 ohm on 300 nm of SiO2 and Si."""
    flux = 4.386e-3**2 * 500 / 150e-12
    assert flux == pytest.approx(6.41e7, rel=1e-3)
    assert flux * 300e-9 / 1.4 == pytest.approx(13.7, abs=0.05)
    edges = 5e-6 * np.arcsinh(6) + 30e-6 * np.arcsinh(1 / 6)
    assert flux * edges / (np.pi * 148) == pytest.approx(2.40, abs=0.01)
    bar = Bar(WIDTH, LENGTH, 500.0, SUBSTRATES["Si"], 300e-9)
    assert bar.rise(4.386e-3, 1e-3) == pytest.approx(13.74 + 2.39, abs=0.02)


def switching(currents, width=1e-3, **columns):
    return pd.DataFrame(
        {
            "id": [f"loop{k}" for k in range(len(currents))], "sample": "film",
            "temperature_k": 300.0, "pulse_width_s": width, "i_c_ma": currents, "i_c_u_ma": 0.05,
            "current_max_ma": 12.0, "criterion": "half", "status": "ok", "reason": "",
        } | columns
    )  # fmt: skip


def test_rise_uncertainty_and_flag():
    table = joule_heating_table([], switching([4.0, 8.0, np.nan]), EMPTY, SAMPLES, limit_k=20)
    cold, hot, none = table.to_dict("records")
    rise = Bar(WIDTH, LENGTH, 500.0, SUBSTRATES["Si"], 300e-9).rise(4e-3, 1e-3)
    assert cold["delta_t_k"] == pytest.approx(rise) and cold["status"] == "ok"
    assert hot["delta_t_k"] == pytest.approx(4 * rise)
    # 2 % of the resistance, and twice 0.05/4 of the current.
    assert cold["delta_t_u_k"] / rise == pytest.approx(np.hypot(0.02, 0.025), rel=1e-6)
    assert hot["status"] == "flagged" and f"{4 * rise:.0f} K warmer" in hot["reason"]
    assert np.isnan(none["delta_t_k"]) and "at the largest current" in none["reason"]
    merged = with_heating(switching([4.0, 8.0, np.nan]), table)
    assert merged["status"].tolist() == ["ok", "flagged", "ok"]
    assert "heating_limit_k: 20 K" in merged["reason"][1]
    np.testing.assert_array_equal(merged["delta_t_k"], table["delta_t_k"])


@pytest.mark.parametrize("current", [6.0, 9.0])
def test_pulses_that_a_flag_advises_stay_below_the_limit(current):
    table = joule_heating_table([], switching([current]), EMPTY, SAMPLES, limit_k=20)
    words = table["reason"][0].split("up to ")[1].split()
    width = float(words[0]) * {"ns": 1e-9, "µs": 1e-6}[words[1]]
    bar = Bar(WIDTH, LENGTH, 500.0, SUBSTRATES["Si"], 300e-9)
    # One digit of the time is given.
    assert bar.rise(current * 1e-3, 0.6 * width) < 20 < bar.rise(current * 1e-3, 1.6 * width)


@pytest.mark.parametrize(
    ("missing", "words"),
    [("substrate", "substrate is not known"), ("r_xx_ohm", "no resistance along the bar"),
     ("length_um", "length_um of the sample")],
)  # fmt: skip
def test_what_is_not_known_is_refused_and_said(missing, words):
    samples = {"film": {k: v for k, v in SAMPLES["film"].items() if k != missing}}
    row = joule_heating_table([], switching([8.0]), EMPTY, samples).iloc[0]
    assert row["status"] == "refused" and words in row["reason"] and np.isnan(row["delta_t_k"])
    assert with_heating(switching([8.0]), row.to_frame().T)["status"].tolist() == ["ok"]


def current_voltage(rng, per_square, noise=1e-5):
    """R_xx(I) of a bar that is warmed by per_square (K/A2) times I^2, with 0.3 % per K."""
    current = np.linspace(-5e-3, 5e-3, 41)
    resistance = 500 * (1 + 3e-3 * per_square * current**2)
    volt = resistance * current + 2e-5 + noise * 500 * 5e-3 * rng.standard_normal(41)
    current[20] = np.nan
    return {"id": "iv", "kind": "resistivity", "temperature": 300.0, "write_current": current,
            "resistance": volt / current}  # fmt: skip


def test_resistance_is_a_thermometer():
    """The rise put in comes out within its interval, whatever the substrate is said to be."""
    rng, names = np.random.default_rng(0), [f"film{k}" for k in range(30)]
    samples = {
        name: SAMPLES["film"]
        | {"tcr_per_k": 3e-3 + 5e-5 * rng.standard_normal(), "tcr_u_per_k": 5e-5, "oxide_nm": 90}
        for name in names
    }
    data = [dataset(name, [current_voltage(rng, 8e5)]) for name in names]
    loops = switching([6.0] * 30, sample=names, i_c_u_ma=0.0)
    table = joule_heating_table(data, loops, EMPTY, samples)
    assert set(table["method"]) == {"R_xx(I), scaled to the pulse"}
    # 1 ms is all but steady on silicon.
    bar = Bar(WIDTH, LENGTH, 500.0, SUBSTRATES["Si"], 90e-9)
    true = 8e5 * 6e-3**2 * bar.rise(1e-3, 1e-3) / bar.rise(1e-3, np.inf)
    inside = np.abs(table["delta_t_k"] - true) < 1.96 * table["delta_t_u_k"]
    assert np.mean(inside) > 0.85
    # What the constants of the solid say is less than half of it.
    assert table["delta_t_u_k"].max() < 0.05 * true and bar.rise(6e-3, 1e-3) < 0.5 * true
    still = dataset("film0", [current_voltage(rng, 0.0)])
    row = joule_heating_table([still], loops[:1], EMPTY, samples).iloc[0]
    assert row["method"].startswith("I^2 R")


def loops_at(temperatures, slope=-1.5, sign=lambda kelvin: 1.0):
    """loops.csv of H_c = 200 Oe at 300 K that changes by `slope` per K."""
    rng = np.random.default_rng(3)
    rows = []
    for kelvin in temperatures:
        h_c = 200 + slope * (kelvin - 300)
        loop = hall_loop(rng, f"ahe_{kelvin}", "ahe_loop", 0, h_c, 0.1, 400,
                         temperature=kelvin, current=2e-3)  # fmt: skip
        rows.append(loop_row("film", loop, 0.0, h_c, 0.1 * sign(kelvin)))
    return pd.DataFrame(rows)


@pytest.mark.parametrize("slope", [-1.5, -0.4, 0.8])
def test_bias_is_that_of_the_coercive_field(slope):
    loops = loops_at((280, 300, 320, 350, 390), slope)
    row = joule_heating_table([], switching([7.0]), loops, SAMPLES).set_index("id").loc["loop0"]
    assert row["dh_c_dt_oe_per_k"] == pytest.approx(slope)
    assert row["h_c_bias"] == pytest.approx(slope * row["delta_t_k"] / 200)
    # The rise is known to a quarter, and the bias with it.
    assert row["h_c_bias_u"] / abs(row["h_c_bias"]) > 0.25
    assert ("smaller" if slope < 0 else "larger") in row["reason"]


def test_bias_that_the_loops_do_not_give_is_not_measured():
    one = joule_heating_table([], switching([7.0]), loops_at((300,)), SAMPLES)
    assert "no Hall loops at two temperatures" in one["bias_source"][0]
    short = joule_heating_table([], switching([7.0]), loops_at((300, 310)), SAMPLES)
    assert "Hall loops from 300 to 310 K" in short["bias_source"][0]
    loops = loops_at((280, 300, 320, 390), sign=lambda kelvin: np.sign(kelvin - 310))
    through = joule_heating_table([], switching([7.0]), loops, SAMPLES)
    assert "compensation temperature" in through["bias_source"][0]
    assert through["h_c_bias"].iloc[:1].isna().all()


def test_report_says_the_range_the_flags_and_the_bias():
    loops = loops_at((280, 300, 320, 350, 390))
    words = heating_words(joule_heating_table([], switching([3.0, 7.0]), loops, SAMPLES))
    assert "8 to 41 K warmer, ± 25 % systematic" in words and "1 of 2 loops" in words
    # -1.5 Oe/K of 200 Oe, over 7.6 and 41 K.
    assert "changes H_c by \N{MINUS SIGN}31 to \N{MINUS SIGN}6 %" in words
    unknown = joule_heating_table([], switching([3.0]), EMPTY, {"film": {"width_um": 5}})
    assert "is not known: no resistance along the bar" in heating_words(unknown)
    assert heating_words(unknown.iloc[:0]) is None and heating_words(None) is None


def test_direct_current_of_hall_loops_has_a_row():
    table = joule_heating_table([], switching([3.0]), loops_at((300, 350)), SAMPLES)
    direct = table[table["kind"] == "ahe_loop"]
    assert direct["id"].tolist() == ["ahe_loop, 2 mA, 300 K", "ahe_loop, 2 mA, 350 K"]
    bar = Bar(WIDTH, LENGTH, 500.0, SUBSTRATES["Si"], 300e-9)
    np.testing.assert_allclose(direct["delta_t_k"], bar.rise(2e-3, np.inf))


def test_resistance_against_temperature_gives_the_coefficient():
    """R_xx at several temperatures takes the place of `tcr_per_k`; then there is no R_xx(I)."""
    kelvin = np.linspace(290, 310, 21)
    along = {"id": "r_t", "kind": "resistivity", "temperature": 300.0,
             "point_temperature": kelvin, "resistance": 500 * (1 + 2e-3 * (kelvin - 300)),
    }  # fmt: skip
    data = dataset("film", [along])
    assert isinstance(data, xr.Dataset)
    row = joule_heating_table([data], switching([6.0]), EMPTY, SAMPLES).iloc[0]
    assert row["method"].startswith("I^2 R") and row["r_xx_ohm"] == pytest.approx(500, rel=1e-6)
