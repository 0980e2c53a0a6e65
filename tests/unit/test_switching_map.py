"""The map of switching against the in-plane field, and the figures of critical currents."""

import numpy as np
import pandas as pd
import pytest
from emulated import switching_loop_dataset
from test_switching import AHE, SAMPLES, dataset

from hall2net.errors import Hall2netError
from hall2net.figures import critical_currents
from hall2net.physics.pulse_widths import critical_current, pulse_width_table
from hall2net.physics.switching import switching_table
from hall2net.physics.switching_map import switching_map

NAMED = {"film": SAMPLES["film"] | {"label": "film"}}


def row(field_x=200.0, polarity=1, j_c=1e11, ratio=0.9, status="ok", **columns):
    switched = polarity != 0 and status != "refused"
    return {
        "id": f"loop{field_x}", "sample": "film", "temperature_k": 300.0, "pulse_width_s": 1e-3,
        "prefield_x_oe": np.nan, "initial_field_z_oe": np.nan, "field_x_oe": field_x,
        "current_max_ma": 12.0, "polarity": polarity, "switching_ratio": ratio,
        "switching_ratio_u": 0.01, "j_c_a_m2": j_c if switched else np.nan, "j_c_u_a_m2": 1e9,
        "j_c_sys_a_m2": 7e9 if switched else np.nan, "j_c_half_a_m2": j_c if switched else np.nan,
        "j_c_half_u_a_m2": 1e9, "j_c_criteria_lo_a_m2": 0.8 * j_c if switched else np.nan,
        "j_c_criteria_hi_a_m2": 1.4 * j_c if switched else np.nan, "systematics": "assumed",
        "criterion": "half", "current_layer": "stack", "status": status,
        "reason": "" if status == "ok" else "a reason",
    } | columns  # fmt: skip


def test_each_field_says_what_its_loops_say():
    table = switching_map(
        pd.DataFrame(
            [
                row(-200.0, -1),
                row(0.0, 0, ratio=0.004, status="flagged"),
                row(100.0, status="refused"),
                row(200.0, 1, j_c=2e11),
                row(200.0, 1, j_c=9e11, current_max_ma=9.0),
            ]
        )
    ).set_index("field_x_oe")
    assert table["outcome"].to_dict() == {
        -200.0: "switched", 0.0: "not switched", 100.0: "refused", 200.0: "switched"
    }  # fmt: skip
    assert (
        table["polarity"].iloc[[0, 1, 3]].tolist() == [-1, 0, 1] and table["polarity"].isna()[100]
    )
    # Where nothing switched there is no current, and a measured ratio.
    assert table.loc[[0.0, 100.0], "j_c_a_m2"].isna().all()
    assert table.at[0.0, "switching_ratio"] == 0.004 and np.isnan(
        table.at[100.0, "switching_ratio"]
    )
    # The loop to the larger current counts, with its criteria and its systematic part.
    assert table.at[200.0, "j_c_a_m2"] == 2e11 and table.at[200.0, "n_loops"] == 1
    assert table.at[200.0, "j_c_sys_a_m2"] == 7e9
    assert table.at[200.0, "j_c_criteria_hi_a_m2"] == pytest.approx(2.8e11)


def test_repeats_are_averaged_and_their_scatter_kept():
    rng = np.random.default_rng(5)
    rows = [
        row(j_c=1e11 + 4e9 * rng.standard_normal(), sample=f"film{k}")
        for k in range(60)
        for _ in range(5)
    ]
    found = switching_map(pd.DataFrame(rows))
    assert (found["n_loops"] == 5).all() and (found["j_c_sys_a_m2"] == 7e9).all()
    # Stated uncertainties are four times too small.
    inside = (found["j_c_a_m2"] - 1e11).abs() < 1.96 * found["j_c_u_a_m2"]
    assert 0.9 <= inside.mean() <= 1.0
    turned = switching_map(pd.DataFrame([row(polarity=1), row(polarity=-1)])).iloc[0]
    assert np.isnan(turned["polarity"]) and turned["outcome"] == "switched"
    assert turned["status"] == "flagged" and "polarities -1, +1" in turned["reason"]


def test_systematic_parts_are_those_of_the_block():
    block = {
        "width_um": {"sigma": "3 %"},
        "stack_nm": {"sigma": "4 %"},
        "current": {"sigma": "0 %"},
    }
    data = [dataset(switching_loop_dataset(width_ma=1.5))]
    found = switching_table(data, AHE, SAMPLES, systematics=block).iloc[0]
    assert found["systematics"] == "given" and found["i_c_sys_ma"] == 0
    for name in ("", "half_", "90_"):
        value, sys = (found[f"j_c_{name}{part}a_m2"] for part in ("", "sys_"))
        assert sys / value == pytest.approx(0.05, rel=0.01)
    layer = switching_table(data, AHE, SAMPLES, current_layer="heavy_metal").iloc[0]
    assert layer["systematics"] == "assumed"
    # 5 % of the width and of the heavy metal, 1 % of the current.
    assert layer["j_c_sys_a_m2"] / layer["j_c_a_m2"] == pytest.approx(51**0.5 / 100, rel=0.01)
    assert found["j_c_criteria_lo_a_m2"] == found["j_c_onset_a_m2"]
    assert found["j_c_criteria_hi_a_m2"] == found["j_c_saturation_a_m2"]


def test_map_marks_what_has_no_current():
    rows = [row(x, p) for x, p in ((-200.0, -1), (200.0, 1))]
    rows += [row(0.0, 0, status="flagged"), row(50.0, status="refused")]
    drawn = critical_currents.polarity_map(
        switching_map=switching_map(pd.DataFrame(rows)), samples=NAMED
    )
    labels = drawn.axes[0].get_legend_handles_labels()[1]
    signs = ["polarity +1", "polarity \N{MINUS SIGN}1"]
    assert labels == [*signs, "not switched", "refused"]
    line = drawn.axes[1].containers[0].lines[0]
    # Gaps, not zeros: no line goes through a field at which nothing switched.
    assert np.isnan(line.get_ydata()).sum() == 2 and np.nanmin(line.get_ydata()) > 0.5
    words = drawn.get_supxlabel()
    assert "systematic error of the densities: 7 %" in words and "assumed" in words


def test_series_with_most_fields_is_drawn():
    short = [row(x, pulse_width_s=1e-6, j_c=5e11) for x in (-100.0, 100.0)]
    long = [row(x, j_c=1e11) for x in (-100.0, 100.0)]
    more = [row(x, pulse_width_s=1e-5, j_c=3e11) for x in (-100.0, 50.0, 100.0)]
    after = [row(x, prefield_x_oe=900.0, j_c=9e11) for x in np.arange(-200.0, 200, 50)]
    for rows, expected in ((short + long + after, 1.0), (short + long + more, 3.0)):
        drawn = critical_currents.polarity_map(
            switching_map=switching_map(pd.DataFrame(rows)), samples=NAMED
        )
        assert np.nanmax(drawn.axes[1].containers[0].lines[0].get_ydata()) == pytest.approx(
            expected
        )
    with pytest.raises(Hall2netError, match="without a pre-applied field"):
        critical_currents.polarity_map(
            switching_map=switching_map(pd.DataFrame(after)), samples=NAMED
        )


def widths(seed, sigma=0.02, delta=40.0, number=6):
    rng, width = np.random.default_rng(seed), np.geomspace(1e-8, 1e-3, number)
    current = 6.0 * (1 - np.log(width / 1e-9) / delta) + sigma * rng.standard_normal(number)
    return pd.DataFrame(
        {
            "sample": "film", "field_x_oe": 200.0, "pulse_width_s": width, "i_c_ma": current,
            "i_c_u_ma": sigma, "status": "ok", "reason": "",
        }
    )  # fmt: skip


def test_line_of_the_pulse_width_law_holds_the_truth_at_any_width():
    """Inside the widths and two decades beyond: with the correlation of I_c0 and Delta."""
    at = np.geomspace(1e-9, 1e-1, 9)
    true, inside = 6.0 * (1 - np.log(at / 1e-9) / 40), []
    table = pd.concat([widths(seed).assign(sample=f"film{seed}") for seed in range(120)])
    for _, law in pulse_width_table(table).iterrows():
        current, u = critical_current(law, at)
        inside.append(np.abs(current - true) < 1.96 * u)
    assert 0.9 <= np.mean(inside, axis=0).min()


def test_pulse_width_figure_draws_the_law_or_says_that_there_is_none():
    table = pd.concat([widths(1), widths(2).assign(field_x_oe=400.0, i_c_ma=5.0)])
    laws = pulse_width_table(table)
    drawn = critical_currents.pulse_width_law(switching=table, pulse_widths=laws, samples=NAMED)
    labels = drawn.axes[0].get_legend_handles_labels()[1]
    assert "Δ = " in labels[0] and "chi^2" in labels[0]
    assert labels[1].endswith("no law") and len(drawn.axes[0].collections) == 3
    assert [text.get_text() for text in drawn.axes[1].texts][0].startswith("no resistance")
    none = pulse_width_table(table.iloc[:2])
    with pytest.raises(Hall2netError, match="three pulse widths"):
        critical_currents.pulse_width_law(switching=table, pulse_widths=none, samples=NAMED)
