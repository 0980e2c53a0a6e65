"""The configuration of the workflow, checked whole before anything runs."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

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


def _nearest(found: str, allowed: list[str]) -> str:
    near = get_close_matches(found, allowed, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; allowed: {', '.join(sorted(allowed))}"
