"""What all tables share."""

import pandas as pd
import pytest

from hall2net.tables import hall_loops, outcome, uncertainty_column, usable


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("h_c_oe", "h_c_u_oe"),
        ("j_c_a_m2", "j_c_u_a_m2"),
        ("switching_ratio", "switching_ratio_u"),
        ("slope_ohm_per_oe", "slope_u_ohm_per_oe"),
    ],
)
def test_the_uncertainty_stands_before_the_unit(column, expected):
    assert uncertainty_column(column) == expected


def table(*rows):
    return pd.DataFrame(rows, columns=["status", "reason"])


def test_refused_rows_are_not_usable():
    mixed = table(("ok", ""), ("refused", "open"), ("flagged", "noisy"))
    assert list(usable(mixed)["status"]) == ["ok", "flagged"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("ok", None)] * 3, "3 loops: 3 ok"),
        ([], "0 loops"),
        (
            [("ok", "")] * 35 + [("flagged", "noisy")] * 2 + [("refused", "one-sided sweep")],
            "38 loops: 35 ok, 2 flagged, 1 refused: noisy (2 times); one-sided sweep",
        ),
        (
            [("refused", letter) for letter in "abcde"],
            "5 loops: 5 refused: a; b; c; and 2 more reasons",
        ),
    ],
)
def test_one_line_says_what_became_of_the_rows(rows, expected):
    assert outcome(table(*rows), "loops") == expected


def test_a_series_of_shifted_loops_serves_as_a_hall_loop_where_none_was_measured():
    loops = pd.DataFrame(
        [
            ("a", "ahe_loop", 0.0, 0.5),
            ("a", "loop_shift", 0.0, 0.1),
            ("b", "loop_shift", 800.0, 0.1),
            ("b", "loop_shift", -50.0, -2.0),
            ("b", "loop_shift", 50.0, 1.0),
            ("b", "loop_shift", 50.0, -1.0),
        ],
        columns=["sample", "kind", "field_x_oe", "current_ma"],
    )
    assert list(hall_loops(loops).index) == [0, 4, 5]
    assert hall_loops(loops[:0]).empty
