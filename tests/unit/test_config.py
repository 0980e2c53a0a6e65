import contextlib
import copy
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from hall2net.errors import ConfigError
from hall2net.study.config import allowed_part, check_config, with_numbers
from hall2net.study.figures import all_figures
from hall2net.study.references import StudySheets, check_references
from hall2net.study.samples import read_samples

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"


@pytest.fixture
def config():
    return copy.deepcopy(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")))


def test_the_shipped_config_is_valid(config):
    check_config(config, SCHEMA)


def test_every_problem_is_told_at_once_with_the_nearest_match(config):
    config["scale"] = "labtop"
    config["studies"]["ruo2"]["referense"] = "pt"
    config["networks"]["mlp"]["epochs"]["laptop"] = 0
    with pytest.raises(ConfigError) as caught:
        check_config(config, SCHEMA)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert any("scale" in line and "'labtop'" in line and "'laptop'" in line for line in lines)
    assert any("'referense'" in line and "'reference'" in line for line in lines)
    assert any("networks.mlp.epochs.laptop" in line and "0" in line for line in lines)


def test_a_missing_key_is_named(config):
    del config["studies"]["cotb"]["lut"]["source"]
    with pytest.raises(ConfigError, match=r"studies.cotb.lut: key 'source' is missing"):
        check_config(config, SCHEMA)


def problems_of(config, sheets):
    with pytest.raises(ConfigError) as caught:
        check_references(config, sheets, all_figures())
    return str(caught.value).splitlines()


OWN = {"data_source": "measured", "figures": []}


def shipped(studies):
    """Sheets of the studies in the repository, names of files unchecked."""
    found = {}
    for study in studies:
        folder = ROOT / "raw" / study
        sheet = pd.read_csv(folder / "measurements.csv")
        found[study] = StudySheets(folder, sheet, read_samples(folder / "samples.csv"))
    return found


def own(*kinds, **block):
    """A study with one measurement of each kind, and the configuration that holds it alone."""
    sheet = pd.DataFrame({"id": [f"m_{kind}" for kind in kinds], "kind": kinds, "sample": "a"})
    base = {"scale": "laptop", "data_root": "", "seeds": [0], "networks": {}}
    config = base | {"studies": {"own": copy.deepcopy(OWN) | block}}
    check_config(config, SCHEMA)
    return config, {"own": StudySheets(Path("raw/own"), sheet, {"a": {"label": "A"}}, {"a": 2})}


@pytest.mark.parametrize(
    ("kind", "block", "facts"),
    [
        ("ahe_loop", {}, set()),
        ("pulse_train", {}, set()),
        ("loop_shift", {}, set()),
        ("sot_switching", {}, {"width_um", "stack_nm"}),
        (
            "sot_switching",
            {"switching": {"current_layer": "heavy_metal"}},
            {"width_um", "heavy_metal_nm"},
        ),
        ("vsm_loop", {}, {"film_area_mm2", "ferromagnet_nm"}),
        ("vsm_loop", {"conventions": {"adopted": {"t_fm": 1.0}}}, {"film_area_mm2"}),
        ("resistivity", {}, {"width_um", "length_um", "stack_nm"}),
        (
            "loop_shift",
            {"conventions": {"adopted": {}}, "reference": "a"},
            {"thickness_nm", "width_um", "stack_nm", "heavy_metal_nm"},
        ),
    ],
)
def test_a_fact_is_asked_for_where_a_measurement_needs_it(kind, block, facts):
    config, sheets = own(kind, **block)
    lines = problems_of(config, sheets) if facts else []
    empty = re.compile(r"raw/own/samples.csv, line 2: (\w+) is empty; expected a number")
    asked = {empty.match(line) for line in lines}
    assert {match and match[1] for match in asked} == facts
    assert all(kind in line for line in lines)
    sheets["own"].samples["a"].update(dict.fromkeys(facts, 1.0))
    check_references(config, sheets, [])


def test_what_a_block_or_figure_needs_is_asked_for():
    lut = {"source": "train", "measurement": "m_sot_switching"}
    config, sheets = own("sot_switching", "ahe_loop", lut=lut, conventions={"adopted": {}})
    config["studies"]["own"] |= {"figures": ["fig2c_efficiency_anisotropy"]}
    sheets["own"].samples["a"].update({"width_um": 1, "stack_nm": 1})
    text = "\n".join(problems_of(config, sheets))
    assert len(text.splitlines()) == 2
    assert "'m_sot_switching' is of kind sot_switching; expected one of kind pulse_train" in text
    assert "'fig2c_efficiency_anisotropy' needs measurements of kind loop_shift" in text
    del config["studies"]["own"]["lut"], config["studies"]["own"]["conventions"]
    config["studies"]["own"]["figures"] += ["lut_states"]
    config["networks"]["mlp"] = {"study": "own", "weights": {"lut4": ["std"], "pair4": ["std"]}}
    text = "\n".join(problems_of(config, sheets))
    assert len(text.splitlines()) == 5
    for words in (
        "'fig2c_efficiency_anisotropy' needs a block 'conventions'",
        "'lut_states' needs a block 'lut'",
        "networks.mlp.weights: 'lut4' needs a block 'lut' of study 'own'",
        "networks.mlp.weights: 'pair4' needs a block 'lut' of study 'own'",
    ):
        assert words in text


def test_one_mistake_does_not_hide_another(config):
    config["studies"]["ruo2"]["loops"]["window"] = "wide"
    config["studies"]["ruo2"]["refrence"] = "pt"
    config["studies"]["cotb"]["figures"][3:5] = [7, "temprature"]
    config["studies"]["Own"] = {}
    config["networks"]["mlp"]["recipe"] = "papier"
    with pytest.raises(ConfigError) as caught:
        check_config(config, SCHEMA)
    refused = str(caught.value)
    for words in ("loops.window: 'wide'", "'refrence'", "figures.3: 7", "name 'Own'"):
        assert words in refused, refused
    part = allowed_part(config, SCHEMA)
    sheets = shipped(part["studies"])
    found = "\n".join(problems_of(part, sheets))
    assert len(found.splitlines()) == 2, found
    for words in ("'temprature'", "no recipe 'papier'"):
        assert words in found


def test_names_that_stand_for_nothing_are_told_at_once(config):
    sheets = shipped(config["studies"])
    figures = {name for block in config["studies"].values() for name in block["figures"]}
    check_references(config, sheets, figures)
    config["studies"]["ruo2"]["reference"] = "ptt"
    config["studies"]["ruo2"]["lut"]["measurement"] = "train_ruo2_0p6"
    config["studies"]["cotb"]["figures"].append("temprature")
    config["networks"]["mlp"]["recipe"] = "papier"
    del sheets["cotb"].samples["as_grown"]
    with pytest.raises(ConfigError) as caught:
        check_references(config, sheets, figures)
    text = str(caught.value)
    assert len(text.splitlines()) == 5
    for words in (
        "studies.ruo2.reference: no sample 'ptt'; did you mean 'pt'",
        "no measurement 'train_ruo2_0p6'; did you mean 'train_ruo2_0p5'",
        "no figure 'temprature'; did you mean 'temperature'",
        "networks.mlp.recipe: no recipe 'papier'; did you mean 'paper'",
        "cotb/samples.csv: no row of sample 'as_grown'",
    ):
        assert words in text


def places(tree, path=()):
    """Keys and indices of every value, down to the fourth level."""
    for key in tree if isinstance(tree, dict) else range(len(tree)):
        yield (*path, key)
        if len(path) < 3 and isinstance(tree[key], dict | list):
            yield from places(tree[key], (*path, key))


def test_no_value_makes_the_check_crash(config):
    """Every fourth value in turn replaced by what it cannot be."""
    sheets = shipped(config["studies"])
    for number, path in enumerate(list(places(config))[::4]):
        wrong = copy.deepcopy(config)
        place = wrong
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = (None, 7.5, [[]], {"": {}}, "none")[number % 5]
        with contextlib.suppress(ConfigError):
            check_config(wrong, SCHEMA)
        with contextlib.suppress(ConfigError):
            check_references(allowed_part(wrong, SCHEMA), sheets, [])


@pytest.mark.parametrize("name", ["../x", "/x", "a;b", "$(touch x)", "{wildcards}", "a-b", "a b"])
def test_names_that_become_paths_are_names_alone(config, name):
    """Of a study, a network, its weights and recipe, a sweep."""
    mlp = config["networks"]["mlp"]
    for block in (
        config["studies"], config["networks"],
        mlp["weights"], mlp["recipes"], config["sweeps"],
    ):  # fmt: skip
        value = next(iter(block.values()))
        block[name] = value
        with pytest.raises(ConfigError, match=re.escape(repr(name))):
            check_config(config, SCHEMA)
        del block[name]
    check_config(config, SCHEMA)


def as_words(value):
    """Every number and truth value as `--config` hands it over."""
    if isinstance(value, dict):
        return {key: as_words(below) for key, below in value.items()}
    if isinstance(value, list):
        return [as_words(below) for below in value]
    return value if isinstance(value, str) else yaml.safe_dump(value).split("\n")[0]


def test_nested_numbers_of_the_command_line_are_numbers(config):
    assert with_numbers(as_words(config), SCHEMA) == config
    wrong = copy.deepcopy(config)
    wrong["seeds"], wrong["studies"]["ruo2"]["loops"]["window"] = ["0", "one"], "0.7"
    kept = with_numbers(wrong, SCHEMA)
    assert kept["seeds"] == [0, "one"]
    with pytest.raises(ConfigError, match="window: 0.7|'one' is not of type 'integer'"):
        check_config(kept, SCHEMA)


@pytest.mark.parametrize(("weights", "wrong"), [("lut8", 0), ("lut6", 1), ("pair9", 1)])
def test_weights_of_more_or_fewer_states_than_the_table_has(config, weights, wrong):
    config["studies"]["cotb"]["lut"]["states"] = 8
    config["networks"]["resnet18"]["weights"] = {weights: ["std"]}
    sheets = shipped(config["studies"])
    figures = {name for block in config["studies"].values() for name in block["figures"]}
    problems = []
    try:
        check_references(config, sheets, figures)
    except ConfigError as error:
        problems = error.problems
    assert len(problems) == wrong
    assert all("has 8 states" in str(one) and one.study == "cotb" for one in problems)
