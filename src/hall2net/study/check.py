"""The project as a whole, checked before anything runs: configuration, sheets, and raw files."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from hall2net.errors import (
    ConfigError,
    FileError,
    Hall2netError,
    Problem,
    one_of,
    together,
)
from hall2net.readers.columns import NONE
from hall2net.readers.delimited import places_of
from hall2net.readers.source import header_of
from hall2net.readers.table import Header
from hall2net.study.cells import UNKNOWN, Sheet, read_cells
from hall2net.study.config import (
    SAFE_LOADER,
    allowed_part,
    check_config,
    key_of,
    with_numbers,
)
from hall2net.study.decisions import Decision, read_decisions
from hall2net.study.figures import all_figures
from hall2net.study.references import StudySheets, check_references
from hall2net.study.samples import COLUMNS, NUMBERS, sample_problems, samples_in
from hall2net.study.sheet import COLUMNS as SHEET_COLUMNS
from hall2net.study.sheet import TEXTS, TO_FILL_IN, read_sheet
from hall2net.synapse.precision import Precision

SCHEMA = "workflow/schemas/config.schema.yaml"


@dataclass(frozen=True)
class Project:
    """A configuration with the sheets of its studies, and all that is wrong with them.

    Attributes
    ----------
    studies : study to its sheets
    problems : of the configuration, of every sheet, and of what the one says of the other
    """

    studies: dict[str, StudySheets]
    problems: list[Problem]

    @property
    def unfinished(self) -> list[str]:
        """Studies with a problem; the others can be made without them."""
        return sorted({problem.study for problem in self.problems} - {""})

    def require(self, *studies: str) -> None:
        """Go on only where nothing is wrong with these studies, nor with what concerns all.

        Raises
        ------
        ConfigError
            With every problem; a raw file that is missing is one of them.
        """
        concerned = [problem for problem in self.problems if problem.study in ("", *studies)]
        if concerned:
            raise ConfigError(problems=concerned)


def read_project(config: Mapping[str, Any], root: str | Path, schema: str | Path) -> Project:
    """The sheets of every study of a configuration, and everything that is wrong.

    Parameters
    ----------
    config : the configuration as read from YAML and the command line
    root : folder of the project, which holds `raw/<study>/measurements.csv` and `samples.csv`
    schema : path of the configuration's schema
    """
    studies: dict[str, StudySheets] = {}
    problems = _problems(check_config, config, schema)
    # What is left beside the mistakes takes another look at the schema, at every start.
    allowed = allowed_part(config, schema) if problems else config
    for study in allowed.get("studies", {}):
        studies[study], found = _sheets(Path(root, "raw", study), schema)
        problems += [replace(problem, study=study) for problem in found]
    problems = _joined(problems, _problems(check_references, allowed, studies, all_figures()))
    return Project(studies, together(problems))


def finished_part(config: Mapping[str, Any], unfinished: Collection[str]) -> dict[str, Any]:
    """The configuration without some studies, and the networks and sweeps that need them.

    Parameters
    ----------
    config : a configuration that its schema allows
    unfinished : studies that are left out
    """
    studies = {k: v for k, v in config["studies"].items() if k not in unfinished}
    networks = {k: v for k, v in config["networks"].items() if v["study"] not in unfinished}
    sweeps = {k: v for k, v in config.get("sweeps", {}).items() if v["network"] in networks}
    return {**config, "studies": studies, "networks": networks, "sweeps": sweeps}


def check_project(
    root: str | Path, config: str | Path = "config.yaml", study: str | None = None
) -> str:
    """Check a project's configuration, its sheets, and that the files they name are there.

    Parameters
    ----------
    root : folder of the project
    config : configuration file, from there
    study : the only study that is checked; all if None

    Returns
    -------
    One line: how many studies, files and networks are in order.

    Raises
    ------
    FileError
        If the configuration cannot be read.
    ConfigError
        With every problem of the project.
    """
    content = read_config(Path(root, config))
    known = content.get("studies") or {}
    if study is not None and study not in known:
        raise ConfigError(problems=[one_of(key_of("studies"), study, known, "no study")])
    content = with_numbers(content, Path(root, SCHEMA))
    project = read_project(content, root, Path(root, SCHEMA))
    checked = [study] if study is not None else list(project.studies)
    for one in checked:
        own = project.studies.get(one)
        project.problems.extend(_columns_missing(one, own))
        if own is not None and one not in project.unfinished:
            project.problems.extend(_states_missing(one, content, own))
    project.require(*(checked if study is not None else {*checked, *project.unfinished}))
    sheets = (project.studies[one].measurements for one in checked)
    cells = (";".join(sheet["file"]) for sheet in sheets if sheet is not None)
    files = sum(len(set(cell.split(";"))) for cell in cells)
    networks = [one for one in content["networks"].values() if one["study"] in checked]
    counts = (("study", "studies", len(checked)), ("file", "files", files),
              ("network", "networks", len(networks)))  # fmt: skip
    words = [f"{count} {one if count == 1 else many}" for one, many, count in counts]
    return f"{', '.join(words)}: no problem found"


def _columns_missing(study: str, sheets: StudySheets | None) -> Iterator[Problem]:
    """Columns that the sheet names and the files do not have.

    It opens every file, so it belongs to the check and not to every start of the workflow.
    """
    if sheets is None or sheets.measurements is None or "file" not in sheets.measurements:
        return
    where = str(sheets.folder / "measurements.csv")
    known: dict[tuple, Header | None] = {}
    seen: dict[bytes, Header] = {}
    named = [name for name in TEXTS if name in sheets.measurements]
    for line, row in sheets.measurements.iterrows():
        # The second of two joined branches may call its columns differently.
        file = sheets.folder / row["file"].split(";")[0].strip()
        wanted = {name: row[name] for name in named if _is_a_name(row[name])}
        if not wanted or not file.is_file():
            continue
        columns = (file, *wanted.values())
        if columns not in known:
            known[columns] = _header(file, list(wanted.values()), seen)
        header = known[columns]
        for name, cell in wanted.items():
            if header and not places_of(header, cell):
                problem = one_of(where, cell, header.names, name)
                found = f"{problem.found} is no column of {row['file']}"
                yield replace(problem, found=found, lines=(int(line),), study=study)


def _states_missing(
    study: str, config: Mapping[str, Any], sheets: StudySheets
) -> Iterator[Problem]:
    """Weights of as many states as the study's pulse train does not have.

    The states are found in the train itself, so this belongs to the check, too.
    """
    lut = dict(config["studies"][study].get("lut") or {})
    asked = [
        (name, precision)
        for name, network in config["networks"].items()
        if network["study"] == study
        for precision in map(Precision.of, network["weights"])
        if precision.measured
    ]
    if not asked or lut.get("source") != "train" or "states" in lut or sheets.measurements is None:
        return
    # They take longer than the rest of the check: imported where there is a train to read.
    from hall2net.measurement import select
    from hall2net.readers.reading import read_sample
    from hall2net.synapse.states import lut_from

    identifier = lut.pop("measurement")
    rows = sheets.measurements[sheets.measurements["id"] == identifier]
    try:
        states = len(lut_from(select(read_sample(sheets.folder, rows), identifier), **lut))
    except Hall2netError as error:
        yield from (replace(problem, study=study) for problem in error.problems)
        return
    for name, precision in asked:
        if precision.states != states:
            found = f"'{precision}', but the pulse train {identifier!r} has {states} states"
            where = key_of("networks", name, "weights")
            yield Problem(where, found, f"{precision.kind}{states}", study=study)


def _is_a_name(cell: object) -> bool:
    return isinstance(cell, str) and not cell.isdecimal() and cell not in ("", UNKNOWN, NONE)


def _header(file: Path, wanted: Sequence[str], seen: dict[bytes, Header]) -> Header | None:
    """Column names of a file; none where it cannot be read."""
    try:
        return header_of(file, wanted, seen)
    except Hall2netError:
        return None


def _sheets(folder: Path, schema: str | Path) -> tuple[StudySheets, list[Problem]]:
    """The sheets of a study as far as they can be read, and what is wrong with them."""
    problems: list[Problem] = []
    measurements = samples = None
    lines: dict[str, int] = {}
    path = folder / "measurements.csv"
    try:
        measurements = read_sheet(path)
    except Hall2netError as error:
        problems += error.problems
        measurements = _as_written(path)
    try:
        sheet = read_cells(folder / "samples.csv", COLUMNS, NUMBERS, "a sample")
        problems += sample_problems(sheet)
        samples, lines = samples_in(sheet), _lines(sheet)
    except Hall2netError as error:
        problems += error.problems
    decisions: list[Decision] = []
    if measurements is not None:
        try:
            decisions = read_decisions(folder / "decisions.csv", measurements, schema)
        except Hall2netError as error:
            problems += error.problems
    return StudySheets(folder, measurements, samples, lines, decisions), problems


def _joined(of_cells: list[Problem], of_references: list[Problem]) -> list[Problem]:
    """All problems, the one of an unreadable cell not once more as that of an empty one."""
    reasons = {
        (one.where, one.key, line): one.expected for one in of_references for line in one.lines
    }
    problems, known = [], set()
    for one in of_cells:
        cells = [(one.where, one.key, line) for line in one.lines]
        known.update(cells)
        if one.found == TO_FILL_IN and cells[0] in reasons:
            one = replace(one, expected=reasons[cells[0]])
        problems.append(one)
    for one in of_references:
        left = tuple(line for line in one.lines if (one.where, one.key, line) not in known)
        if left or not one.lines:
            problems.append(replace(one, lines=left))
    return problems


def _lines(sheet: Sheet) -> dict[str, int]:
    if "sample" not in sheet.cells:
        return {}
    return {name: line for line, name in reversed(list(sheet.cells["sample"].items()))}


def _as_written(path: Path) -> pd.DataFrame | None:
    """The rows with names of a sheet with mistakes, so that these do not hide others."""
    columns = ["id", "kind", "sample"]
    try:
        cells = read_cells(path, SHEET_COLUMNS, (), "a raw file").cells
        named = cells[columns].ne("").all(axis=1) & cells[columns].ne(UNKNOWN).all(axis=1)
    except (Hall2netError, KeyError):
        return None
    return cells[named].drop_duplicates("id").replace("", None)


def _problems(check: Callable[..., None], *arguments: Any) -> list[Problem]:  # noqa: ANN401
    try:
        check(*arguments)
    except Hall2netError as error:
        return error.problems
    return []


def read_config(path: str | Path) -> dict[str, Any]:
    """A configuration file, in which no key stands twice in the same block.

    YAML silently keeps the last of two equal keys; a study would be lost.

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
        raise FileError(path, error.found, "each key of a block once", error.line) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        found = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise FileError(path, found, "YAML", mark and mark.line + 1) from error
    if not isinstance(content, dict):
        raise FileError(path, f"a {type(content).__name__}", "keys with values")
    return content


class _TwiceError(yaml.constructor.ConstructorError):
    def __init__(self, found: str, line: int) -> None:
        super().__init__(None, None, found)
        self.found, self.line = found, line


class _OnceLoader(SAFE_LOADER):
    """Plain values alone, and every key of a block once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: dict[str, int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            line = key.start_mark.line + 1
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                found = f"key {key.value!r} stands in line {seen[key.value]} already"
                raise _TwiceError(found, line)
            seen[key.value] = line
        return super().construct_mapping(node, deep)
