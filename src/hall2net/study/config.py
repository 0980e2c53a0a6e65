"""The configuration of the workflow against its schema."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from hall2net.errors import ConfigError, Problem, one_of

SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Plain values alone; the one of libyaml, where PyYAML has it, takes a tenth of the time."""

_MOVED = {
    "raw_data": "its new name, data_source",
    "samples": "the samples in raw/<study>/samples.csv",
    "level": "its new name, criterion",
    "shift": "its new name, loop_shift in conventions and shift_pixels in recipes",
}
"""Keys of earlier configurations, and what took their place."""


def check_config(config: Mapping[str, Any], schema: str | Path) -> None:
    """Check a configuration against its JSON schema.

    Parameters
    ----------
    config : the configuration as read from YAML and the command line
    schema : path of the schema, a YAML file

    Raises
    ------
    ConfigError
        Every problem: key, what was found, what is allowed, the nearest match.
    """
    problems = [problem for error in _errors(config, schema) for problem in _describe(error)]
    if problems:
        raise ConfigError(problems=problems)


def with_numbers(config: Mapping[str, Any], schema: str | Path) -> dict[str, Any]:
    """A copy of a configuration in which words that must be numbers are numbers.

    Snakemake hands over what stands nested in `--config` as words: `seeds=[0,1]` comes as "0" and
    "1". Each word that the schema refuses is read as YAML, and taken if it then fits.

    Parameters
    ----------
    config : the configuration as read from YAML and the command line
    schema : path of the schema
    """
    content, validator = copy.deepcopy(dict(config)), _validator(schema)
    for error in _errors(content, schema):
        path = list(error.absolute_path)
        if not path or not isinstance(error.instance, str):
            continue
        try:
            value = yaml.safe_load(error.instance)
        except yaml.YAMLError:
            continue
        place: Any = content
        for key in path[:-1]:
            place = place[key]
        if not isinstance(value, str) and validator.evolve(schema=error.schema).is_valid(value):
            place[path[-1]] = value
    return content


def key_of(*path: object) -> str:
    """A place in the configuration, as messages name it.

    Parameters
    ----------
    path : keys and indices that lead there
    """
    return f"config, {'.'.join(map(str, path)) or 'top level'}"


def allowed_part(config: Mapping[str, Any], schema: str | Path) -> dict[str, Any]:
    """A copy of a configuration without the values that its schema refuses.

    So that one mistake does not hide what `check_references` finds in the rest.
    """
    part = copy.deepcopy(dict(config))
    # The last item of a list first, so that the places of the others stay.
    for error in sorted(_errors(config, schema), key=lambda e: list(map(str, e.path)))[::-1]:
        path, keys = list(error.absolute_path), []
        if error.validator == "additionalProperties":
            keys = [key for key in error.instance if key not in error.schema.get("properties", {})]
        elif "propertyNames" in error.absolute_schema_path:
            keys = [error.instance]
        elif error.validator != "required" and path:
            keys = [path.pop()]
        place: Any = part
        try:
            for key in path:
                place = place[key]
            for key in keys:
                del place[key]
        except (KeyError, IndexError, TypeError):
            pass  # Within a value that went before.
    return part


@cache
def schema_of(path: str | Path) -> dict[str, Any]:
    """A JSON schema in YAML; a program that runs reads it once.

    Parameters
    ----------
    path : the file
    """
    return yaml.load(Path(path).read_text(encoding="utf-8"), SAFE_LOADER)


def _validator(schema: str | Path) -> Draft202012Validator:
    return Draft202012Validator(schema_of(schema))


def _errors(config: Mapping[str, Any], schema: str | Path) -> list[ValidationError]:
    return sorted(
        _validator(schema).iter_errors(config), key=lambda error: list(map(str, error.path))
    )


def _describe(error: ValidationError) -> Iterator[Problem]:
    path = list(error.absolute_path)
    where, study = key_of(*path), str(path[1]) if path[:1] == ["studies"] and path[1:] else ""
    if error.validator == "additionalProperties":
        allowed = list(error.schema.get("properties", {}))
        for key in (key for key in error.instance if key not in allowed):
            if key in _MOVED:
                yield Problem(where, repr(key), _MOVED[key], key="unknown key", study=study)
            else:
                yield replace(one_of(where, key, allowed, "unknown key"), study=study)
    elif "propertyNames" in error.absolute_schema_path:
        expected = "letters a-z, 0-9 and _, a letter first"
        yield Problem(where, repr(error.instance), expected, key="name", study=study)
    elif error.validator == "enum":
        yield replace(one_of(where, error.instance, error.validator_value), study=study)
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        yield Problem(where, f"key {missing[0]!r} is missing", study=study)
    elif title := error.schema.get("title"):
        yield Problem(where, repr(error.instance), title, study=study)
    else:
        yield Problem(where, error.message, study=study)
