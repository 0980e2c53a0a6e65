"""The loop inspector shows every loop with its true numbers, and collects decisions."""

import base64
import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from browser import browse, in_browser

from hall2net.measurement import CONDITIONS, POINT_VARIABLES
from hall2net.physics.aging import endurance_table, retention_table
from hall2net.physics.loops import fit_loops
from hall2net.physics.switching import switching_table
from hall2net.report.inspector import inspector_page
from hall2net.report.loop_points import FALLING, LEFT_OUT, RISING, USED, LoopPoints
from hall2net.units import OERSTED

HOSTILE = "</script><script>window.hostile = 1</script>\u2028&amp;\"'"
OFFSET_OHM, SLOPE_OHM_PER_OE, NOISE_OHM, R_AHE_OHM = 512.0, 2e-6, 2e-5, 5e-3
JOULE_OHM_PER_MA2 = 2e-5


def hall_loop(seed, *, h_c=100.0, r_ahe=R_AHE_OHM, noise=NOISE_OHM):
    """One cycle of 2 x 161 points: tanh branches on an offset, a slope and noise."""
    rising = np.linspace(-400, 400, 161)
    field = np.concatenate([rising, rising[::-1]])
    centre = np.repeat([h_c, -h_c], 161)
    resistance = OFFSET_OHM + SLOPE_OHM_PER_OE * field + r_ahe * np.tanh((field - centre) / 15)
    resistance += noise * np.random.default_rng(seed).standard_normal(field.size)
    return {"field": field * OERSTED, "resistance": resistance}


def with_initial_curve(seed, *, spike):
    """The same after a way from zero field to the beginning; one point is far off."""
    loop = hall_loop(seed)
    way = np.linspace(0, -400, 41)
    field = np.concatenate([way * OERSTED, loop["field"]])
    resistance = np.concatenate(
        [OFFSET_OHM + SLOPE_OHM_PER_OE * way - R_AHE_OHM, loop["resistance"]]
    )
    resistance[spike] += R_AHE_OHM
    return {"field": field, "resistance": resistance}


def switching_loop(seed, *, spike=None):
    """0 to max to -max to max, with heating c I^2; one point may be far off."""
    rising = np.linspace(-20, 20, 81)
    current = np.concatenate([rising[40:], rising[::-1], rising])
    centre = np.repeat([9.0, -9.0, 9.0], [41, 81, 81])
    resistance = 0.05 * np.tanh((current - centre) / 0.8) + JOULE_OHM_PER_MA2 * current**2
    resistance += NOISE_OHM * np.random.default_rng(seed).standard_normal(current.size)
    if spike is not None:
        resistance[spike] += 0.03
    return {"write_current": current * 1e-3, "resistance": resistance}


def moment_loop(seed):
    loop = hall_loop(seed)
    return {"field": loop["field"], "moment": 1e-9 * (loop["resistance"] - OFFSET_OHM) / R_AHE_OHM}


def retained(seed, *, first=0.31, per_decade=-5e-4):
    """A state read from 1 s to a day after its write: a + b log10 t."""
    time = np.geomspace(1.0, 86_400.0, 40)
    noise = 2e-4 * np.random.default_rng(seed).standard_normal(time.size)
    return {"time": time, "resistance": first + per_decade * np.log10(time) + noise}


def cycled(seed, *, dies_at=np.inf):
    """Both levels after 1 to 1e6 cycles: the window of 20 mohm shrinks by 1 mohm a decade."""
    cycle = np.repeat(np.unique(np.geomspace(1, 1e6, 40).round()), 2)
    sign = np.tile([1.0, -1.0], cycle.size // 2)
    window = np.where(cycle < dies_at, 0.02 - 1e-3 * np.log10(cycle), 0.0)
    noise = 1e-4 * np.random.default_rng(seed).standard_normal(cycle.size)
    resistance = 0.3 + 0.5 * sign * window + noise
    return {"pulse": cycle, "write_current": 0.014 * sign, "resistance": resistance}


def dataset(sample, measurements):
    """(id, kind, points, conditions) of each measurement as one sample's dataset."""
    count = [len(next(iter(points.values()))) for *_, points, _ in measurements]
    variables = {
        name: np.concatenate(
            [
                points.get(name, np.full(n, np.nan))
                for (*_, points, _), n in zip(measurements, count, strict=True)
            ]
        )
        for name in POINT_VARIABLES
    }
    conditions = {
        name: np.array([each.get(name, np.nan) for *_, each in measurements], dtype=float)
        for name in CONDITIONS
    }
    texts = {
        "id": [identifier for identifier, *_ in measurements],
        "kind": [kind for _, kind, *_ in measurements],
        "orientation": [str(each.get("orientation", "")) for *_, each in measurements],
    }
    return xr.Dataset(
        {name: ("point", values) for name, values in variables.items()}
        | {name: ("measurement", values) for name, values in conditions.items()}
        | {name: ("measurement", np.array(values, dtype=object)) for name, values in texts.items()}
        | {
            "start": ("measurement", np.cumsum(count) - count),
            "count": ("measurement", np.array(count)),
        },
        attrs={"sample": sample},
    )


def made_study(loops=3):
    """Two samples: good and refused Hall loops, switching loops, a magnetometer loop, a train."""
    warm = {"temperature": 300.0, "current": 1.5e-3}
    films = {
        "a": dataset(
            "a",
            [(f"loop_{k}", "ahe_loop", hall_loop(k), warm) for k in range(loops)]
            + [
                ("noise_only", "ahe_loop", hall_loop(7, r_ahe=0.0), warm),
                ("sot", "sot_switching", switching_loop(1, spike=60), warm | {"pulse_width": 1e-3}),
                (
                    "train",
                    "pulse_train",
                    {"write_current": np.ones(5), "resistance": np.ones(5)},
                    {},
                ),
            ],
        ),
        HOSTILE: dataset(
            HOSTILE,
            [
                (HOSTILE, "loop_shift", hall_loop(8), warm | {"field_x": -250 * OERSTED}),
                ("kept", "retention", retained(10), {"temperature": 300.0}),
                ("cycled", "endurance", cycled(11, dies_at=3e5), {"temperature": 300.0}),
                ("vsm", "vsm_loop", moment_loop(9), {"orientation": "ip"}),
            ],
        ),
    }
    hall = fit_loops(list(films.values()))
    facts = {"width_um": 5.0, "stack_nm": 10.0, "heavy_metal_nm": 5.0}
    tables = {
        "loops": hall,
        "switching": switching_table(list(films.values()), hall, dict.fromkeys(films, facts)),
        "retention": retention_table(list(films.values())),
        "endurance": endurance_table(list(films.values())),
    }
    return films, tables


def page_of(films, tables, **more):
    samples = {"a": {"label": "film <b>A</b>"}}
    return inspector_page("own", "emulated <i>raw</i> data", films, tables, samples, **more)


class Scripts(HTMLParser):
    """What stands in the script elements of a page, as a browser finds it."""

    def __init__(self, page):
        super().__init__()
        self.found, self.inside = [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "script":
            self.inside = True
            self.found.append("")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "script"

    def handle_data(self, data):
        if self.inside:
            self.found[-1] += data


def content(page):
    """The page's data, and the points of every loop by id, read as its script reads them."""
    data, encoded, *_ = Scripts(page).found
    data = json.loads(data)
    points = {}
    for loop in data["loops"]:
        raw = base64.b64decode(encoded[loop["start"] : loop["end"]])
        n = len(raw) // 17
        x, y, background, model = np.frombuffer(raw[: 16 * n], "<f4").reshape(4, n).astype(float)
        flags = np.frombuffer(raw[16 * n :], "u1").astype(int)
        origin = loop["origin"]
        points[loop["id"]] = LoopPoints(x, y + origin, background + origin, model + origin, flags)
    return data, points


@pytest.fixture(scope="module")
def made():
    return made_study()


def test_every_loop_is_on_the_page_and_nothing_else(made):
    data, _ = content(page_of(*made))
    names = {"loop_0", "loop_1", "loop_2", "noise_only", "sot", HOSTILE, "kept", "cycled", "vsm"}
    assert {loop["id"] for loop in data["loops"]} == names
    by_id = {loop["id"]: loop for loop in data["loops"]}
    table = made[1]["loops"].set_index("id")
    for name in ("loop_0", "noise_only", HOSTILE):
        assert by_id[name]["status"] == table.at[name, "status"]
        assert by_id[name]["reason"] == table.at[name, "reason"]
    assert by_id["noise_only"]["status"] == "refused" and by_id["noise_only"]["reason"]
    assert by_id["vsm"]["status"] == "not fitted"
    assert by_id[HOSTILE]["conditions"] == "T 300 K, H_x \N{MINUS SIGN}250 Oe, I 1.5 mA"
    assert "pulse 1 ms" in by_id["sot"]["conditions"]
    assert by_id["vsm"]["conditions"] == "field in plane"


def test_points_come_back_as_they_were_measured(made):
    """A float32 of what exceeds the first point: 1e-7 of the loop's height, not of its offset."""
    _, points = content(page_of(*made))
    truth = hall_loop(0)
    found = points["loop_0"]
    np.testing.assert_allclose(found.x, truth["field"], rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(found.y, truth["resistance"], rtol=0, atol=1e-7 * 2 * R_AHE_OHM)
    np.testing.assert_allclose(points["vsm"].y, moment_loop(9)["moment"], rtol=0, atol=1e-15)
    np.testing.assert_allclose(points["sot"].x, switching_loop(1)["write_current"], atol=1e-8)


def test_background_and_residual_of_a_hall_loop_are_those_of_its_making(made):
    _, points = content(page_of(*made))
    field = hall_loop(0)["field"] / OERSTED
    for name in ("loop_0", "loop_1", HOSTILE):
        found = points[name]
        truth = OFFSET_OHM + SLOPE_OHM_PER_OE * field
        assert np.abs(found.background - truth).max() < 8 * NOISE_OHM
        used = (found.flags & USED) > 0
        # Beyond the edges of the loop everything is saturated.
        assert used[np.abs(field) > 300].all()
        assert np.array_equal(used, np.isfinite(found.model))
        residual = found.y[used] - found.model[used]
        assert 0.7 * NOISE_OHM < residual.std() < 1.3 * NOISE_OHM
        rising = np.arange(field.size) < 161
        inner = np.abs(np.abs(field) - 400) > 1
        assert np.all((found.flags[inner] & RISING > 0) == rising[inner])
        assert np.all((found.flags[inner] & FALLING > 0) == ~rising[inner])


def test_initial_curve_and_spike_are_in_no_branch_and_have_no_level(made):
    films = {"a": dataset("a", [("early", "ahe_loop", with_initial_curve(3, spike=80), {})])}
    tables = {"loops": fit_loops(list(films.values()))}
    assert tables["loops"].at[0, "status"] != "refused"
    found = content(page_of(films, tables))[1]["early"]
    assert np.flatnonzero(found.flags & LEFT_OUT).tolist() == [80]
    initial = np.arange(len(found.x)) < 40
    assert not found.flags[initial].any()
    assert np.isnan(found.model[initial | (np.arange(len(found.x)) == 80)]).all()
    assert np.isfinite(found.background).all()


def test_heating_is_taken_off_a_switching_loop_and_a_spike_is_left_out(made):
    _, points = content(page_of(*made))
    found = points["sot"]
    current = found.x * 1e3
    assert np.flatnonzero(found.flags & LEFT_OUT).tolist() == [60]
    assert np.isnan(found.background[60])
    kept = np.isfinite(found.background)
    heating = JOULE_OHM_PER_MA2 * current**2
    assert np.abs(found.background - heating)[kept].max() < 10 * NOISE_OHM
    rest = (found.flags & USED) > 0
    # At rest the branch that comes from -max lies at -0.05 ohm, the other at +0.05 ohm.
    level = np.where(found.flags[rest] & RISING, -0.05, 0.05)
    assert np.abs((found.model - found.background)[rest] - level).max() < 3e-4
    assert 0.7 * NOISE_OHM < (found.y - found.model)[rest].std() < 1.5 * NOISE_OHM


def test_a_state_against_time_is_on_its_line_and_starts_from_the_first_read(made):
    _, points = content(page_of(*made))
    found, truth = points["kept"], retained(10)
    np.testing.assert_allclose(found.x, truth["time"], rtol=1e-6)
    line = 0.31 - 5e-4 * np.log10(truth["time"])
    assert np.abs(found.model - line).max() < 3e-4
    assert np.ptp(found.background) == 0 and abs(found.background[0] - 0.31) < 3e-4
    assert (found.flags == USED).all()


def test_levels_against_cycles_are_on_their_lines_until_the_window_is_lost(made):
    data, points = content(page_of(*made))
    found = points["cycled"]
    high, low = found.part(found.flags & RISING > 0), found.part(found.flags & FALLING > 0)
    alive = high.x < 3e5
    for level, sign in ((high, 1), (low, -1)):
        line = 0.3 + sign * (0.01 - 5e-4 * np.log10(high.x[alive]))
        assert np.abs(level.model[alive] - line).max() < 2e-4
        assert np.abs(level.background[alive] - 0.3).max() < 2e-4
        assert np.isnan(level.model[~alive]).all() and not (level.flags[~alive] & USED).any()
    (mark,) = next(loop["marks"] for loop in data["loops"] if loop["id"] == "cycled")
    assert mark[0] == 0 and mark[1] == high.x[~alive].min()
    unread = {"pulse": [0.0, 0, 1], "write_current": [1e-3] * 3, "resistance": [1.0, 2, 3]}
    films = {"a": dataset("a", [("one_sign", "endurance", unread, {})])}
    found = content(page_of(films, {"endurance": endurance_table(list(films.values()))}))[1]
    assert found["one_sign"].x.tolist() == [1.0]


def test_what_has_no_fit_has_no_background(made):
    _, points = content(page_of(*made))
    for name in ("noise_only", "vsm"):
        assert np.isnan(points[name].background).all() and np.isnan(points[name].model).all()
        assert not (points[name].flags & USED).any()
    _, without = content(page_of(made[0], {}))
    assert np.isnan(without["loop_0"].background).all()


def test_values_have_their_uncertainty_and_interval(made):
    films, tables = made
    loops = tables["loops"].assign(new_thing_oe=12.5, new_thing_u_oe=0.25, new_thing_sys_oe=0.5)
    data, _ = content(page_of(films, tables | {"loops": loops}))
    names = [words for words, _ in data["columns"]["loops"]]
    units = dict(data["columns"]["loops"])
    by_id = {loop["id"]: dict(zip(names, loop["values"], strict=True))
             for loop in data["loops"] if loop["kind"] == "ahe_loop"}  # fmt: skip
    assert (
        by_id["loop_0"]["new thing"] == ["12.5(2)", "systematic ±0.5"]
        and units["new thing"] == "Oe"
    )
    row = loops.set_index("id").loc["loop_0"]
    value, interval = by_id["loop_0"]["coercive field H_c"]
    assert float(value.partition("(")[0]) == pytest.approx(row["h_c_oe"], abs=row["h_c_u_oe"])
    low, high = map(float, interval.partition("95 %: ")[2].split(" to "))
    assert low == pytest.approx(row["h_c_lo95_oe"], abs=0.1 * row["h_c_u_oe"] + 0.01)
    assert high == pytest.approx(row["h_c_hi95_oe"], abs=0.1 * row["h_c_u_oe"] + 0.01)
    # A swing of 5 mohm is shown in mohm, an offset of 512 ohm in ohm.
    for words, unit, truth, within in (
        ("R_AHE, half swing", "mΩ", 1e3 * R_AHE_OHM, 0.1), ("offset", "Ω", OFFSET_OHM, 1e-3),
    ):  # fmt: skip
        shown = float(by_id["loop_0"][words][0].partition("(")[0])
        assert units[words] == unit and shown == pytest.approx(truth, abs=within)
    assert by_id["noise_only"]["coercive field H_c"] == ["–", ""]
    assert not any(name.endswith((" u", " sys", "lo95", "hi95")) for name in names)


def test_marks_are_the_fitted_positions_with_their_intervals(made):
    films, tables = made
    by_id = {loop["id"]: loop for loop in content(page_of(films, tables))[0]["loops"]}
    up, down = by_id["loop_0"]["marks"]
    for (branch, value, low, high), side, truth in ((up, RISING, 100), (down, FALLING, -100)):
        assert branch == side and low < value < high and low - 1 < truth < high + 1
    up, down = by_id["sot"]["marks"]
    assert abs(up[1] - 9) < 0.2 and abs(down[1] + 9) < 0.2
    assert up[2] < up[1] < up[3]
    assert by_id["noise_only"]["marks"] == []


def test_thinned_points_keep_every_extreme():
    rng = np.random.default_rng(0)
    y = rng.standard_normal(10_000)
    y[1234], y[8765] = 50.0, -50.0
    nothing = np.full(y.size, np.nan)
    whole = LoopPoints(np.arange(10_000.0), y, nothing, nothing, np.zeros(y.size, int))
    for most in (2, 100, 333, 9_999):
        few = whole.thinned(most)
        assert len(few.x) <= most
        assert {1234.0, 8765.0} <= set(few.x) and np.all(np.diff(few.x) > 0)
        assert np.array_equal(few.y, y[few.x.astype(int)])
    assert whole.thinned(10_000) is whole


def test_hostile_names_and_words_stay_words(made):
    page = page_of(*made)
    data, *rest = Scripts(page).found
    assert len(rest) == 3 and "window.hostile" not in "".join(rest)
    assert json.loads(data)["loops"][-4]["id"] == HOSTILE
    assert "emulated &lt;i&gt;raw&lt;/i&gt; data" in page and "<i>raw" not in page


def test_the_same_inputs_give_the_same_bytes_and_no_address(made):
    page = page_of(*made)
    assert page == page_of(*made_study())
    assert 'src="http' not in page and 'href="http' not in page
    assert "MIT License" in page and "Leon Sorokin" in page


@in_browser
def test_a_reader_goes_through_all_loops_filters_and_decides(tmp_path):
    films, tables = made_study(40)
    reason = "wire, fell off"
    old = {"id": "loop_7", "decision": "leave_out", "value": None, "reason": reason, "who": "A, B"}
    earlier = pd.DataFrame([old])
    page = tmp_path / "inspector.html"
    page.write_text(page_of(films, tables, decisions=earlier), encoding="utf-8")
    found = browse(page, tmp_path, Path(__file__).parent / "inspector_check.js")
    ids = [str(name) for film in films.values() for name in film["id"].values if name != "train"]
    assert found["visited"] == ids and found["back"] == ids[0] and found["last"] == ids[-1]
    assert found["rows"] < 40
    refused = {"noise_only", "vsm"}
    assert found["fitted"] == [name for name in ids if name not in refused]
    assert min(found["ink"]) > 500
    assert found["hostile"] is None
    assert found["searched"] == ["noise_only"] and found["focus"] == "search"
    assert found["escaped"] == ["list", len(ids)]
    assert found["sample"] == [HOSTILE, "kept", "cycled", "vsm"] and found["kind"] == ["sot"]
    assert found["criteria"] == ["half", "onset", "90", "fixed", "saturation"]
    for words in ("time since the write 1 s", "change since the first read", "residual"):
        assert words in found["retained"], words
    assert "window below half" in found["legend"] and "high" in found["legend"]
    assert found["ticks"] == ["1", "10", "100", "1000", "10000", "100000", "1000000"]
    assert set(found["without_ok"]) >= refused and "loop_0" not in found["without_ok"]
    for words in ("falling", "field H", "Oe", "mT", "Hall resistance", "less background"):
        assert words in found["hovered"], words
    shown = float(found["hovered"].split("Hall resistance ")[1].split()[0])
    assert abs(shown - 1e3 * (OFFSET_OHM + R_AHE_OHM)) < 2
    assert found["zoomed"] == [True, True, True]
    assert found["refusals"] == ["Please write a reason.", "Value: a number above 0, up to 1."]
    rows = list(csv.DictReader(io.StringIO(found["saved"])))
    assert found["saved"] == found["lines"]
    assert rows == [
        old | {"value": ""},
        {
            "id": "loop_3",
            "decision": "window",
            "value": "0.3",
            "reason": 'round, "second" loop',
            "who": "",
        },
        {
            "id": "sot",
            "decision": "criterion",
            "value": "onset",
            "reason": "two steps",
            "who": "",
        },
    ]
