"""The configuration of the workflow, checked whole before anything runs."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from hall2net.errors import ConfigError


def check_config(config: Mapping[str, Any], schema: str | Path) -> None:
    """Check a configuration against its JSON schema.

    Parameters
    ----------
    config : the configuration as read from YAML and the command line
    schema : path of the schema, a YAML file

    Raises
    ------
    ConfigError
        One line for every problem: key, what was found, what is allowed, the nearest match.
    """
    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(rules).iter_errors(config), key=lambda e: list(e.path))
    problems = [problem for error in errors for problem in _describe(error)]
    if problems:
        raise ConfigError("\n".join(problems))


def check_references(
    config: Mapping[str, Any], sheets: Mapping[str, pd.DataFrame], figures: Iterable[str]
) -> None:
    """Check that what the configuration names is there.

    Parameters
    ----------
    config : a configuration that its schema allows
    sheets : study to its `measurements.csv`, as `hall2net.sheet.read_sheet` gives it
    figures : names of all figures that can be drawn

    Raises
    ------
    ConfigError
        One line for every name that stands for nothing: a sample of a sheet without its facts, a
        reference that is no sample, a measurement of a LUT or of another device, a figure, a
        network's study or recipe.
    """
    problems = [
        f"config, {where}: no {kind} {found!r}{_nearest(found, known)}"
        for where, kind, found, known in _references(config, sheets, sorted(figures))
        if found not in known
    ]
    if problems:
        raise ConfigError("\n".join(problems))


def _references(
    config: Mapping[str, Any], sheets: Mapping[str, pd.DataFrame], figures: list[str]
) -> Iterator[tuple[str, str, str, Iterable[str]]]:
    for study, block in config["studies"].items():
        where = f"studies.{study}"
        for sample in sheets[study]["sample"].unique():
            yield f"{where}.samples", "facts of sample", sample, block["samples"]
        if "reference" in block:
            yield f"{where}.reference", "sample", block["reference"], block["samples"]
        if "lut" in block:
            measurement = block["lut"]["measurement"]
            yield f"{where}.lut.measurement", "measurement", measurement, set(sheets[study]["id"])
        for other in block.get("device", {}).get("others", []):
            yield f"{where}.device.others", "measurement", other, set(sheets[study]["id"])
        if "advisor" in block:
            yield (
                f"{where}.advisor.network",
                "network",
                block["advisor"]["network"],
                config["networks"],
            )
        for figure in block["figures"]:
            yield f"{where}.figures", "figure", figure, figures
    for network, block in config["networks"].items():
        where = f"networks.{network}"
        yield f"{where}.study", "study", block["study"], config["studies"]
        yield f"{where}.recipe", "recipe", block["recipe"], block["recipes"]
    for sweep, block in config.get("sweeps", {}).items():
        where = f"sweeps.{sweep}"
        yield f"{where}.network", "network", block["network"], config["networks"]
        yield f"{where}.x", "axis", block["x"], [*block["over"], "states"]
        recipes = config["networks"].get(block["network"], {}).get("recipes", {})
        for recipe in block["over"].get("recipe", []):
            yield f"{where}.over.recipe", "recipe", recipe, recipes


def _describe(error: ValidationError) -> Iterator[str]:
    where = ".".join(map(str, error.absolute_path)) or "top level"
    if error.validator == "additionalProperties":
        allowed = list(error.schema.get("properties", {}))
        for key in (key for key in error.instance if key not in allowed):
            yield f"config, {where}: unknown key {key!r}{_nearest(key, allowed)}"
    elif error.validator == "enum":
        allowed = [str(value) for value in error.validator_value]
        yield (
            f"config, {where}: found {error.instance!r}, expected one of "
            f"{', '.join(allowed)}{_nearest(str(error.instance), allowed)}"
        )
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        yield f"config, {where}: key {missing[0]!r} is missing"
    else:
        yield f"config, {where}: {error.message}"


def _nearest(found: str, allowed: Iterable[str]) -> str:
    names = sorted(allowed)
    near = get_close_matches(found, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"; allowed: {', '.join(names[:12])}{more}"
