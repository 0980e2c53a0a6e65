"""Systematic parts against closed forms, and what two samples have in common."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from hall2net.errors import ConfigError
from hall2net.physics import magnetometry, resistivity
from hall2net.physics.systematics import (
    ASSUMED,
    SOURCES,
    Off,
    Systematics,
    in_quadrature,
    ratio_parts,
    total,
)
from hall2net.physics.systematics_table import systematics_table
from hall2net.report.facts import systematics_table as shares
from hall2net.study.config import check_config
from hall2net.tables import uncertainty_column

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
    own = ("one", 10.0, {"width_um": 0.5, "film_area_mm2": 0.3})
    reference = ("three", 2.0, {"width_um": 0.1, "film_area_mm2": 0.08})
    found = ratio_parts(Systematics.of({}, SAMPLES), own, reference)
    assert found["width_um"] == pytest.approx(0)
    assert found["film_area_mm2"] == pytest.approx(0.05)  # sqrt(0.03^2 + 0.04^2)
    apart = Systematics.of({"width_um": {"sigma": "5 %", "common": False}}, SAMPLES)
    assert ratio_parts(apart, own, reference)["width_um"] == pytest.approx(0.05 * np.sqrt(2))
    # A width with an uncertainty of its own was measured by itself.
    alone = ratio_parts(Systematics.of({}, SAMPLES), ("two", *own[1:]), reference)
    assert alone["width_um"] == pytest.approx(0.05 * np.sqrt(2))


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


@pytest.fixture(scope="module")
def bench():
    path = ROOT / "bench/coverage_systematics.py"
    spec = importlib.util.spec_from_file_location("coverage_systematics", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_total_intervals_hold_the_truth(bench):
    """As bench/coverage_systematics.py, without the loops: 0.91 is four sigma below 95 %."""
    samples = {sample: bench.DIMENSIONS for sample in bench.SAMPLES}
    inside = []
    for number in range(100):
        rng = np.random.default_rng([3, number])
        block, errors = bench.drawn_laboratory(rng)
        truths = {sample: bench.Truth(rng, errors[sample]) for sample in bench.SAMPLES}
        tables = bench.written_tables(truths, errors, rng, loops=False)
        sources, best = Systematics.of(block, samples), truths["best"]
        bars = tables["resistivity"].to_dict("records")
        found = [resistivity.resistivity_parts(bar, sources) for bar in bars]
        film = tables["magnetometry"].to_dict("records")[1]
        sys = dict(zip(resistivity.QUANTITIES, total(found[1]), strict=True))
        parts = magnetometry.magnetometry_parts(film, sources)
        sys |= dict(zip(magnetometry.QUANTITIES, total(parts), strict=True))
        row = bars[1] | film
        for name in ("rho_xx_uohm_cm", "m_s_emu_cc", "k_s_erg_cm2"):
            sigma = np.hypot(row[uncertainty_column(name)], sys[name])
            inside.append(abs(row[name] - getattr(best, name)) < 1.96 * sigma)
        own, other = (
            (bar["sample"], bar["rho_xx_uohm_cm"], {name: part[1] for name, part in parts.items()})
            for bar, parts in zip(reversed(bars), reversed(found), strict=True)
        )
        relative = in_quadrature(ratio_parts(sources, own, other).values())
        error = own[1] / other[1] / (best.rho_xx_uohm_cm / truths["ref"].rho_xx_uohm_cm) - 1
        inside.append(abs(error) < 1.96 * np.hypot(relative, 2**0.5 * bench.NOISE))
    assert 0.91 <= np.mean(inside) <= 0.985


def test_a_study_with_loops_holds_the_truth(bench):
    pulls = bench.coverage(1, seed=5)
    for name in bench.QUANTITIES:
        assert (pulls[f"{name}_total"].abs() < 3.5).all(), name


def test_the_table_names_every_source_once(bench):
    rng = np.random.default_rng(1)
    errors = dict.fromkeys(bench.SAMPLES, Off())
    truths = {sample: bench.Truth(rng, Off()) for sample in bench.SAMPLES}
    tables = bench.written_tables(truths, errors, rng)
    samples = {name: bench.DIMENSIONS | {"thickness_nm": 0.5} for name in bench.SAMPLES}
    samples["best"] |= {"width_u_um": 0.1}
    tables["torque"] = pd.DataFrame()
    made = systematics_table(tables, samples, {}, reference="ref")
    assert not made.duplicated(["sample", "quantity", "source"]).any()
    fractions = made.groupby(["sample", "quantity"])["fraction"].sum()
    assert fractions.to_numpy() == pytest.approx(1.0)
    xi = made[made["quantity"] == "xi_dl_j"].set_index(["sample", "source"])
    assert xi.loc[("best", "width_um"), "known"] == "given"
    assert xi.loc[("ref", "width_um"), "known"] == "assumed"
    assert xi.loc[("best", "width_um"), "sigma"] == pytest.approx(2.0)
    assert xi.loc[("best", "knee"), "kind"] == "model"
    # What is common cancels in the ratio; a width that was measured by itself does not.
    ratio = made[made["quantity"] == "xi_ratio"].set_index("source")
    assert "stack_nm" not in ratio.index and "film_area_mm2" in ratio.index
    relative = ratio.at["width_um", "change"] / ratio.at["width_um", "value"]
    assert relative == pytest.approx(np.hypot(0.02, 0.05), rel=0.01)
    # A study without torques has the J_c of its switching loops.
    switched = tables["switching"].assign(current_layer="heavy_metal")
    critical = systematics_table({"switching": switched}, samples, {}).set_index("source")
    assert set(critical.index) == {"width_um", "heavy_metal_nm", "current"}
    shown = shares(made)
    assert shown["head"][:4] == ["source", "1 σ", "known", "common to all samples"]
    widths = next(row for row in shown["rows"] if row[0] == "width of the bar")
    assert widths[1:4] == ["5 %, 2 %", "assumed, given", "yes, no"]
    assert shares(None) is None and shares(made.iloc[:0]) is None
