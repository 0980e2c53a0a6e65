"""What configuration and sheets say of each other: names that must exist, facts that are needed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hall2net.errors import ConfigError, Problem, one_of
from hall2net.measurement import HARMONIC, KINDS
from hall2net.study.config import key_of
from hall2net.study.decisions import Decision, left_out
from hall2net.study.figures import all_figures
from hall2net.study.samples import allowed
from hall2net.synapse.precision import Precision
from hall2net.units import SI_FACTORS

LAYERS = {"stack": "stack_nm", "heavy_metal": "heavy_metal_nm"}
"""Column of `samples.csv` for each `switching.current_layer`."""


@dataclass(frozen=True)
class StudySheets:
    """What a study's sheets say.

    Attributes
    ----------
    folder : `raw/<study>`
    measurements : as `hall2net.study.sheet.read_sheet` gives it; none where it cannot be read
    samples : sample to its facts, as `hall2net.study.samples.read_samples` gives them; none where
        the sheet cannot be read
    lines : sample to its line in `samples.csv`
    decisions : of a person on single measurements
    """

    folder: Path
    measurements: pd.DataFrame | None
    samples: dict[str, dict[str, Any]] | None
    lines: dict[str, int] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)

    @property
    def used(self) -> pd.DataFrame:
        """The measurements that are read.

        One that a person left out is not, but where its table has a row for each measurement: that
        row is refused with the reason.
        """
        assert self.measurements is not None
        gone = self.measurements["id"].isin(list(left_out(self.decisions)))
        kept = self.measurements["kind"].map(lambda kind: KINDS[kind].row_each)
        return self.measurements[~gone | kept]


def check_references(
    config: Mapping[str, Any], sheets: Mapping[str, StudySheets], figures: Iterable[str]
) -> None:
    """Check that what the configuration names is there, and that the facts it needs are given.

    Parameters
    ----------
    config : a configuration that its schema allows; keys that the schema requires may be missing,
        as `hall2net.study.config.allowed_part` leaves it
    sheets : study to its sheets
    figures : names of all figures that can be drawn

    Raises
    ------
    ConfigError
        Every name that stands for nothing: a sample without a row in `samples.csv`, a reference
        that is no sample, a measurement of a LUT or of another device, a figure, a network's study
        or recipe; and every fact of a sample, block or kind of measurement that is missing where
        another needs it.
    """
    problems = [
        _with_study(one_of(key_of(*path), found, known, f"no {kind}"), path)
        for path, kind, found, known in _references(config, sheets, sorted(figures))
        if found not in known
    ]
    problems += _missing(config, sheets)
    if problems:
        raise ConfigError(problems=problems)


def needed_facts(block: Mapping[str, Any], kinds: Iterable[str]) -> dict[str, str]:
    """The facts of a sample that its kinds of measurement need, and what for.

    Parameters
    ----------
    block : of the study in the configuration; its settings decide which layers count
    kinds : of the sample's measurements
    """
    needed: dict[str, str] = {}
    sets = block.get("conventions", {}).values()
    # A number there is the thickness of all samples.
    own_thickness = not sets or any(one.get("t_fm", "sample") == "sample" for one in sets)
    layer = LAYERS.get(block.get("switching", {}).get("current_layer", "stack"), "stack_nm")
    for name in (name for name in KINDS if name in set(kinds)):
        if name == "loop_shift" and not sets:
            continue
        for fact in KINDS[name].facts:
            if fact == "ferromagnet_nm" and not own_thickness:
                continue
            if name == "sot_switching" and fact == "stack_nm":
                fact = layer
            needed.setdefault(fact, KINDS[name].purpose)
    return needed


def _with_study(problem: Problem, path: tuple[str, ...]) -> Problem:
    """The problem with the study that its place in the configuration belongs to."""
    return replace(problem, study=path[1]) if path[0] == "studies" else problem


def _references(
    config: Mapping[str, Any], sheets: Mapping[str, StudySheets], figures: list[str]
) -> Iterator[tuple[tuple[str, ...], str, Any, Iterable[str]]]:
    """Place in the configuration, kind of thing, name, and the names that there are."""
    networks = config.get("networks", {})
    for study, block in config.get("studies", {}).items():
        place, own = ("studies", study), sheets.get(study)
        if "reference" in block and own and own.samples is not None:
            yield (*place, "reference"), "sample", block["reference"], own.samples
        if own and own.measurements is not None:
            known = set(own.measurements["id"])
            if measurement := block.get("lut", {}).get("measurement"):
                yield (*place, "lut", "measurement"), "measurement", measurement, known
            for other in block.get("device", {}).get("others", []):
                yield (*place, "device", "others"), "measurement", other, known
        if network := block.get("advisor", {}).get("network"):
            yield (*place, "advisor", "network"), "network", network, networks
        for figure in block.get("figures", []):
            yield (*place, "figures"), "figure", figure, figures
    for network, block in networks.items():
        place = ("networks", network)
        if "study" in block:
            yield (*place, "study"), "study", block["study"], config.get("studies", {})
        if "recipe" in block:
            yield (*place, "recipe"), "recipe", block["recipe"], block.get("recipes", {})
    for sweep, block in config.get("sweeps", {}).items():
        place = ("sweeps", sweep)
        over, network = block.get("over", {}), block.get("network")
        if network is not None:
            yield (*place, "network"), "network", network, networks
        if "x" in block:
            yield (*place, "x"), "axis", block["x"], [*over, "states"]
        recipes = networks.get(network, {}).get("recipes", {})
        for recipe in over.get("recipe", []):
            yield (*place, "over", "recipe"), "recipe", recipe, recipes


def _missing(config: Mapping[str, Any], sheets: Mapping[str, StudySheets]) -> Iterator[Problem]:
    """What a measurement, a figure or a network needs and the study does not have."""
    studies = config.get("studies", {})
    for study, block in studies.items():
        found = [*_of_figures(study, block, sheets.get(study))]
        if study in sheets:
            own = sheets[study]
            found += [*_of_rows(own), *_of_samples(block, own), *_of_lut(study, block, own)]
        yield from (replace(problem, study=study) for problem in found)
    for network, block in config.get("networks", {}).items():
        yield from (
            replace(problem, study=str(block.get("study", "")))
            for problem in _of_network(network, block, studies)
        )


def _of_network(
    network: str, block: Mapping[str, Any], studies: Mapping[str, Any]
) -> Iterator[Problem]:
    study, where = studies.get(block.get("study", "")), key_of("networks", network, "weights")
    if study is None:
        return
    states = study.get("lut", {}).get("states")
    for precision in map(Precision.of, block.get("weights", {})):
        if precision.measured and "lut" not in study:
            found = f"'{precision}' needs a block 'lut' of study {block['study']!r}"
            yield Problem(where, found)
        elif precision.measured and states not in (None, precision.states):
            found = f"'{precision}', but the 'lut' of study {block['study']!r} has {states} states"
            yield Problem(where, found, f"{precision.kind}{states}")


def _of_figures(study: str, block: Mapping[str, Any], own: StudySheets | None) -> Iterator[Problem]:
    where = key_of("studies", study, "figures")
    measurements = None if own is None else own.measurements
    for figure in block.get("figures", []):
        if figure in all_figures():
            for words in all_figures()[figure].lacking(study, block, measurements):
                yield Problem(where, f"{figure!r} {words}")


def _of_rows(own: StudySheets) -> Iterator[Problem]:
    """Cells of harmonic measurements without which their numbers would mean nothing."""
    if own.measurements is None:
        return
    where = str(own.folder / "measurements.csv")
    for line, row in own.measurements.iterrows():
        if row["kind"] not in HARMONIC:  # of a sheet with mistakes it may be no kind at all
            continue
        needed = [*KINDS[row["kind"]].required, "second_y_column"]
        if row.get("lock_in_reference") == "cos":
            needed[-1] = "second_x_column"
        unit = row.get("y_unit") or ""
        if row.get("y_quantity") == "voltage" or unit in SI_FACTORS["voltage"]:
            needed.append("voltage_amplitude")
        for key in (key for key in needed if row.get(key) is None or row[key] != row[key]):
            expected = f"{_NEEDED.get(key, 'a number')} ({row['kind']})"
            yield Problem(where, "is empty", expected, key=key, lines=(int(str(line)),))


_NEEDED = {
    "current_amplitude": "rms or peak: what current_ma gives",
    "voltage_amplitude": "rms or peak: what the columns give",
    "direction_deg": "direction of a positive field, 0 along the current, 90 across it",
    "initial_field_z_oe": "sign of the magnetisation: of the field along z that set it",
    "second_y_column": "Y of the second harmonic",
    "second_x_column": "X of the second harmonic",
}


def _of_samples(block: Mapping[str, Any], own: StudySheets) -> Iterator[Problem]:
    if own.measurements is None or own.samples is None:
        return
    where = str(own.folder / "samples.csv")
    for sample, rows in own.measurements.groupby("sample"):
        if sample not in own.samples:
            yield one_of(where, sample, own.samples, "no row of sample")
            continue
        lines = (own.lines[sample],) if sample in own.lines else ()
        for fact, reason in needed_facts(block, set(rows["kind"])).items():
            if fact not in own.samples[sample]:
                expected = f"{allowed(fact)} ({reason})"
                yield Problem(where, "is empty", expected, key=fact, lines=lines)


def _of_lut(study: str, block: Mapping[str, Any], own: StudySheets) -> Iterator[Problem]:
    if own.measurements is None:
        return
    kinds = own.measurements.set_index("id")["kind"]
    if "conventions" in block and "reference" not in block and "loop_shift" in set(kinds):
        found = "key 'reference' is missing; 'conventions' needs it"
        yield Problem(key_of("studies", study), found)
    gone = left_out(own.decisions)
    for name in (
        block.get("lut", {}).get("measurement"),
        *block.get("device", {}).get("others", []),
    ):
        if name in gone:
            found = f"{name!r} is left out in decisions.csv"
            yield Problem(key_of("studies", study), found, "another measurement for the states")
    lut = block.get("lut", {})
    kind, source = kinds.get(lut.get("measurement")), lut.get("source")
    wanted = [name for name in KINDS if KINDS[name].lut_source == source]
    if kind is not None and wanted and kind not in wanted:
        yield Problem(
            key_of("studies", study, "lut", "measurement"),
            f"{lut['measurement']!r} is of kind {kind}",
            f"one of kind {', '.join(wanted)} (source: {source})",
        )
