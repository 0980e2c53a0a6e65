"""The conda environment names the same versions as the pinned requirements."""

from pathlib import Path

import yaml

ENVS = Path(__file__).parents[2] / "envs"
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "snakemake": "snakemake-minimal",
    "torch": "pytorch",
    "types-PyYAML": "types-pyyaml",
}


def test_conda_and_pip_pin_the_same_versions():
    lines = (ENVS / "requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    conda = yaml.safe_load((ENVS / "hall2net.yaml").read_text())["dependencies"]
    twins = dict(entry.split("=") for entry in conda)
    assert twins.pop("python") in ("3.11", "3.12")
    assert twins == {CONDA_NAMES.get(name, name): version for name, version in pins.items()}
