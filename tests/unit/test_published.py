"""The published numbers, and what is said of each, are read apart."""

from pathlib import Path

import pytest

from hall2net.errors import FileError, Hall2netError
from hall2net.study.published import PublishedNumber, published_numbers, read_published

TEXT = """
a:
  plain: 0.5
  said: {value: 3, remark: roughly, headline: a ratio}
  ends: {value: [1, 2], range: true}
  many: {value: [5, 6], remark: in ohm}
  inner: {value: {x: true, y: {value: none, headline: own}}, remark: both}
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "published.yaml"
    path.write_text(TEXT)
    return path


def test_numbers_alone_are_what_a_figure_takes(path):
    assert read_published(path) == {
        "a": {
            "plain": 0.5, "said": 3, "ends": [1, 2], "many": [5, 6],
            "inner": {"x": True, "y": "none"},
        }
    }  # fmt: skip


def test_what_is_said_holds_for_all_below(path):
    assert published_numbers(path) == [
        PublishedNumber("a.plain", 0.5),
        PublishedNumber("a.said", 3, "roughly", "a ratio"),
        PublishedNumber("a.ends", [1, 2]),
        PublishedNumber("a.many.1", 5, "in ohm"),
        PublishedNumber("a.many.2", 6, "in ohm"),
        PublishedNumber("a.inner.x", True, "both"),
        PublishedNumber("a.inner.y", "none", "both", "own"),
    ]
    assert published_numbers(path)[-1].study == "a"
    assert published_numbers(path)[-1].quantity == "inner.y"


@pytest.mark.parametrize(
    ("value", "tolerance", "allowed"),
    [(-4, "10 %", 0.4), ([250, 300], "10 %", 25.0), (0.9, 0.01, 0.01), (3, "0%", 0.0)],
)
def test_a_tolerance_is_a_percentage_or_in_the_unit_of_the_number(value, tolerance, allowed):
    number = PublishedNumber("a.b", value, tolerance=tolerance)
    assert number.allowed == pytest.approx(allowed)


@pytest.mark.parametrize("tolerance", ["small", "-1 %", -0.1, "nan"])
def test_a_tolerance_that_is_none_is_named(tolerance):
    with pytest.raises(Hall2netError, match=r"a\.b: tolerance .*expected a percentage"):
        _ = PublishedNumber("a.b", 1, tolerance=tolerance).allowed


def test_truth_and_tolerance_hold_for_all_below(path):
    path.write_text(
        "a: {value: {x: 1, y: {value: 2, tolerance: 0.5}}, truth: film, tolerance: 2 %}"
    )
    assert published_numbers(path) == [
        PublishedNumber("a.x", 1, truth="film", tolerance="2 %"),
        PublishedNumber("a.y", 2, truth="film", tolerance=0.5),
    ]


def test_the_papers_are_read():
    path = Path(__file__).parents[2] / "reference/published.yaml"
    numbers = published_numbers(path)
    assert len({number.path for number in numbers}) == len(numbers) > 90
    assert read_published(path)["ruo2"]["torque"]["theta_sh_t0p5"] == 0.36


def test_a_file_that_is_no_yaml_is_named(path):
    path.write_text("a: [")
    with pytest.raises(FileError, match="published.yaml: cannot be read"):
        read_published(path)
