"""`decisions.csv`: what a person decided on single measurements, each with a reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jsonschema import Draft202012Validator

from hall2net.errors import ConfigError, Problem, one_of
from hall2net.measurement import KINDS
from hall2net.study.cells import Sheet, read_cells
from hall2net.study.sheet import column_problems

REQUIRED = ("id", "decision", "reason")
COLUMNS = ("id", "decision", "value", "reason", "who", "date")
LEAVE_OUT = "leave_out"
"""The decision that a measurement counts for nothing."""

_SETTINGS_OF = {"loops": "loops"}
"""Table to the block of the configuration whose settings a decision may change for one row."""


@dataclass(frozen=True)
class Decision:
    """One row of `decisions.csv`.

    Attributes
    ----------
    id : of the measurement
    decision : `leave_out`, or the setting that is changed: `window`, `criterion`, `slope`
    value : of the setting; None for `leave_out`
    reason : why, in words
    who, date : whose decision it is, and of when; empty where the sheet does not say
    """

    id: str
    decision: str
    value: Any
    reason: str
    who: str = ""
    date: str = ""


def read_decisions(
    path: str | Path, measurements: pd.DataFrame, schema: str | Path
) -> list[Decision]:
    """Read and check `decisions.csv`.

    Parameters
    ----------
    path : `raw/<study>/decisions.csv`; without the file there are no decisions
    measurements : the study's sheet; its `id` and `kind` are used
    schema : path of the configuration's schema, which says what a setting may be

    Raises
    ------
    FileError
        If the sheet is no CSV.
    ConfigError
        Every problem: an id that is no measurement, a decision that its kind does not know, a
        value that the setting cannot have, a decision made twice, a reason that is missing.
    """
    path = Path(path)
    if not path.exists():
        return []
    sheet = read_cells(path, COLUMNS, ("value",), "a decision")
    problems = column_problems(sheet, COLUMNS, REQUIRED, "a decision")
    if not sheet.cells.empty:
        problems = problems or list(_cell_problems(sheet, measurements, schema))
    else:
        problems = [problem for problem in problems if problem.lines]
    if problems:
        raise ConfigError(problems=problems)
    return [
        Decision(
            row["id"],
            row["decision"],
            _value(row),
            row["reason"],
            row.get("who", ""),
            row.get("date", ""),
        )
        for row in sheet.cells.to_dict("records")
    ]


def overrides(decisions: Sequence[Decision]) -> dict[str, dict[str, Any]]:
    """Settings of single measurements, by id.

    Parameters
    ----------
    decisions : of the study
    """
    found: dict[str, dict[str, Any]] = {}
    for one in decisions:
        if one.decision != LEAVE_OUT:
            found.setdefault(one.id, {})[one.decision] = one.value
    return found


def left_out(decisions: Sequence[Decision]) -> dict[str, str]:
    """The measurements that are left out, each with the reason.

    Parameters
    ----------
    decisions : of the study
    """
    return {one.id: one.reason for one in decisions if one.decision == LEAVE_OUT}


def _value(row: Mapping[str, str]) -> Any:  # noqa: ANN401
    value = row.get("value", "")
    return yaml.safe_load(value) if value and row["decision"] != LEAVE_OUT else None


def _settings(kind: str, schema: str | Path) -> dict[str, Any]:
    """The settings that a decision may change, each with its schema."""
    blocks = [_SETTINGS_OF[table] for table in KINDS[kind].tables if table in _SETTINGS_OF]
    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    study = rules["$defs"]["study"]["properties"]
    return {key: rule for block in blocks for key, rule in study[block]["properties"].items()}


def _cell_problems(
    sheet: Sheet, measurements: pd.DataFrame, schema: str | Path
) -> Iterator[Problem]:
    where, kinds = str(sheet.path), dict(zip(measurements["id"], measurements["kind"], strict=True))
    settings = {kind: _settings(kind, schema) for kind in set(kinds.values()) & set(KINDS)}
    seen: dict[tuple[str, str], int] = {}
    for line, row in zip(sheet.cells.index, sheet.cells.to_dict("records"), strict=True):
        lines, key = (line,), (row["id"], row["decision"])
        if key in seen:
            found = f"{key[1]} of {key[0]} is that of line {seen[key]} too"
            yield Problem(where, found, lines=lines)
        seen.setdefault(key, line)
        if not row["reason"]:
            yield Problem(where, "is empty", "words on why", key="reason", lines=lines)
        if row["id"] not in kinds:
            yield replace(one_of(where, row["id"], kinds, "no measurement"), lines=lines)
            continue
        known = settings.get(kinds[row["id"]], {})
        if row["decision"] not in (LEAVE_OUT, *known):
            problem = one_of(where, row["decision"], (LEAVE_OUT, *known), "decision")
            found = f"{problem.found} on a measurement of kind {kinds[row['id']]}"
            yield replace(problem, found=found, lines=lines)
        elif row["decision"] != LEAVE_OUT:
            rule = Draft202012Validator(known[row["decision"]])
            for error in rule.iter_errors(_value(row)):
                yield Problem(where, error.message, key=row["decision"], lines=lines)
