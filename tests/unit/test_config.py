import copy
from pathlib import Path

import pandas as pd
import pytest
import yaml

from hall2net.config import check_config, check_references
from hall2net.errors import ConfigError

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
    del config["studies"]["cotb"]["samples"]["as_grown"]["width_um"]
    with pytest.raises(ConfigError, match=r"studies.cotb.samples.as_grown: key 'width_um'"):
        check_config(config, SCHEMA)


def test_names_that_stand_for_nothing_are_told_at_once(config):
    sheets = {
        study: pd.read_csv(ROOT / "raw" / study / "measurements.csv") for study in config["studies"]
    }
    figures = {name for block in config["studies"].values() for name in block["figures"]}
    check_references(config, sheets, figures)
    config["studies"]["ruo2"]["reference"] = "ptt"
    config["studies"]["ruo2"]["lut"]["measurement"] = "train_ruo2_0p6"
    config["studies"]["cotb"]["figures"].append("temprature")
    config["networks"]["mlp"]["recipe"] = "papier"
    del config["studies"]["cotb"]["samples"]["as_grown"]
    with pytest.raises(ConfigError) as caught:
        check_references(config, sheets, figures)
    text = str(caught.value)
    assert len(text.splitlines()) == 5
    for words in (
        "studies.ruo2.reference: no sample 'ptt'; did you mean 'pt'",
        "no measurement 'train_ruo2_0p6'; did you mean 'train_ruo2_0p5'",
        "no figure 'temprature'; did you mean 'temperature'",
        "networks.mlp.recipe: no recipe 'papier'; did you mean 'paper'",
        "studies.cotb.samples: no facts of sample 'as_grown'",
    ):
        assert words in text
