"""Retention and endurance held against lines of known slope."""

import numpy as np
import pandas as pd
import pytest
from made_tables import dataset

from hall2net.errors import Hall2netError
from hall2net.physics.aging import TEN_YEARS_S, endurance_table, log_line, retention_table


def correlated(rng, n, rho):
    """Noise of 1 sigma in which each value follows the one before."""
    noise = rng.standard_normal(n)
    for k in range(1, n):
        noise[k] = rho * noise[k - 1] + np.sqrt(1 - rho**2) * noise[k]
    return noise


@pytest.mark.parametrize("rho", [0.0, 0.5])
@pytest.mark.parametrize("points", [12, 60])
def test_intervals_hold_slope_and_extrapolation(points, rho):
    rng = np.random.default_rng(points)
    x = np.geomspace(0.5, 2e4, points)
    inside, bent = [], 0
    for _ in range(200):
        slope = rng.uniform(-1, 1)
        y = 5 + slope * np.log10(x) + 0.3 * correlated(rng, points, rho)
        fit, chance = log_line(x, y)
        far = np.array([1.0, np.log10(TEN_YEARS_S)])
        off = far @ fit.value - 5 - slope * far[1]
        sigma = [fit.sigma[1], np.sqrt(far @ fit.covariance @ far)]
        inside.append(np.abs([fit.value[1] - slope, off]) < 1.96 * np.array(sigma))
        bent += chance < 0.01
    held = np.mean(inside, axis=0)
    # Few points that follow each other hide how much they do.
    assert (held > (0.88 if rho and points < 20 else 0.92)).all(), held
    assert rho or bent < 10


def test_a_bend_is_seen_over_a_range_of_noise():
    x = np.geomspace(1, 1e5, 40)
    rng = np.random.default_rng(0)
    for noise in (1e-3, 1e-2):
        y = np.exp(-x / 1e4) + noise * rng.standard_normal(40)
        assert log_line(x, y)[1] < 0.01


@pytest.mark.parametrize(
    ("x", "message"),
    [(np.geomspace(1, 100, 5), "5 usable points"), (np.linspace(1e9, 1e9 + 100, 50), "decade")],
)
def test_records_that_tell_nothing_are_refused(x, message):
    with pytest.raises(Hall2netError, match=message):
        log_line(x, np.zeros(len(x)))


def retention(states, slopes, *, first=1.0, last=1e4, noise=1e-3, **conditions):
    rng = np.random.default_rng(0)
    time = np.geomspace(first, last, 50)
    return dataset(
        "bar",
        [
            {"id": f"state{k}", "kind": "retention", "time": np.append(-1.0, time),
             "resistance": np.append(9.9, state + slope * np.log10(time)
                                     + noise * rng.standard_normal(50)),
             "temperature": 300.0, **conditions}
            for k, (state, slope) in enumerate(zip(states, slopes, strict=True), start=1)
        ],
    )  # fmt: skip


def test_retention_of_two_states_and_of_their_window():
    table = retention_table([retention([0.2, 0.5], [0.002, -0.004])]).set_index("id")
    assert (table["status"] == "ok").all() and (table["n_points"] == 50).all()
    for name, start, slope in (("state1", 0.2, 0.002), ("state2", 0.5, -0.004)):
        row = table.loc[name]
        assert abs(row["drift_per_decade_ohm"] - slope) < 3 * row["drift_per_decade_u_ohm"]
        later = start + slope * np.log10(TEN_YEARS_S)
        assert abs(row["resistance_10y_ohm"] - later) < 3 * row["resistance_10y_u_ohm"]
        assert row["extrapolated_decades"] == pytest.approx(np.log10(TEN_YEARS_S / 1e4))
    left = 1 - 0.006 * np.log10(TEN_YEARS_S) / 0.3
    row = table.iloc[0]
    assert abs(row["window_10y"] - left) < 3 * row["window_10y_u"]
    assert 0 < row["window_10y_u"] < 0.05


def test_one_state_has_no_window_and_a_short_record_is_refused():
    alone = retention_table([retention([0.2], [0.0])])
    assert alone["window_10y"].isna().all()
    short = retention_table([retention([0.2], [0.0], first=1e8, last=2e8)]).iloc[0]
    assert short["status"] == "refused" and "counted from the write" in short["reason"]
    assert pd.isna(short["resistance_10y_ohm"])


def endurance(window, *, cycles=1e6, polarity=1, noise=1e-3, lost=np.inf):
    """Levels after -11 and 11 mA at cycles spaced evenly in the logarithm, two reads of each."""
    rng = np.random.default_rng(1)
    cycle = np.unique(np.geomspace(1, cycles, 60).round())
    size = window * (1 - 0.02 * np.log10(cycle)) * (cycle < lost)
    middle = 0.4
    r = np.stack([middle - polarity * size / 2, middle + polarity * size / 2], axis=1)
    r = np.repeat(r.ravel(), 2) + noise * rng.standard_normal(4 * cycle.size)
    current = np.tile(np.repeat([-11e-3, 11e-3], 2), cycle.size)
    return dataset(
        "bar",
        [{"id": "cycled", "kind": "endurance", "pulse": np.repeat(cycle, 4),
          "write_current": current, "resistance": r, "temperature": 300.0}],
    )  # fmt: skip


@pytest.mark.parametrize("polarity", [1, -1])
@pytest.mark.parametrize("window", [0.05, 0.3])
def test_window_against_cycles(window, polarity):
    row = endurance_table([endurance(window, polarity=polarity)]).iloc[0]
    assert row["status"] == "ok" and np.isnan(row["half_window_cycle"])
    assert (row["first_cycle"], row["last_cycle"]) == (1, 1e6)
    for name, truth in (
        ("window_first", window), ("window_last", 0.88 * window),
        ("window_per_decade", -0.02 * window), ("high_per_decade", -0.01 * window),
        ("low_per_decade", 0.01 * window),
    ):  # fmt: skip
        assert abs(row[f"{name}_ohm"] - truth) < 3 * row[f"{name}_u_ohm"], name


@pytest.mark.parametrize("lost", [1e3, 1e5])
def test_a_device_that_stops_switching_is_flagged(lost):
    row = endurance_table([endurance(0.3, lost=lost)]).iloc[0]
    assert row["status"] == "flagged" and "fell below half" in row["reason"]
    assert lost <= row["half_window_cycle"] < 2 * lost
    # The slope is that of the cycles before.
    assert abs(row["window_per_decade_ohm"] + 0.006) < 3 * row["window_per_decade_u_ohm"]
    assert row["window_last_ohm"] > 0.25


def aged():
    """What the figures of ageing take: two states kept, one device cycled."""
    kept, cycled = retention([0.2, 0.5], [0.002, -0.004]), endurance(0.3, lost=1e5)
    cycled = cycled.assign_attrs(sample="cycled")
    states = retention_table([kept])
    states.loc[1, ["status", "reason"]] = ["flagged", "not straight in log t"]
    return {
        "datasets": {"bar": kept, "cycled": cycled},
        "retention": states,
        "endurance": endurance_table([cycled]),
        "samples": {"bar": {"label": "bar"}, "cycled": {"label": "cycled"}},
    }


def test_pulses_may_have_rows_of_their_own():
    """A row for each pulse without a reading, and reads at a small current after it."""
    data = endurance(0.3)
    read = {name: data[name].to_numpy()[::2] for name in ("pulse", "write_current", "resistance")}
    rows = {
        "pulse": np.repeat(read["pulse"], 2),
        "write_current": np.stack([read["write_current"], np.full(read["pulse"].size, 1e-4)], 1),
        "resistance": np.stack([np.full(read["pulse"].size, np.nan), read["resistance"]], 1),
    }
    one = {"id": "cycled", "kind": "endurance", "temperature": 300.0}
    split = dataset("bar", [one | {name: values.ravel() for name, values in rows.items()}])
    row, plain = (endurance_table([each]).iloc[0] for each in (split, data))
    assert row["window_first_ohm"] == pytest.approx(plain["window_first_ohm"], abs=2e-3)


def test_reads_after_one_sign_alone_are_refused():
    data = endurance(0.3)
    row = endurance_table([data.assign(write_current=abs(data["write_current"]))]).iloc[0]
    assert row["status"] == "refused" and "either sign" in row["reason"]
