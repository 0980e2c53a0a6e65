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
from hall2net.study.config import schema_of
from hall2net.study.sheet import column_problems

REQUIRED = ("id", "decision", "reason")
COLUMNS = ("id", "decision", "value", "reason", "who", "date")
LEAVE_OUT = "leave_out"
"""The decision that a measurement counts for nothing."""

_SETTINGS_OF = {"loops": ("criterion", "window", "slope"), "switching": ("criterion",)}
"""Table, and block of the configuration, to its settings that a decision may change for a row."""


@dataclass(frozen=True)
class Decision:
    """One row of `decisions.csv`.

    Attributes
    ----------
    id : of the measurement
    decision : `leave_out`, or the setting that is changed: `criterion`, `window`, `slope`
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
    kinds = dict(zip(measurements["id"], measurements["kind"], strict=True))
    rules = _rules(kinds, schema)
    return [
        Decision(
            row["id"],
            row["decision"],
            _value(row.get("value", ""), rules.get(kinds[row["id"]], {}).get(row["decision"])),
            row["reason"],
            row.get("who", ""),
            row.get("date", ""),
        )
        for row in sheet.cells.to_dict("records")
    ]


def overrides(
    decisions: Sequence[Decision], measurements: pd.DataFrame, table: str
) -> dict[str, dict[str, Any]]:
    """Settings of single measurements in one table, by id.

    Parameters
    ----------
    decisions : of the study
    measurements : the study's sheet; its `id` and `kind` are used
    table : key of `results/<study>/<table>.csv`
    """
    kinds = dict(zip(measurements["id"], measurements["kind"], strict=True))
    found: dict[str, dict[str, Any]] = {}
    for one in decisions:
        if one.decision != LEAVE_OUT and table in KINDS[kinds[one.id]].tables:
            found.setdefault(one.id, {})[one.decision] = one.value
    return found


def left_out(decisions: Sequence[Decision]) -> dict[str, str]:
    """The measurements that are left out, each with the reason.

    Parameters
    ----------
    decisions : of the study
    """
    return {one.id: one.reason for one in decisions if one.decision == LEAVE_OUT}


def _value(cell: str, rule: Mapping[str, Any] | None) -> Any:  # noqa: ANN401
    """The value of a setting; None where there is none, as of `leave_out`."""
    if rule is None or not cell:
        return None
    # A word such as 90 is one of several, and no number.
    return cell if "enum" in rule else yaml.safe_load(cell)


def _rules(kinds: Mapping[str, str], schema: str | Path) -> dict[str, dict[str, Any]]:
    """Of each kind, the settings that a decision may change, each with its schema."""
    study = schema_of(schema)["$defs"]["study"]["properties"]
    return {
        kind: {
            key: study[table]["properties"][key]
            for table in KINDS[kind].tables
            for key in _SETTINGS_OF.get(table, ())
        }
        for kind in set(kinds.values()) & set(KINDS)
    }


def _cell_problems(
    sheet: Sheet, measurements: pd.DataFrame, schema: str | Path
) -> Iterator[Problem]:
    where, kinds = str(sheet.path), dict(zip(measurements["id"], measurements["kind"], strict=True))
    rules = _rules(kinds, schema)
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
        known = rules.get(kinds[row["id"]], {})
        if row["decision"] not in (LEAVE_OUT, *known):
            problem = one_of(where, row["decision"], (LEAVE_OUT, *known), "decision")
            found = f"{problem.found} on a measurement of kind {kinds[row['id']]}"
            yield replace(problem, found=found, lines=lines)
        elif row["decision"] != LEAVE_OUT:
            rule = known[row["decision"]]
            value = _value(row.get("value", ""), rule)
            for error in Draft202012Validator(rule).iter_errors(value):
                yield Problem(where, error.message, key=row["decision"], lines=lines)
