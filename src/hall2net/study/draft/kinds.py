"""Which kind of measurement a file is, from its columns and the way they run."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from hall2net.errors import FileError
from hall2net.measurement import AMPLITUDES, KINDS, temperature_tolerance
from hall2net.readers.columns import COIL, NONE
from hall2net.readers.selection import LEAST_CYCLE
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.channels import called, channel_of, of_named_channel, without_doubles
from hall2net.study.draft.columns import Column, RawFile, follows
from hall2net.study.draft.lock_in import amplitude, direction, lock_in_parts
from hall2net.study.draft.names import in_sheet_units

_HALL = re.compile(r"(?i)xy|yx|hall|ahe|transv|\br_?h\b|\bquer|ホール|霍尔|霍爾")
_ALONG = re.compile(r"(?i)xx|long|4.?p|four|längs|縦")
_EVEN = re.compile(r"(?i)(?<![a-z])(?:[agts]?mr|magneto.?resist\w*)(?![a-z])")
_READ = re.compile(r"(?i)read|sens|prob|meas|bias|ac\b|excit|dc\b")
_WIDTH = re.compile(r"(?i)puls|width|duration")
_AGES = re.compile(
    r"(?i)retention|relax|ag(?:e)?ing|(?:after|since).{0,12}(?:write|writing|puls|set)|decay"
)
_WEARS = re.compile(r"(?i)endur|fatigue|cycl")
_STRAIGHT = 0.999  # correlation of a current-voltage curve
_MANY_TURNS = 0.1  # turning points to points, beyond which a current jumps and does not sweep
_SIGNALS = ("resistance", "voltage", "resistivity")  # loops are fitted to resistances
_LOWEST_K, _HIGHEST_K = 0.01, 1500.0  # beyond these a temperature channel is not connected
_DRIFT = 0.1  # of the mean temperature, up to which a drift is a measurement at its mean
_SKIPPED = 3.0  # last cycle over the cycles read, from which most were not read
_LOGARITHMIC = 10.0  # last over first step of a time, from which it was sampled by its logarithm
_MOST_SETS = 40  # currents or fields in one file; a column with more of them sweeps
_SAME_SETTING = 0.02  # relative difference of two settings that are one
_SAME_FIELD_OE = 5.0  # two fields that are one: a magnet's poles keep some remanence


@dataclass
class Measurement:
    """A row of the sheet in the making.

    Attributes
    ----------
    file : name relative to the folder; two branches joined by `;`
    cells : columns of the sheet
    choices : for a cell that is `?`, the columns of the file that it may be
    opening : difference of the branches over their noise, of a swept signal; 0 if not known
    branch : +1 or -1 for one rising or falling branch alone, 0 for a closed loop
    largest_x : largest field (Oe) or write current (mA)
    named : what was read from the names of file and folders: cell to words
    facts : dimensions of the sample that the file says
    why : what made it this kind of measurement
    second : what it may be as well; empty if nothing else fits
    remarks : what the user should know of the file
    """

    file: str
    cells: dict[str, str | float]
    choices: dict[str, list[str]] = field(default_factory=dict)
    opening: float = 0.0
    branch: int = 0
    largest_x: float = np.nan
    named: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str | float] = field(default_factory=dict)
    why: str = ""
    second: str = ""
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """The rows of a file that were taken under one set of conditions.

    Attributes
    ----------
    rows : (rows,) True for those that belong to it; None for all
    cells : conditions that are those of these rows
    remarks : what the user should know of them
    """

    rows: np.ndarray | None = None
    cells: dict[str, str | float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def measurements_in(file: RawFile) -> list[Measurement]:
    """Measurements that a file holds: one, or one at each of its temperatures or currents.

    Raises
    ------
    FileError
        If its columns are those of no kind of measurement.
    """
    fields = sorted((c for c in file.of("field") if c.sweeps), key=lambda c: c.in_plane)
    currents = [c for c in file.of("current") if c.sweeps and not c.is_of_a_magnet(fields)]
    moments = [column for column in file.of("moment") if column.changes]
    signals = [column for column in file.of(*_SIGNALS) if column.changes]
    pulses = _pulse_columns(file)
    if parts := lock_in_parts(file):
        return _harmonics(file, fields, parts)
    if moments and fields:
        return _against_field(file, "vsm_loop", fields, moments)
    if signals and fields:
        steps = all(_settings(column, column.values) for column in currents)
        if not currents or steps:
            return _against_field(file, "ahe_loop", fields, signals)
        if len(_settings(fields[0], fields[0].values)) > 1:
            return _against_current(file, currents, signals)
        return [_open_kind(file, [fields[0], *currents], signals)]
    if signals and currents:
        return _against_current(file, currents, signals)
    coils = [c for c in file.of("current") if c.sweeps]
    if coils and (moments or signals) and not pulses:
        return _against_coil(file, coils, moments or signals)
    return _without_sweep(file, fields, signals)


def _without_sweep(
    file: RawFile, fields: Sequence[Column], signals: Sequence[Column]
) -> list[Measurement]:
    """What neither a field nor a current sweeps: against time or a count, or not known.

    Raises
    ------
    FileError
        If its columns are those of no kind of measurement.
    """
    pulses = _pulse_columns(file)
    times = [column for column in file.of("time") if column.changes]
    if signals and times and _says_retention(file, times):
        return _against_time(file, times, signals)
    if signals and pulses:
        return [_counted(file, signals, pulses)]
    if signals and any(column.sweeps for column in _temperatures(file)):
        constant = file.of("current")
        if constant:
            along = _in_parts(file, "resistivity", constant[0], signals)
            if len(along) == 1:
                return along
        raise _no_kind(file, "a temperature sweep; resistivity is read at one temperature")
    if signals and times:
        return _against_time(file, times, signals)
    unnamed = [column for column in file.of("unknown") if column.changes]
    if fields and unnamed:
        return [_unknown_signal(file, fields[0], unnamed)]
    if len(unnamed) > 1:
        return [_without_names(file, unnamed)]
    raise _no_kind(file)


def _against_field(
    file: RawFile, kind: str, fields: Sequence[Column], signals: Sequence[Column]
) -> list[Measurement]:
    rows = _in_parts(file, kind, fields[0], signals)
    others = [
        column
        for column in fields[1:]
        if not _settings(column, column.values) and _is_another(column, fields[0])
    ]
    for one in rows:
        one.why = f"{fields[0].name} sweeps"
        if others:
            one.cells["x_column"] = one.cells["x_unit"] = UNKNOWN
            one.choices["x_column"] = [column.name for column in (fields[0], *others)]
            one.remarks.append("two fields sweep")
        if kind == "ahe_loop":
            one.second = "loop_shift, if the currents of several loops move its centre"
            if _is_no_hall_signal(file, one):
                one.cells["kind"] = UNKNOWN
                one.why += ", and the signal seems to be read along the bar"
                one.second = "ahe_loop, if it is a Hall signal"
    return rows


def _is_no_hall_signal(file: RawFile, one: Measurement) -> bool:
    """Whether names say that the only signal is a resistance along the bar."""
    name = str(one.cells["y_column"])
    said = f"{name} {called(file.words).get(''.join(channel_of(name)[:1]), '')}"
    if name == UNKNOWN or _HALL.search(said):
        return False
    return bool(_ALONG.search(said) or _EVEN.search(said) or _EVEN.search(file.name))


def _is_another(column: Column, x: Column) -> bool:
    """Whether a second field is one of its own: that of another curve of the table, too."""
    same_name = re.sub(r"\d+", "", column.name) == re.sub(r"\d+", "", x.name)
    if same_name and channel_of(column.name) != channel_of(x.name):
        return not np.array_equal(column.values, x.values, equal_nan=True)
    return not follows(column.values, x.values)


def _against_coil(
    file: RawFile, coils: Sequence[Column], signals: Sequence[Column]
) -> list[Measurement]:
    """The current of a magnet stands for its field, which a calibration gives."""
    named = [column for column in coils if column.is_of_a_coil]
    x = (named or list(coils))[0]
    kind = "vsm_loop" if signals[0].quantity == "moment" else "ahe_loop"
    rows = _in_parts(file, kind, x, signals)
    for one in rows:
        one.cells[COIL] = UNKNOWN
        one.why = f"{x.name} sweeps, {'' if named else 'perhaps '}the current of a magnet"
        if not named:
            one.cells["kind"] = UNKNOWN
            one.second = f"{kind}, or sot_switching if this current flows through the bar"
    return rows


def _harmonics(
    file: RawFile, fields: Sequence[Column], parts: dict[str, Column]
) -> list[Measurement]:
    """A sweep or rotation read by lock-in amplifiers; a rotation at each size of the field."""
    angles = [column for column in file.of("angle") if column.sweeps]
    if not angles and not fields:
        raise _no_kind(file, "two harmonics, and neither an angle nor a field sweeps")
    x = angles[0] if angles else fields[0]
    kind = "harmonic_angle" if angles else "harmonic_field"
    measured = np.isfinite(x.values) & np.isfinite(parts["first_x"].values)
    rows = []
    for part in _at_each_temperature(file, measured):
        for one in _at_each_size(file, part, measured) if angles else [part]:
            made = _measurement(file, kind, x, [parts["first_x"]], one)
            made.why = f"two harmonics, {x.name} {'turns' if angles else 'sweeps'}"
            for key in ("first_y", "second_x", "second_y"):
                if key in parts:
                    made.cells[f"{key}_column"] = parts[key].name
            if "second_y" not in parts:
                made.cells["second_y_column"] = UNKNOWN
            if not angles:
                made.cells["direction_deg"] = direction(x, file.name)
            _amplitudes(made, file, [column.name for column in parts.values()])
            rows.append(made)
    return rows


def _amplitudes(made: Measurement, file: RawFile, signals: list[str]) -> None:
    """What voltages and current are amplitudes of, where the names say it."""
    currents = [column.name for column in file.of("current")]
    made.cells["current_amplitude"] = amplitude(currents)
    if made.cells["y_quantity"] == "voltage":
        made.cells["voltage_amplitude"] = amplitude(signals)
    for cell in ("current_amplitude", "voltage_amplitude"):
        if made.cells.get(cell) == UNKNOWN:
            made.choices[cell] = list(AMPLITUDES)


def _at_each_size(file: RawFile, part: Part, measured: np.ndarray) -> Iterator[Part]:
    """The rows at each field in which a sample was rotated."""
    rows = measured if part.rows is None else measured & part.rows
    for column in (column for column in file.of("field") if column.unit):
        settings = _settings(column, column.values[rows])
        for setting in settings:
            apart = np.diff(settings).min() / 2 if len(settings) > 1 else np.inf
            wide = min(_SAME_SETTING * max(map(abs, settings)), apart)
            near = rows & (np.abs(column.values - setting) <= max(wide, 1e-12))
            oersted = round(in_sheet_units(abs(setting), column.unit, "field_oe"), 1)
            chosen = near if len(settings) > 1 else part.rows
            yield Part(chosen, {**part.cells, "field_oe": oersted}, part.remarks)
        if settings:
            return
    yield part


def _temperatures(file: RawFile) -> list[Column]:
    """Temperature columns of channels that are connected."""
    found = []
    for column in file.of("temperature"):
        values = column.values[np.isfinite(column.values)]
        if ((values > _LOWEST_K) & (values < _HIGHEST_K)).mean() > 0.5:
            found.append(column)
    return found


def _in_parts(file: RawFile, kind: str, x: Column, signals: Sequence[Column]) -> list[Measurement]:
    """One measurement for each temperature and setting at which the file stays."""
    measured = np.isfinite(x.values) & np.any([np.isfinite(s.values) for s in signals], axis=0)
    rows = []
    parts = list(_parts(file, kind, x, measured))
    for part in parts:
        values = x.values if part.rows is None else np.where(part.rows, x.values, np.nan)
        swept = Column(x.name, x.quantity, x.unit, values)
        if len(parts) == 1 or swept.sweeps or kind == "resistivity":
            rows.append(_measurement(file, kind, x, signals, part))
    if not rows:
        raise _no_kind(file, f"{x.name} does not sweep at any of its settings")
    return rows


def _parts(file: RawFile, kind: str, x: Column, measured: np.ndarray) -> Iterator[Part]:
    for part in _at_each_temperature(file, measured):
        rows = measured if part.rows is None else measured & part.rows
        splitting = None if kind in ("vsm_loop", "resistivity") else _splitting(file, x, rows)
        if splitting is None:
            yield from _in_cycles(file, kind, x, part, rows)
            continue
        column, cell, settings = splitting
        for setting in settings:
            wide = min(_SAME_SETTING * max(map(abs, settings)), np.diff(settings).min() / 2)
            near = rows & (np.abs(column.values - setting) <= wide)
            value = in_sheet_units(setting, column.unit, cell)
            own = Part(near, {**part.cells, cell: value}, part.remarks)
            yield from _in_cycles(file, kind, x, own, near)


def _in_cycles(file: RawFile, kind: str, x: Column, part: Part, rows: np.ndarray) -> Iterator[Part]:
    """Each cycle that a column counts, where it is a closed loop against a field."""
    for column in file.of("cycle") if kind in ("ahe_loop", "vsm_loop") else []:
        numbers = np.unique(column.values[rows & np.isfinite(column.values)])
        if not 1 < len(numbers) <= _MOST_SETS:
            continue
        cycles = {float(n): rows & (column.values == n) for n in numbers}
        runs = [x.values[own] for own in cycles.values()]
        if all(len(run) >= LEAST_CYCLE and _branch_of(run) == 0 for run in runs):
            for number, own in cycles.items():
                cells = {**part.cells, "cycle": number, "cycle_column": column.name}
                said = f"{column.name} counts {len(cycles)} cycles; without `cycle` a row has all"
                yield Part(own, cells, (*part.remarks, said))
            return
    yield part


def _splitting(
    file: RawFile, x: Column, rows: np.ndarray
) -> tuple[Column, str, list[float]] | None:
    """The column whose settings part the rows, the condition that it is, and the settings."""
    for column in file.of("current", "field"):
        wanted = "current" if x.quantity == "field" or x.is_of_a_coil else "field"
        is_other_field = column.quantity == "field" and x.quantity == "field" and column.in_plane
        if column is x or not column.unit or not (column.quantity == wanted or is_other_field):
            continue
        if follows(column.values, x.values) or column.is_of_a_magnet([]):
            continue
        values = column.values[rows]
        settings = _settings(column, values)
        if len(settings) > 1 and not _alternates(values):
            return column, "current_ma" if column.quantity == "current" else "field_x_oe", settings
    return None


def _settings(column: Column, values: np.ndarray) -> list[float]:
    """Values at which a column stays in turn, ascending; none where it runs through them."""
    known = values[np.isfinite(values)]
    if not known.size or not np.abs(known).max():
        return []
    ordered = np.sort(known)
    wide = _SAME_SETTING * np.abs(known).max()
    if column.quantity == "field" and column.unit:
        wide = max(wide, _SAME_FIELD_OE / column.in_oersted)
    groups = np.split(ordered, np.flatnonzero(np.diff(ordered) > wide) + 1)
    # Fewer rows than these are on the way from one setting to the next.
    least = max(6, 0.02 * len(ordered))
    groups = [group for group in groups if len(group) >= least]
    stays = sum(map(len, groups)) > 0.9 * len(ordered) and all(np.ptp(g) <= wide for g in groups)
    return [float(np.median(g)) for g in groups] if stays and len(groups) <= _MOST_SETS else []


def _alternates(current: np.ndarray) -> bool:
    """Whether a read current changes its sign from row to row."""
    known = current[np.isfinite(current) & (current != 0)]
    return len(known) > 3 and bool(np.mean(known[1:] * known[:-1] < 0) > 0.9)


def _at_each_temperature(file: RawFile, measured: np.ndarray) -> Iterator[Part]:
    """The rows at each set point; readers part them by the temperature of the row."""
    dead = [c for c in file.of("temperature") if c not in _temperatures(file)]
    remarks = tuple(f"{c.name}: no temperature, the channel is not connected" for c in dead)
    # Where the dead channel is the only one, the reader must not choose by it.
    ignored: dict[str, str | float] = {"temperature_column": NONE} if dead else {}
    found = [c for c in _temperatures(file) if np.isfinite(c.values[measured]).any()]
    if not found:
        yield Part(None, ignored, remarks)
        return
    temperature = np.where(measured, found[0].values, np.nan)
    points = _set_points(temperature)
    if len(points) == 1:
        yield Part(None, {"temperature_k": points[0]}, remarks)
    elif points:
        for point in points:
            near = np.abs(temperature - point) <= temperature_tolerance(point)
            yield Part(near, {"temperature_k": point}, remarks)
    else:
        low, high = float(np.nanmin(temperature)), float(np.nanmax(temperature))
        mean = float(np.nanmean(temperature))
        wide = high - low > _DRIFT * mean
        said = f"the temperature drifts from {low:.4g} to {high:.4g} K"
        cells: dict[str, str | float] = {
            "temperature_k": UNKNOWN if wide else float(f"{mean:.4g}"),
            "temperature_column": NONE,
        }
        said += ": is the channel connected?" if wide else "; taken at its mean"
        yield Part(None, cells, (*remarks, said))


def _set_points(temperature: np.ndarray) -> list[float]:
    """Temperatures at which a table stays; none if it drifts."""
    values = np.sort(temperature[np.isfinite(temperature)])
    tolerances = np.array([temperature_tolerance(value) for value in values[1:]])
    parts = np.split(values, np.flatnonzero(np.diff(values) > tolerances) + 1)
    points = []
    for part in parts:
        # A few points on the way from one set point to the next are none.
        if len(part) < max(3, 0.02 * len(values)):
            continue
        point = float(np.median(part))
        if np.ptp(part) > 2 * temperature_tolerance(point):
            return []
        # A number that never changes was set, and is no reading with noise.
        digits = 4 if np.ptp(part) == 0 else 1 if point >= 10 else 2
        points.append(round(point, digits))
    return points


def _against_current(
    file: RawFile, currents: Sequence[Column], signals: Sequence[Column]
) -> list[Measurement]:
    """A current-voltage curve, a pulse train, or a switching loop."""
    x, pulses = currents[0], _pulse_columns(file)
    known = np.isfinite(x.values) & np.any([np.isfinite(s.values) for s in signals], axis=0)
    current = x.values[known]
    if _jumps(current):
        part = next(_at_each_temperature(file, known))
        one = _measurement(file, "pulse_train", x, signals, part, pulses=pulses)
        one.why = f"{x.name} jumps from pulse to pulse"
        if not pulses:
            one.cells["kind"] = UNKNOWN
            one.remarks.append("no column counts the pulses")
        return [one]
    straight = [s for s in signals if s.quantity == "voltage" and _straight(x, s)]
    along = [s for s in signals if _ALONG.search(s.name) and not _HALL.search(s.name)]
    single = _branch_of(current) != 0 and len(along) == len(signals)
    if straight or single:
        rows = _in_parts(file, "resistivity", x, straight or along)
        why = (
            "the voltage is a straight line of" if straight else "the signal along the bar against"
        )
        second = "sot_switching, if the current writes"
    else:
        rows = _in_parts(file, "sot_switching", x, signals)
        why, second = (
            "a signal that is no straight line, against",
            "resistivity, if the signal is read along the bar",
        )
    for one in rows:
        one.why, one.second = f"{why} {x.name}", second
        if len(currents) > 1 and not all(follows(c.values, x.values) for c in currents[1:]):
            one.cells["x_column"] = one.cells["x_unit"] = UNKNOWN
            one.choices["x_column"] = [column.name for column in currents]
    return rows


def _counted(file: RawFile, signals: Sequence[Column], pulses: Sequence[Column]) -> Measurement:
    """Writes that a column counts: pulses, or the cycles of an endurance test."""
    written = [c for c in file.of("current") if c.changes and not c.is_of_a_magnet([])]
    x = written[0] if len(written) == 1 else None
    both_signs = x is not None and np.nanmin(x.values) < 0 < np.nanmax(x.values)
    says = any(map(_WEARS.search, (file.name, *file.words, *(c.name for c in pulses))))
    says = says or _skips(pulses[0])
    part = next(_at_each_temperature(file, np.isfinite(signals[0].values)))
    if not (says and both_signs):
        made = _measurement(file, "pulse_train", x, signals, part, pulses=pulses)
        if says:
            made.second = "endurance, of one state written again and again"
        return made
    made = _measurement(file, "endurance", x, signals, part, pulses=pulses)
    made.why = f"two write currents in turn, {pulses[0].name} counts the cycles"
    made.second = "pulse_train, whose states are a device's"
    return made


def _skips(column: Column) -> bool:
    """Whether the numbers of cycles leave most of them out."""
    known = np.unique(column.values[np.isfinite(column.values) & (column.values > 0)])
    return bool(known.size) and bool(known[-1] > _SKIPPED * known.size)


def _says_retention(file: RawFile, times: Sequence[Column]) -> bool:
    """Whether names or words say that a state is read after its write, or times as for that."""
    said = (file.name, *file.words, *(column.name for column in times))
    if any(map(_AGES.search, said)):
        return True
    steps = np.diff(times[0].values[np.isfinite(times[0].values)])
    return bool(steps.size > 2 and steps.min() > 0 and steps[-1] > _LOGARITHMIC * steps[0])


def _against_time(
    file: RawFile, times: Sequence[Column], signals: Sequence[Column]
) -> list[Measurement]:
    """A state that is read again and again: retention where words say so."""
    named = [column for column in times if _AGES.search(column.name)]
    x = (named or list(times))[0]
    made = _measurement(file, "retention", x, signals, Part())
    part = next(_at_each_temperature(file, np.isfinite(x.values)))
    made.cells |= part.cells
    made.remarks += part.remarks
    known = x.values[np.isfinite(x.values)]
    made.why = f"the signal against {x.name}, nothing else sweeps"
    if not _says_retention(file, times) or (np.diff(known) < 0).any():
        made.cells["kind"] = UNKNOWN
        made.second = "retention, if a state was written before"
    return [made]


def _measurement(
    file: RawFile,
    kind: str,
    x: Column | None,
    signals: Sequence[Column],
    part: Part,
    pulses: Sequence[Column] = (),
) -> Measurement:
    made = Measurement(file.name, {"format": file.format, "kind": kind})
    y: Column | None
    cells = made.cells
    cells |= part.cells
    made.remarks += part.remarks
    if kind == "vsm_loop" and file.format != "delimited" and len(signals) > 1:
        y = signals[0]  # of raw and corrected moments the format knows its own
    else:
        if x is None:
            cells["x_column"] = cells["x_unit"] = UNKNOWN
        else:
            cells["x_column"], cells["x_unit"] = x.name, x.unit or UNKNOWN
        y = _signal(made, file, kind, signals)
        if pulses:
            cells["pulse_column"] = pulses[0].name
            made.why = f"{pulses[0].name} counts pulses"
        times = [c for c in file.of("time") if c.unit and c.changes]
        if times and times[0] is not x and file.format == "delimited":
            cells["time_column"], cells["time_unit"] = times[0].name, times[0].unit
    if x is not None:
        _constants(made, file, x, y, part.rows)
        values = x.values if part.rows is None else np.where(part.rows, x.values, np.nan)
        of_current = x.is_of_a_coil or (kind == "ahe_loop" and x.quantity == "current")
        if x.unit and x.quantity in ("field", "current") and not of_current:
            cell = "field_x_oe" if x.quantity == "field" else "current_ma"
            made.largest_x = in_sheet_units(float(np.nanmax(np.abs(values))), x.unit, cell)
        if y is not None:
            both = np.isfinite(values) & np.isfinite(y.values)
            made.branch = _branch_of(values[both])
            made.opening = _opening(values[both], y.values[both])
    return made


def _signal(
    made: Measurement, file: RawFile, kind: str, signals: Sequence[Column]
) -> Column | None:
    """Choose the column of the signal, or leave it open where several may be it."""
    cells = made.cells
    wanted, other = (_ALONG, _HALL) if kind == "resistivity" else (_HALL, _ALONG)
    signals = of_named_channel(file.words, without_doubles(signals), wanted, other)
    # What is named as the voltage along the bar is no Hall signal, and the other way round.
    signals = [s for s in signals if wanted.search(s.name) or not other.search(s.name)] or list(
        signals
    )
    for preferred in (
        [s for s in signals if s.quantity == "moment"],
        [s for s in signals if wanted.search(s.name)],
        *([s for s in signals if s.quantity == quantity] for quantity in _SIGNALS),
    ):
        found = preferred or []
        if found and len({s.quantity for s in found}) == 1:
            break
    else:
        found = list(signals)
    if len(found) > 1:
        cells["y_column"] = UNKNOWN
        made.choices["y_column"] = [s.name for s in found]
    else:
        cells["y_column"] = found[0].name
    units = {s.unit for s in found}
    cells["y_unit"] = (units.pop() or UNKNOWN) if len(units) == 1 else UNKNOWN
    cells["y_quantity"] = found[0].quantity
    return found[0] if len(found) == 1 else None


def _constants(
    made: Measurement, file: RawFile, x: Column, y: Column | None, rows: np.ndarray | None
) -> None:
    """Conditions that a column says by staying at one value."""
    kind = str(made.cells["kind"])
    conditions = KINDS[kind].conditions if kind in KINDS else ()
    currents: dict[str, float] = {}
    for column in file.columns:
        values = column.values if rows is None else column.values[rows]
        known = values[np.isfinite(values)]
        if column is x or not column.unit or not known.size:
            continue
        value = float(np.median(known))
        if column.quantity == "current" and y is not None and _is_read_row_by_row(column, kind, y):
            if _alternates(known):
                made.cells["current_column"] = column.name
                made.remarks.append(f"{column.name} alternates: read at both signs in turn")
        if np.ptp(known) > _SAME_SETTING * np.abs(known).max():
            continue
        if column.quantity == "current" and value and not column.is_of_a_magnet([]):
            if "current_ma" in conditions and _is_read(column, kind, y):
                currents[column.name] = in_sheet_units(value, column.unit, "current_ma")
        elif column.quantity == "field" and "field_x_oe" in conditions:
            if x.quantity == "current" or column.in_plane:
                oersted = in_sheet_units(value, column.unit, "field_x_oe")
                made.cells.setdefault("field_x_oe", round(oersted, 1))
        elif column.quantity in ("time", "pulse") and _WIDTH.search(column.name):
            if "pulse_width_s" in conditions and value > 0 and column.quantity == "time":
                seconds = in_sheet_units(value, column.unit, "pulse_width_s")
                made.cells.setdefault("pulse_width_s", seconds)
    # Of several channels' currents, that of the signal's own.
    if y is not None and len(currents) > 1:
        channel = channel_of(y.name)
        currents = {c: v for c, v in currents.items() if channel_of(c) == channel} or currents
    values = list(currents.values())
    if values and np.ptp(values) <= _SAME_SETTING * max(map(abs, values)):
        made.cells.setdefault("current_ma", values[0])


def _is_read_row_by_row(column: Column, kind: str, y: Column) -> bool:
    return y.quantity == "voltage" and kind in KINDS and _is_read(column, kind, y)


def _is_read(column: Column, kind: str, y: Column | None) -> bool:
    """Whether a constant current is the one that the signal is read at.

    Beside a write current it is so where its name says it, or a voltage needs one.
    """
    swept = KINDS[kind].x in ("field", "angle", "time")
    return swept or bool(_READ.search(column.name)) or (y is not None and y.quantity == "voltage")


def _pulse_columns(file: RawFile) -> list[Column]:
    """Columns that count: whole numbers that never fall, or begin again."""
    counting = []
    for quantity in ("pulse", "counter", "cycle"):
        for column in file.columns:
            if column.quantity != quantity or not column.filled:
                continue
            values = column.values[np.isfinite(column.values)]
            steps = np.diff(values)
            whole = (values == np.round(values)).all()
            if whole and len(np.unique(values)) > 2 and np.mean(steps >= 0) > 0.8:
                counting.append(column)
    return counting


def _open_kind(file: RawFile, swept: Sequence[Column], signals: Sequence[Column]) -> Measurement:
    """Two columns sweep: only the user knows which of them the measurement is of."""
    made = _measurement(file, "ahe_loop", swept[0], signals, Part())
    made.cells["kind"] = made.cells["x_column"] = made.cells["x_unit"] = UNKNOWN
    made.choices["x_column"] = [column.name for column in swept]
    made.why = f"{' and '.join(column.name for column in swept)} sweep"
    made.second = "ahe_loop against the field, or sot_switching against the current"
    return made


def _unknown_signal(file: RawFile, x: Column, columns: Sequence[Column]) -> Measurement:
    """Something against a field, and nothing says what it is."""
    names = [column.name for column in columns]
    cells: dict[str, str | float] = {
        "format": file.format, "kind": UNKNOWN, "x_column": x.name, "x_unit": x.unit or UNKNOWN,
        "y_column": names[0] if len(names) == 1 else UNKNOWN, "y_unit": UNKNOWN,
        "y_quantity": UNKNOWN,
    }  # fmt: skip
    made = Measurement(file.name, cells, why=f"{x.name} sweeps")
    if len(names) > 1:
        made.choices["y_column"] = names
    made.second = "ahe_loop for a resistance or voltage, vsm_loop for a moment"
    return made


def _without_names(file: RawFile, columns: Sequence[Column]) -> Measurement:
    """Columns of numbers without names: nobody but the user knows what they are."""
    cells: dict[str, str | float] = {"format": file.format, "kind": UNKNOWN}
    names = [column.name for column in columns]
    x, y = (names[0], names[1]) if len(names) == 2 else (UNKNOWN, UNKNOWN)
    cells |= {"x_column": x, "y_column": y, "y_quantity": UNKNOWN}
    made = Measurement(file.name, cells | {"x_unit": UNKNOWN, "y_unit": UNKNOWN})
    if len(names) > 2:
        made.choices = {"x_column": names, "y_column": names}
    made.why = f"{len(names)} columns of numbers without names"
    return made


def _no_kind(file: RawFile, why: str = "") -> FileError:
    held = ", ".join(f"{c.name} ({c.quantity})" for c in file.columns[:8] if c.filled)
    found = why or f"no kind of measurement has these columns: {held or 'none known'}"
    return FileError(file.name, found)


def _jumps(current: np.ndarray) -> bool:
    """Whether a current goes from pulse to pulse, and not step by step through a sweep."""
    steps = np.diff(current)
    steps = steps[steps != 0]
    if len(steps) < 4:
        return True
    turns = np.mean(np.sign(steps[1:]) != np.sign(steps[:-1]))
    return bool(turns > _MANY_TURNS or len(steps) < 0.3 * (len(current) - 1))


def _straight(x: Column, y: Column) -> bool:
    both = np.isfinite(x.values) & np.isfinite(y.values)
    if both.sum() < 3 or np.ptp(y.values[both]) == 0:
        return False
    return abs(np.corrcoef(x.values[both], y.values[both])[0, 1]) > _STRAIGHT


def _branch_of(x: np.ndarray) -> int:
    """+1 or -1 where x runs one way alone; 0 where it comes back."""
    if len(x) < 3:
        return 0
    coarse = x[np.linspace(0, len(x) - 1, min(len(x), 60)).astype(int)]
    steps = np.diff(coarse)
    up, down = steps[steps > 0].sum(), -steps[steps < 0].sum()
    if min(up, down) > 0.3 * np.ptp(x):
        return 0
    return 1 if up > down else -1


def _opening(x: np.ndarray, y: np.ndarray) -> float:
    """How far the two branches lie apart where they are furthest, over the signal's noise."""
    if len(x) < 12:
        return 0.0
    steps = np.gradient(x)
    edges = np.linspace(x.min(), x.max(), 13)[1:-1]
    bins = np.digitize(x, edges)
    apart = [
        np.median(y[(bins == k) & (steps > 0)]) - np.median(y[(bins == k) & (steps < 0)])
        for k in range(12)
        if ((bins == k) & (steps > 0)).sum() > 1 and ((bins == k) & (steps < 0)).sum() > 1
    ]
    noise = np.median(np.abs(np.diff(y))) or 1e-30
    return float(np.max(np.abs(apart)) / noise) if apart else 0.0
