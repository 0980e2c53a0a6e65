"""Switching loops as laboratories measure them: every kind of doubt over a range of parameters."""

import numpy as np
import pandas as pd
import pytest
from laboratory_switching import dataset, laboratory_loop, relax, sweep_of
from test_switching import row_of

from hall2net.physics.current_loops import write_currents
from hall2net.physics.pulse_widths import pulse_width_table

ONE = np.ones(1)


def made(
    rng, *, up=6.0, dn=6.4, maximum=12.0, step=0.3, swing=0.8, odd=0.0, drift=0.0, noise=0.004,
    shape="max min max", start=True, cycles=1, width=0.2, number=400,
):  # fmt: skip
    """A loop of domains around two thresholds; odd (ohm/mA) and drift (ohm) beside the swing."""
    spread = width * rng.standard_normal(number)
    current = sweep_of(maximum, step, shape, cycles)
    m = relax(current, up + spread, dn + spread, np.full(number, 1 / number), start)
    order = np.linspace(0, 1, len(current))
    resistance = swing * m + odd * current + drift * order + noise * rng.standard_normal(len(m))
    return dataset(current, resistance)


def ahe(full_swing):
    return pd.DataFrame(
        [
            {
                "sample": "film", "kind": "ahe_loop", "temperature_k": 300.0,
                "r_ahe_ohm": full_swing / 2, "r_ahe_u_ohm": 0.002 * full_swing, "status": "ok",
            }
        ]
    )  # fmt: skip


def test_intervals_hold_the_truth_whatever_the_pick_up_and_drift():
    """I_c, swing and ratio of 200 loops of domains with every nuisance drawn at random."""
    inside = []
    for seed in range(200):
        rng = np.random.default_rng([11, seed])
        loop, truth = laboratory_loop(rng)
        full = truth.swing_ohm / rng.uniform(0.3, 1.0)
        stated = ahe(full * (1 + 0.002 * rng.standard_normal()))
        row = row_of(loop, loops=stated)
        distance = (
            (row["i_up_ma"] - truth.up_ma) / row["i_up_u_ma"],
            (row["i_dn_ma"] - truth.dn_ma) / row["i_dn_u_ma"],
            (row["i_c_ma"] - (truth.up_ma - truth.dn_ma) / 2) / row["i_c_u_ma"],
            (row["delta_r_sot_ohm"] - truth.swing_ohm) / row["delta_r_sot_u_ohm"],
            (row["switching_ratio"] - truth.swing_ohm / full) / row["switching_ratio_u"],
        )
        inside.append(np.abs(distance) < 1.96)
    held = np.mean(inside, axis=0)
    assert held.min() >= 0.92 and held.max() <= 0.98, held


@pytest.mark.parametrize("odd", [0.0, 0.02, -0.05])
@pytest.mark.parametrize("drift", [0.0, 0.4, -0.8])
def test_odd_pick_up_and_drift_are_no_swing(odd, drift):
    rng = np.random.default_rng([1, int(100 * odd) + 50, int(10 * drift) + 50])
    row = row_of(made(rng, odd=odd, drift=drift), loops=ahe(1.0))
    assert row["status"] == "ok", row["reason"]
    assert abs(row["delta_r_sot_ohm"] - 0.8) < 4 * row["delta_r_sot_u_ohm"] < 0.1
    assert abs(row["i_up_ma"] - 6.0) < 0.15 and abs(row["i_dn_ma"] + 6.4) < 0.15
    assert abs(row["odd_ohm"] - 12 * odd) < 4 * row["odd_u_ohm"] + 0.01
    assert abs(row["drift_ohm"] - drift) < 4 * row["drift_u_ohm"] + 0.01


@pytest.mark.parametrize("seen", ["dn", "up"])
@pytest.mark.parametrize("threshold", [3.0, 5.0, 8.0])
def test_sweep_that_starts_switched_has_no_switching_current(seen, threshold):
    """0, +max, -max, 0 of a device that begins where the first sweep should lead."""
    rng = np.random.default_rng(int(threshold))
    loop = made(rng, up=4.6, dn=threshold, maximum=9.5, shape="0 max min 0", start=True)
    sign = 1
    if seen == "up":
        loop = loop.assign(write_current=-loop["write_current"])
        sign = -1
    row = row_of(loop, loops=ahe(1.0))
    hidden = "up" if seen == "dn" else "dn"
    assert np.isnan(row[f"i_{hidden}_ma"]) and row["status"] == "flagged"
    assert row[f"i_{seen}_ma"] == pytest.approx(-sign * threshold, abs=0.15)
    assert row["i_c_ma"] == pytest.approx(threshold, abs=0.15)
    assert "of the swing already done" in row["reason"]
    assert f"{'falling' if seen == 'dn' else 'rising'} branch alone" in row["reason"]


@pytest.mark.parametrize(("width", "done"), [(1.5, False), (0.8, False), (0.15, True)])
@pytest.mark.parametrize("maximum", [7.0, 8.0])
def test_switching_that_goes_on_at_the_largest_current_is_flagged(width, done, maximum):
    rng = np.random.default_rng(int(10 * width))
    row = row_of(
        made(rng, up=0.85 * maximum, dn=0.8 * maximum, maximum=maximum, step=0.1, width=width),
        loops=ahe(1.0),
    )  # fmt: skip
    assert (row["status"] == "ok") == done
    assert ("still switches at the largest current" in row["reason"]) == (not done)


@pytest.mark.parametrize(("full", "above"), [(0.5, True), (0.7, True), (0.8, False), (1.6, False)])
def test_ratio_above_one_is_flagged(full, above):
    row = row_of(made(np.random.default_rng(2)), loops=ahe(full))
    assert ("is above 1" in row["reason"]) == above
    assert (row["status"] == "flagged") == above


@pytest.mark.parametrize("lost", [0.0, 0.1, 0.4])
def test_fading_between_cycles_is_flagged(lost):
    rng = np.random.default_rng(int(10 * lost))
    loop = made(rng, cycles=4, noise=0.005)
    faded = 1 - lost * np.linspace(0, 1, loop.sizes["point"])
    middle = float(loop["resistance"].mean())
    loop["resistance"] = middle + (loop["resistance"] - middle) * faded
    row = row_of(loop, loops=ahe(1.0))
    assert ("from the first cycle to the last" in row["reason"]) == (lost > 0)


def test_cycles_are_averaged_with_their_scatter():
    """Thresholds that scatter by 0.3 mA from cycle to cycle about 6 and 6.4 mA."""
    inside, scatter = [], []
    for seed in range(40):
        rng = np.random.default_rng([5, seed])
        cycles = 4
        one = [
            made(rng, up=up, dn=dn, step=0.2, noise=0.01)
            for up, dn in np.array([6.0, 6.4]) + 0.3 * rng.standard_normal((cycles, 2))
        ]
        joined = [part.isel(point=slice(1 if k else 0, None)) for k, part in enumerate(one)]
        current, resistance = (
            np.concatenate([part[name].to_numpy() for part in joined])
            for name in ("write_current", "resistance")
        )
        row = row_of(dataset(current * 1e3, resistance), loops=ahe(1.0))
        assert row["n_sweeps"] == 2 * cycles
        inside.append(abs(row["i_c_ma"] - 6.2) < 1.96 * row["i_c_u_ma"])
        scatter.append(row["cycle_sigma_ma"])
    assert np.mean(inside) >= 0.9
    assert np.sqrt(np.mean(np.square(scatter))) == pytest.approx(0.3, rel=0.15)
    single = row_of(one[0], loops=ahe(1.0))
    assert np.isnan(single["cycle_sigma_ma"])


@pytest.mark.parametrize("gap", [2.0, 4.0])
@pytest.mark.parametrize("fraction", [0.35, 0.5])
def test_two_steps_are_flagged(gap, fraction):
    rng = np.random.default_rng(9)
    spread = 0.15 * rng.standard_normal(300) + np.where(np.arange(300) < 300 * fraction, 0, gap)
    current = sweep_of(12.0, 0.2, "max min max")
    m = relax(current, 4.0 + spread, 4.4 + spread, np.full(300, 1 / 300), True)
    row = row_of(dataset(current, m + 0.004 * rng.standard_normal(len(m))), loops=ahe(1.0))
    assert row["status"] == "flagged" and "more than one step" in row["reason"]


@pytest.mark.parametrize("back", [0.15, 0.3])
def test_switching_back_at_large_current_is_flagged(back):
    """A part of the film switches beyond 10 mA against the rest, and rests there."""
    rng = np.random.default_rng(4)
    current = sweep_of(12.0, 0.2, "max min max")
    with_the_current = relax(current, np.array([6.0]), np.array([6.4]), ONE, True)
    against_it = 1 - relax(current, np.array([10.1]), np.array([10.1]), ONE, True)
    m = (1 - back) * with_the_current + back * against_it
    row = row_of(dataset(current, m + 0.004 * rng.standard_normal(len(m))), loops=ahe(1.0))
    assert row["status"] == "flagged" and "beyond the level at rest" in row["reason"]


@pytest.mark.parametrize("shift", [0.3, 0.8])
def test_device_that_switches_once_for_all_is_named(shift):
    """The current of the other sign is too small to bring the state back."""
    rng = np.random.default_rng(8)
    loop = made(rng, dn=20.0, shape="0 max min max", start=False, swing=shift)
    row = row_of(loop, loops=ahe(1.0))
    assert row["polarity"] == 0 and np.isnan(row["i_c_ma"])
    assert "the loop does not bring it back" in row["reason"]


@pytest.mark.parametrize("blanks", [1, 2])
@pytest.mark.parametrize("reads", [1, 3])
def test_rows_of_pulses_and_of_reads_give_the_loop_of_the_pulses(blanks, reads):
    rng = np.random.default_rng(12)
    plain = made(rng, noise=0.0)
    current, resistance = plain["write_current"].to_numpy() * 1e3, plain["resistance"].to_numpy()
    block = blanks + reads
    written = np.repeat(current, block)
    read = np.repeat(resistance, block)
    is_read = np.tile(np.arange(block) >= blanks, len(current))
    written[is_read], read[~is_read] = 0.1, np.nan
    rows = dataset(written, read + 0.004 * rng.standard_normal(len(read)))
    row = row_of(rows, loops=ahe(1.0))
    assert row["current_max_ma"] == pytest.approx(12.0)
    assert row["i_up_ma"] == pytest.approx(6.0, abs=0.15)
    assert row["i_dn_ma"] == pytest.approx(-6.4, abs=0.15)


def test_a_reading_lost_in_a_plain_loop_is_no_pulse():
    rng = np.random.default_rng(13)
    loop = made(rng)
    whole = row_of(loop, loops=ahe(1.0))
    loop["resistance"][rng.choice(loop.sizes["point"], 12, replace=False)] = np.nan
    lost = row_of(loop, loops=ahe(1.0))
    assert lost["i_c_ma"] == pytest.approx(whole["i_c_ma"], abs=0.1)
    current = loop["write_current"].to_numpy()
    np.testing.assert_array_equal(write_currents(current, loop["resistance"].to_numpy()), current)


def test_current_that_turns_at_every_point_is_refused_with_the_reason():
    current = np.tile([5.0, 0.1, -5.0, 0.1], 20)
    row = row_of(dataset(current, np.sign(current)), loops=ahe(1.0))
    assert row["status"] == "refused" and "must have no reading" in row["reason"]


def widths_table(rng, widths, scatter, stated):
    width = np.geomspace(1e-8, 1e-3, widths)
    current = 6.0 * (1 - np.log(width / 1e-9) / 40) + scatter * rng.standard_normal(widths)
    return pd.DataFrame(
        {
            "sample": "film", "field_x_oe": 200.0, "pulse_width_s": width, "i_c_ma": current,
            "i_c_u_ma": stated, "status": "ok",
        }
    )  # fmt: skip


@pytest.mark.parametrize("widths", [3, 5, 9])
@pytest.mark.parametrize("ratio", [1.0, 5.0])
def test_scatter_of_the_pulse_width_law_widens_its_errors(widths, ratio):
    """Stated uncertainties, and ones five times too small, hold the truth alike."""
    rng = np.random.default_rng([widths, int(ratio)])
    inside = []
    for _ in range(120):
        law = pulse_width_table(widths_table(rng, widths, 0.02, 0.02 / ratio)).iloc[0]
        inside.append(abs(law["i_c0_ma"] - 6.0) < 1.96 * law["i_c0_u_ma"])
        assert law["dof"] == widths - 2
    assert 0.92 <= np.mean(inside) <= 1.0


def test_pulse_width_law_says_what_puts_it_in_doubt():
    rng = np.random.default_rng(0)
    table = widths_table(rng, 6, 0.1, 0.005)
    law = pulse_width_table(table).iloc[0]
    assert law["status"] == "flagged" and "chi2/dof" in law["reason"] and law["chi2"] > 50
    flagged = pulse_width_table(widths_table(rng, 6, 0.0, 0.01).assign(status="flagged")).iloc[0]
    assert "6 of 6 critical currents are flagged" in flagged["reason"]
    assert pulse_width_table(table.iloc[:2]).empty
    assert pulse_width_table(table.assign(status="refused")).empty
