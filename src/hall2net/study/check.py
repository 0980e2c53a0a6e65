"""The project as a whole, checked before anything runs: configuration, sheets, and raw files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from hall2net.errors import ConfigError, FileError, Hall2netError
from hall2net.study.config import FAMILIES, allowed_part, check_config, check_references
from hall2net.study.sheet import UNKNOWN, read_sheet

SCHEMA = "workflow/schemas/config.schema.yaml"


def read_sheets(
    config: Mapping[str, Any], root: str | Path, schema: str | Path
) -> dict[str, pd.DataFrame]:
    """The sheets of every study of a configuration, when it and they are without a mistake.

    Parameters
    ----------
    config : the configuration as read from YAML and the command line
    root : folder of the project, which holds `raw/<study>/measurements.csv`
    schema : path of the configuration's schema

    Returns
    -------
    Study to its sheet, as `hall2net.study.sheet.read_sheet` gives it.

    Raises
    ------
    ConfigError
        One line for every problem of the configuration, of every sheet, and of what the one says
        of the other; a raw file that is missing is one of them.
    """
    sheets: dict[str, pd.DataFrame] = {}
    problems = _problems(check_config, config, schema)
    # What is left beside the mistakes takes another look at the schema, at every start.
    allowed = allowed_part(config, schema) if problems else config
    for study in allowed.get("studies", {}):
        path = Path(root, "raw", study, "measurements.csv")
        try:
            sheets[study] = read_sheet(path)
        except Hall2netError as error:
            problems += str(error).splitlines()
            if (written := _as_written(path)) is not None:
                sheets[study] = written
    figures = [name for family in FAMILIES.values() for name in family]
    told = {line.split(": ")[0] for line in problems}
    for line in _problems(check_references, allowed, sheets, figures):
        # A fact that the schema refused is no empty one.
        if not (": is empty" in line and line.split(": ")[0] in told):
            problems.append(line)
    if problems:
        raise ConfigError("\n".join(problems))
    return sheets


def check_project(root: str | Path, config: str | Path = "config.yaml") -> str:
    """Check a project's configuration, its sheets, and that the files they name are there.

    Parameters
    ----------
    root : folder of the project
    config : configuration file, from there

    Returns
    -------
    One line: how many studies, files and networks are in order.

    Raises
    ------
    FileError
        If the configuration cannot be read.
    ConfigError
        As `read_sheets`.
    """
    content = read_config(Path(root, config))
    sheets = read_sheets(content, root, Path(root, SCHEMA))
    files = sum(len(set(";".join(sheet["file"]).split(";"))) for sheet in sheets.values())
    counts = (("study", "studies", len(sheets)), ("file", "files", files),
              ("network", "networks", len(content["networks"])))  # fmt: skip
    words = [f"{count} {one if count == 1 else many}" for one, many, count in counts]
    return f"{', '.join(words)}: no problem found"


def _as_written(path: Path) -> pd.DataFrame | None:
    """Names and kinds of a sheet with mistakes, so that these do not hide others."""
    try:
        sheet = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        sheet = sheet[["id", "kind", "sample"]].map(str.strip)
    except (OSError, ValueError, KeyError):
        return None
    named = sheet.ne("").all(axis=1) & sheet.ne(UNKNOWN).all(axis=1)
    return sheet[named].drop_duplicates("id")


def _problems(check: Callable[..., None], *arguments: Any) -> list[str]:  # noqa: ANN401
    try:
        check(*arguments)
    except Hall2netError as error:
        return str(error).splitlines()
    return []


def read_config(path: str | Path) -> dict[str, Any]:
    """A configuration file, in which no key stands twice in the same block.

    Of a key that does, YAML takes the last in silence, and a study would be lost.

    Raises
    ------
    FileError
        If the file cannot be read, is no YAML, holds no keys, or holds one twice.
    """
    path = Path(path)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _OnceLoader)
    except FileNotFoundError as error:
        raise FileError(path, "no such file", "to be run in the project's folder") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"cannot be read ({error})", "YAML in UTF-8") from error
    except _TwiceError as error:
        line = error.problem_mark.line + 1
        raise FileError(path, error.problem, "each key of a block once", line) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        found = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise FileError(path, found, "YAML", mark and mark.line + 1) from error
    if not isinstance(content, dict):
        raise FileError(path, f"a {type(content).__name__}", "keys with values")
    return content


class _TwiceError(yaml.constructor.ConstructorError):
    pass


class _OnceLoader(yaml.SafeLoader):
    """Plain values alone, and every key of a block once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: dict[str, int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            line = key.start_mark.line + 1
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                found = f"key {key.value!r} stands in line {seen[key.value]} already"
                raise _TwiceError(None, None, found, key.start_mark)
            seen[key.value] = line
        return super().construct_mapping(node, deep)
