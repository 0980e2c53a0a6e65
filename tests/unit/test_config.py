import copy
from pathlib import Path

import pytest
import yaml

from hall2net.config import check_config
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
