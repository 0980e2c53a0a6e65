"""Rows of a draft's `measurements.csv`: every file of a folder, with what is known of it."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from tqdm import tqdm

from hall2net.errors import Hall2netError
from hall2net.measurement import KINDS
from hall2net.readers.reading import read_measurement
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.columns import RawFile, look_at
from hall2net.study.draft.kinds import Measurement, measurements_in
from hall2net.study.draft.names import (
    Hints,
    hints_of_name,
    hints_of_words,
    in_sheet_units,
    sanitised,
)
from hall2net.study.draft.sample_names import SampleName, sample_names
from hall2net.study.sheet import COLUMNS

_NO_DATA = {
    ".py", ".m", ".ipynb", ".md", ".rst", ".tex", ".json", ".yaml", ".yml", ".toml", ".ini",
    ".html", ".htm", ".xml", ".sh", ".bat", ".js", ".c", ".cpp", ".h",
}  # fmt: skip
"""Endings of programs, settings and prose; numbers in them are no measurement."""
OWN_FILES = ("measurements.csv", "samples.csv", "SHA256SUMS")
"""Names in `raw/<study>/` that are no instrument files."""

_SWEPT = ("field_x_oe", "current_ma")
_SAME = 0.05  # relative difference up to which a name and a column mean one value
_ANY_KIND = ("temperature_k", "field_x_oe", "current_ma")  # conditions of a kind not yet known
_BRANCH_WORDS = re.compile(
    r"(?i)(?<![a-z])(up|down|dn|asc|desc|inc|dec|fwd|bwd|rev|forward|backward|rising|falling)"
    r"(?![a-z])"
)
_SETTINGS = {
    "temperature_k": "{:g}k", "current_ma": "{:g}ma", "field_x_oe": "{:g}oe", "field_oe": "{:g}oe",
    "cycle": "cycle{:g}",
}  # fmt: skip
"""Conditions that part a file into several measurements, as ids have them."""


@dataclass(frozen=True)
class Draft:
    """What a folder holds.

    Attributes
    ----------
    measurements : drafted rows; `cells` hold `id` and `sample` too
    skipped : file to why it has no row
    """

    measurements: list[Measurement]
    skipped: dict[str, str]


def drafted(folder: Path, study: str) -> Draft:
    """Rows for all files of a folder, at any depth, in the order of their names.

    Parameters
    ----------
    folder : where the instrument files are
    study : its name is the sample's where nothing says which is which
    """
    files, skipped = _raw_files(folder)
    looks: dict[str, RawFile] = {}
    measurements: list[Measurement] = []
    for name in tqdm(files, desc="reading", unit="file", disable=None):
        try:
            looks[name] = look_at(folder, name)
            measurements += measurements_in(looks[name])
        except Hall2netError as error:
            skipped[name] = str(error).removeprefix(f"{folder}/").removeprefix(name).strip(": ")
    words = {name: hints_of_words(look.words) for name, look in looks.items()}
    names = {name: _hints_of_path(name) for name in looks}
    kinds = {one.file: str(one.cells["kind"]) for one in measurements}
    samples = sample_names(names, words, kinds, study)
    for one in measurements:
        _take_sample(one, samples[one.file])
        one.facts = {c: v for c, v in words[one.file].cells.items() if c.endswith(("_um", "_mm2"))}
        _conditions(one, words[one.file], names[one.file])
    _units_of_fields(measurements, names)
    measurements = _joined_branches(measurements)
    _loop_shifts(measurements)
    for one in measurements:
        _open_cells(one)
    kept = []
    for one in measurements:
        if why := _unreadable(folder, one):
            skipped[one.file] = why
        else:
            kept.append(one)
    _identify(kept)
    return Draft(kept, dict(sorted(skipped.items())))


def _take_sample(one: Measurement, sample: SampleName) -> None:
    one.cells["sample"] = sample.name
    if sample.source:
        one.named["sample"] = sample.source
    if sample.guesses:
        one.choices["sample"] = list(sample.guesses)


def sheet_of(measurements: Sequence[Measurement]) -> pd.DataFrame:
    """The rows as `measurements.csv` has them, columns in its order."""
    table = pd.DataFrame([{"file": one.file, **one.cells} for one in measurements])
    return table[[name for name in COLUMNS if name in table]]


def _raw_files(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Names of the files that may be instrument files, and why others are not."""
    found, skipped = [], {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if not name.isprintable():
            skipped[ascii(name)] = "a name with control signs; rename the file"
        elif any(part.startswith(".") for part in name.split("/")):
            skipped[name] = "hidden"
        elif path.is_symlink():
            skipped[name] = "a link; copy the file itself"
        elif path.suffix.lower() in _NO_DATA:
            skipped[name] = f"no table: a {path.suffix.lower()} file is text, program or setting"
        elif name in (*OWN_FILES, "decisions.csv"):
            skipped[name] = "a list of files"
        elif re.search(r"[;{}\\]|^\s|\s$", name):
            skipped[name] = "a name with ; { } \\ or outer blanks; rename the file"
        else:
            found.append(name)
    return found, skipped


def _hints_of_path(name: str) -> Hints:
    """What the name of a file says, and where it is silent, the folders around it."""
    *folders, stem = PurePosixPath(name).with_suffix("").parts
    hints = hints_of_name(stem)
    for part in reversed(folders):
        around = hints_of_name(part)
        for cell, value in around.cells.items():
            hints.add(cell, value, f"{around.words[cell]} (folder)")
        for cell, value in around.unitless.items():
            hints.unitless.setdefault(cell, value)
            hints.words.setdefault(cell, f"{around.words[cell]} (folder)")
    return hints


def _conditions_of(one: Measurement) -> tuple[str, ...]:
    kind = KINDS.get(str(one.cells["kind"]))
    return kind.conditions if kind else _ANY_KIND


def _conditions(one: Measurement, words: Hints, named: Hints) -> None:
    """Cells from columns come first, then the words above the table, then names."""
    for cell in _conditions_of(one):
        if cell in one.cells:
            if _contradicts(one, cell, named):
                said = one.cells[cell]
                one.cells[cell] = UNKNOWN
                one.choices[cell] = [f"{named.words[cell]}, a column {said:g}"]
            continue
        # Names do not tell a field along the current from one of any direction.
        source = "field_x_oe" if cell == "field_oe" else cell
        if source in words.cells:
            one.cells[cell] = words.cells[source]
        elif source in named.cells and one.cells["kind"] == UNKNOWN and cell in _SWEPT:
            # Perhaps the largest of a sweep, which the kind would show.
            one.cells[cell] = UNKNOWN
            one.choices[cell] = [named.words[source]]
        elif source in named.cells and not _is_the_sweep(one, cell, named.cells[source]):
            one.cells[cell] = named.cells[source]
            one.named[cell] = named.words[source]


def _contradicts(one: Measurement, cell: str, named: Hints) -> bool:
    """Whether a name gives another current or in-plane field of a loop than a column does.

    A current that is read and one that shifts the loop may flow together.
    """
    kind, value = KINDS.get(str(one.cells["kind"])), named.cells.get(cell)
    if cell not in _SWEPT or not (kind and kind.x == "field" and isinstance(value, float)):
        return False
    said = one.cells[cell]
    return isinstance(said, float) and not np.isclose(said, value, rtol=_SAME, atol=0)


def _is_the_sweep(one: Measurement, cell: str, value: float | str) -> bool:
    """Whether a name gives the largest field or write current, and no condition."""
    kind = KINDS.get(str(one.cells["kind"]))
    swept = "current_ma" if kind and kind.x == "write_current" else "field_x_oe"
    same = cell == swept and np.isclose(abs(float(value)), one.largest_x, rtol=0.1)
    return bool(same and value != 0)


def _units_of_fields(measurements: Sequence[Measurement], names: Mapping[str, Hints]) -> None:
    """A field that a name gives without a unit has that of the study's field columns."""
    units = {
        one.cells["x_unit"]
        for one in measurements
        if one.cells["kind"] == "ahe_loop" and one.cells["x_unit"] != UNKNOWN
    }
    for one in measurements:
        for cell, value in names[one.file].unitless.items():
            if cell in one.cells or cell not in _conditions_of(one):
                continue
            said = names[one.file].words[cell]
            if len(units) == 1 and np.isfinite(value):
                (unit,) = units
                one.cells[cell] = in_sheet_units(value, str(unit), cell)
                one.named[cell] = f"{said} (in {unit}, as the field columns)"
            else:
                one.cells[cell] = UNKNOWN
                one.choices[cell] = [said]


def _joined_branches(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Two files that hold one branch each become one measurement."""
    partners: dict[tuple, list[Measurement]] = defaultdict(list)
    for one in measurements:
        if one.branch and one.cells["kind"] in ("ahe_loop", "vsm_loop"):
            name, found = _BRANCH_WORDS.subn("", one.file)
            if found:
                partners[name, one.cells.get("temperature_k")].append(one)
    gone = []
    for pair in partners.values():
        if len(pair) == 2 and pair[0].branch == -pair[1].branch:
            first, second = pair
            first.file = f"{first.file};{second.file}"
            first.named["file"] = "two branches, by the words in their names"
            gone.append(second)
    return [one for one in measurements if not any(one is other for other in gone)]


def _loop_shifts(measurements: Sequence[Measurement]) -> None:
    """Field loops of one sample at several currents, or fields in the plane, are a series.

    At currents of both signs it is one, also where no current has its opposite; and where fields
    in the plane are known and currents or fields differ.
    """
    series: dict[tuple, list[Measurement]] = defaultdict(list)
    for one in measurements:
        current, field = one.cells.get("current_ma"), one.cells.get("field_x_oe")
        if one.cells["kind"] == "ahe_loop" and isinstance(current, float) and current:
            key = field if field in (None, UNKNOWN) else "known"
            series[one.cells["sample"], one.cells.get("temperature_k"), key].append(one)
    for (_, _, field), loops in series.items():
        currents = {float(one.cells["current_ma"]) for one in loops}
        fields = {one.cells.get("field_x_oe") for one in loops}
        both_signs = min(currents) < 0 < max(currents)
        if both_signs or (field == "known" and len(currents) + len(fields) > 2 and fields != {0.0}):
            for one in loops:
                one.cells["kind"] = "loop_shift"
                what = "currents of both signs" if both_signs else "currents or fields in the plane"
                one.why = f"{one.why}, with others of its sample at {what}"
                one.second = "ahe_loop, if it stands alone"


def _open_cells(one: Measurement) -> None:
    """Cells without which the measurement cannot be read or used, and that no file says."""
    cells = one.cells
    kind = KINDS.get(str(cells["kind"]))
    needed = kind.required if kind else ()
    by_row = "current_column" in cells
    if cells.get("y_quantity") == "voltage" and cells["kind"] != "resistivity" and not by_row:
        needed = (*needed, "current_ma")
    for cell in needed:
        cells.setdefault(cell, UNKNOWN)


def _unreadable(folder: Path, one: Measurement) -> str:
    """Why a row that is complete cannot be read; empty if it can."""
    if UNKNOWN in one.cells.values():
        return ""
    try:
        read_measurement(folder, {"file": one.file, **one.cells})
    except Hall2netError as error:
        return str(error).removeprefix(f"{folder}/")
    return ""


def _identify(measurements: Sequence[Measurement]) -> None:
    """Give ids: the file's name, with folder, conditions or a number where it is not enough."""
    paths = [PurePosixPath(one.file.split(";")[0]) for one in measurements]
    of_stem = Counter(sanitised(path.stem) for path in set(paths))
    of_path = Counter(paths)
    values: dict[tuple, set] = defaultdict(set)
    for one, path in zip(measurements, paths, strict=True):
        for cell in _SETTINGS:
            values[path, cell].add(one.cells.get(cell))
    taken: set[str] = set()
    for one, path in zip(measurements, paths, strict=True):
        stem = sanitised(path.stem)
        name = sanitised(path.with_suffix("").as_posix()) if of_stem[stem] > 1 else stem
        if of_path[path] > 1:
            settings = [
                words.format(one.cells[cell])
                for cell, words in _SETTINGS.items()
                if isinstance(one.cells.get(cell), float) and len(values[path, cell]) > 1
            ]
            name += "_" + sanitised("_".join(settings))
        name = name or str(one.cells["kind"]).strip(UNKNOWN) or "file"
        number, unique = 2, name
        while unique in taken:
            unique, number = f"{name}_{number}", number + 1
        taken.add(unique)
        one.cells["id"] = unique
