"""Systematic parts against closed forms, and what two samples have in common."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from hall2net.errors import ConfigError
from hall2net.physics.systematics import (
    ASSUMED,
    SOURCES,
    Off,
    Systematics,
    ratio_parts,
    total,
)
from hall2net.study.config import check_config

ROOT = Path(__file__).parents[2]
SAMPLES = {"one": {"width_um": 5.0, "stack_nm": 10.0}, "two": {"width_um": 4.0, "width_u_um": 0.1}}


def density(off: Off) -> float:
    """j of 1 A/m2."""
    return off.current / (off.width_um * off.stack_nm)


def test_parts_of_a_product_are_those_of_its_factors():
    parts = Systematics.of({}, SAMPLES).parts("one", density)
    # (1/0.95 - 1/1.05)/2 = 0.050125 by hand
    assert parts["width_um"] == pytest.approx(-0.050125, rel=1e-4)
    assert parts["stack_nm"] == pytest.approx(-0.050125, rel=1e-4)
    assert parts["current"] == pytest.approx(0.01)
    assert sorted(parts) == ["current", "stack_nm", "width_um"]
    # sqrt(2 * 0.050125^2 + 0.01^2) = 0.07159
    assert total(parts) == pytest.approx(0.07159, rel=1e-3)


def test_a_sample_of_its_own_goes_before_the_study_and_the_study_before_what_is_assumed():
    block = {"width_um": {"sigma": 0.2}, "thicknesses": {"sigma": "3 %", "common": False}}
    chosen = Systematics.of(block, SAMPLES)
    assert chosen.sigma("width_um", "one") == pytest.approx(0.04)  # 0.2 um of 5 um
    assert chosen.sigma("width_um", "two") == pytest.approx(0.025)  # 0.1 um of 4 um
    assert chosen.sigma("stack_nm", "one") == 0.03 and not chosen.common("stack_nm")
    assert chosen.sigma("field", "one") == ASSUMED["field"].sigma
    assert chosen.assumed("field", "one") and not chosen.assumed("width_um", "one")
    one, every = chosen.parts("one", density), Systematics.of({}, SAMPLES)
    assert chosen.words("one", one) == "partly assumed"
    assert every.words("one", one) == "assumed" and every.words("one", {}) == ""


def test_a_dimension_in_its_unit_counts_nothing_where_the_dimension_is_not_known():
    chosen = Systematics.of({"length_um": {"sigma": 1.0}}, SAMPLES)
    assert chosen.parts("one", lambda off: off.length_um) == {}


def test_what_samples_have_in_common_cancels_in_their_ratio():
    own, reference = (10.0, {"width_um": 0.5, "film_area_mm2": 0.3}), (2.0, {"width_um": 0.1})
    reference[1]["film_area_mm2"] = 0.08
    found = ratio_parts(Systematics.of({}, SAMPLES), own, reference)
    assert found["width_um"] == pytest.approx(0)
    assert found["film_area_mm2"] == pytest.approx(0.05)  # sqrt(0.03^2 + 0.04^2)
    apart = Systematics.of({"width_um": {"sigma": "5 %", "common": False}}, SAMPLES)
    assert ratio_parts(apart, own, reference)["width_um"] == pytest.approx(0.05 * np.sqrt(2))


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"widht_um": {}}, "unknown key 'widht_um'"),
        ({"width_um": {"sigma": "five"}}, r"width_um: found sigma 'five', expected a number, or"),
        ({"width_um": {"sigma": "120 %"}}, "found sigma '120 %'"),
        ({"field": {"sigma": 0.01}}, r'field: found sigma 0.01, expected "1 %"'),
        (
            {"temperature_k": {"sigma": "1 %"}},
            "temperature_k: found sigma '1 %', expected a number",
        ),
        ({"width_um": {"sigma": -1}}, "found sigma -1"),
    ],
)
def test_what_is_refused(block, words):
    """By the function, and by the schema of the configuration before anything runs."""
    with pytest.raises(ConfigError, match=words):
        Systematics.of(block, SAMPLES)
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config["studies"]["ruo2"]["systematics"] = block
    with pytest.raises(ConfigError, match=r"config, studies\.ruo2\.systematics"):
        check_config(config, ROOT / "workflow/schemas/config.schema.yaml")


def test_the_configuration_may_hold_every_source():
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    block = {
        name: {"sigma": f"{100 * one.sigma:g} %" if one.relative else one.sigma}
        for name, one in ASSUMED.items()
    }
    assert list(block) and set(block) == set(SOURCES)
    config["studies"]["ruo2"]["systematics"] = block | {"thicknesses": {"sigma": 0.3}}
    check_config(config, ROOT / "workflow/schemas/config.schema.yaml")
    made = Systematics.of(block, SAMPLES)
    for name, one in ASSUMED.items():
        assert made.sources[name].sigma == pytest.approx(one.sigma)
        assert made.sources[name].common == one.common and not made.sources[name].assumed
