"""`decisions.csv`: what a person decided on single measurements."""

from pathlib import Path

import pandas as pd
import pytest

from hall2net.errors import ConfigError
from hall2net.study.decisions import left_out, overrides, read_decisions
from hall2net.study.references import StudySheets
from hall2net.tables import with_left_out

SCHEMA = Path(__file__).parents[2] / "workflow/schemas/config.schema.yaml"
SHEET = pd.DataFrame(
    {
        "id": ["loop_1", "loop_2", "sot", "vsm"],
        "kind": ["ahe_loop", "loop_shift", "sot_switching", "vsm_loop"],
        "sample": "a",
    }
)


def written(tmp_path, text):
    (tmp_path / "decisions.csv").write_text(text, encoding="utf-8")
    return read_decisions(tmp_path / "decisions.csv", SHEET, SCHEMA)


def test_without_the_sheet_nothing_is_decided(tmp_path):
    assert read_decisions(tmp_path / "decisions.csv", SHEET, SCHEMA) == []


def test_settings_and_measurements_left_out(tmp_path):
    made = written(
        tmp_path,
        "id;decision;value;reason;who\n"
        "loop_1;window;0,2;contact jumps above 3 kOe;AB\n"
        "loop_1;criterion;erf;two domains;AB\n"
        "loop_2;slope;none;corrected by the instrument;AB\n"
        "sot;criterion;90;the noise hides the half;AB\n"
        "sot;leave_out;;the bar broke;AB\n"
        "vsm;leave_out;;wrong piece;AB\n",
    )
    assert overrides(made, SHEET, "loops") == {
        "loop_1": {"window": 0.2, "criterion": "erf"}, "loop_2": {"slope": "none"},
    }  # fmt: skip
    assert overrides(made, SHEET, "switching") == {"sot": {"criterion": "90"}}
    assert left_out(made) == {"sot": "the bar broke", "vsm": "wrong piece"}
    sheets = StudySheets(Path("raw/own"), SHEET, {}, decisions=made)
    assert sheets.used["id"].tolist() == ["loop_1", "loop_2", "sot"]


def test_only_a_heading_is_no_decision(tmp_path):
    assert written(tmp_path, "id,decision,value,reason\n") == []


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("loop_3,window,0.2,x", "no measurement 'loop_3'; did you mean 'loop_"),
        ("loop_1,windw,0.2,x", "decision 'windw' on a measurement of kind ahe_loop; did you mean"),
        ("sot,window,0.2,x", "of kind sot_switching; expected one of leave_out, criterion"),
        ("sot,criterion,erf,x", "line 2: criterion 'erf' is not one of"),
        ("loop_1,window,wide,x", "line 2: window 'wide' is not of type 'number'"),
        ("loop_1,window,7,x", "line 2: window 7 is greater than"),
        ("loop_1,criterion,halv,x", "line 2: criterion 'halv' is not one of"),
        ("loop_1,window,,x", "line 2: window None is not of type 'number'"),
        ("loop_1,leave_out,,", "line 2: reason is empty; expected words on why"),
        ("loop_1,leave_out,,x\nloop_1,leave_out,,y", "line 3: leave_out of loop_1 is that"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_line(tmp_path, row, found):
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, f"id,decision,value,reason\n{row}\n")
    assert found in str(caught.value)


def test_a_row_left_out_is_refused_with_the_reason_and_keeps_its_numbers():
    table = pd.DataFrame({"id": ["a", "b"], "h_c_oe": [1.0, 2.0], "status": "ok", "reason": ""})
    made = with_left_out(table, {"b": "the bar broke"})
    assert made["status"].tolist() == ["ok", "refused"]
    assert made["reason"].tolist() == ["", "left out: the bar broke"]
    assert made["h_c_oe"].tolist() == [1.0, 2.0]
    assert table["status"].tolist() == ["ok", "ok"]
