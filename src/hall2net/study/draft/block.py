"""A study's block in `config.yaml`, written as text so that the comments around it stay."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from hall2net.errors import FileError
from hall2net.measurement import HARMONIC
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.kinds import Measurement
from hall2net.study.figures import all_figures

_LOOP_STATES = 8
_OPENING = 5.0  # of a switching loop over its noise, from which it may hold states
_LOOPS = """\
loops:
  criterion: half                  # half | erf | tanh: how a switching field is read
  window: 1                        # largest fraction of a sweep, from either end, that is saturated
  slope: fitted                    # fitted | none: Hall slope, even pick-up and drift
"""
_SWITCHING = """\
switching:
  current_layer: stack             # stack | heavy_metal: the layers that j refers to
  heating_limit_k: 20              # a current that warms the film by more is flagged
"""
_CONVENTIONS = """\
conventions:                       # of the torque
  adopted:
    loop_shift: line               # pair: H0(+I) - H0(-I) | line: slope of H0(I), with intercept
    dh_to_field: half              # half: H_z = -DeltaH/2 | literal: -DeltaH
    wall_factor: 2/pi              # 2/pi: aligned Neel walls | "1"
    current_layer: stack           # stack | heavy_metal | parallel: layers that j flows through
    sbf_form: product              # product | printed: bracket of the spin-backflow formula
    keff_sign: pma                 # pma | easy_plane: which anisotropy is positive
    keff_integrand: h_dm           # h_dm | h_m_dm: the work done by the field, or as printed
    t_fm: sample                   # sample: ferromagnet_nm of each | a thickness in nm for all
"""
_HARMONIC = """\
harmonic:
  heavy_metal: below               # below | above the ferromagnet: sign of the Oersted field
  misalignment_deg: 1.0            # 1 sigma of the field's direction in the plane, assumed
"""
SETTINGS = {**yaml.safe_load(_SWITCHING), **yaml.safe_load(_CONVENTIONS)}
"""What a drafted block sets; it decides which facts of the samples are needed."""
REFERENCE = "the sample that the others are compared with"


def study_block(name: str, measurements: Sequence[Measurement]) -> str:
    """The study's block, not yet indented below `studies:`.

    Parameters
    ----------
    name : of the study
    measurements : its rows, with `id` and `sample` among the cells
    """
    kinds = {str(one.cells["kind"]) for one in measurements}
    parts = [f"data_source: measured, {name}   # words on where the raw files come from\n"]
    samples = sorted({str(one.cells["sample"]) for one in measurements} - {UNKNOWN})
    if "loop_shift" in kinds:
        alone = f" {_scalar(samples[0])}" if len(samples) == 1 else ""
        parts.append(f"reference:{alone}   # fill in: {REFERENCE}\n")
    if kinds & {"ahe_loop", "loop_shift"}:
        parts.append(_LOOPS)
    if kinds & {"loop_shift", *HARMONIC}:
        parts.append(_CONVENTIONS)
    if kinds & set(HARMONIC):
        parts.append(_HARMONIC)
    if "sot_switching" in kinds:
        parts.append(_SWITCHING)
    lut = _lut(measurements)
    parts.append(lut)
    made, sheet = yaml.safe_load("".join(parts)), pd.DataFrame([one.cells for one in measurements])
    figures = [
        figure.name
        for figure in all_figures().values()
        if figure.of_any_device and not any(figure.lacking(name, made, sheet))
    ]
    listed = "".join(f"\n  - {figure}" for figure in figures) or " []"
    parts.append(f"figures:{listed}\n")
    return f"{_scalar(name)}:\n" + _indented("".join(parts))


def with_study(path: Path, text: str, name: str, block: str) -> str:
    """The text of a configuration with a block at the end of `studies:`.

    Parameters
    ----------
    path : of the configuration, for messages
    text : of the configuration
    name, block : as of `study_block`

    Raises
    ------
    FileError
        If the text is no YAML, holds the study, has no `studies:` of the usual form, or would not
        come out as what it was and the block.
    """
    root, old = _parsed(path, text)
    studies = next((value for key, value in root.value if key.value == "studies"), None)
    if studies is None or not isinstance(old.get("studies") or {}, dict):
        raise FileError(path, "no key 'studies'", "studies: with one block a study")
    if name in (old["studies"] or {}):
        raise FileError(path, f"study {name!r} is there already", "another name")
    newline = "\r\n" if "\r\n" in text else "\n"
    if old["studies"]:
        column = studies.value[0][0].start_mark.column
        end = _end_of(text, studies, column)
        head, tail = text[:end], text[end:]
    else:
        column = 2
        start, end = studies.start_mark.index, studies.end_mark.index
        line = text.find("\n", end) + 1 or len(text)
        head, tail = text[:start].rstrip(" ") + text[end:line], text[line:]
    if head and not head.endswith("\n"):
        head += newline
    added = "\n" + "".join(" " * column + line for line in block.splitlines(keepends=True))
    new = head + added.replace("\n", newline) + tail
    wanted = {**old, "studies": {**(old["studies"] or {}), **yaml.safe_load(block)}}
    try:
        same = yaml.safe_load(new) == wanted
    except yaml.YAMLError:
        same = False
    if not same or (old["studies"] and studies.flow_style):
        raise FileError(path, "no place to add a study", "studies: with one indented block each")
    return new


def _parsed(path: Path, text: str) -> tuple[yaml.MappingNode, dict[str, Any]]:
    try:
        root, content = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise FileError(path, f"no YAML ({' '.join(str(error).split())})", "YAML") from error
    if not isinstance(root, yaml.MappingNode) or not isinstance(content, dict):
        raise FileError(path, "no keys", "the keys of config.yaml")
    return root, content


def _end_of(text: str, node: yaml.Node, column: int) -> int:
    """Where the last line of a block mapping ends, with the comments that belong to it."""
    last = node
    while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    end = last.end_mark.index
    # A block of text ends where the next line begins.
    end = text.find("\n", end - (last.end_mark.column == 0)) + 1 or len(text)
    while match := re.compile(r"([ ]*)#[^\n]*(\n|$)").match(text, end):
        if len(match[1]) <= column:
            break
        end = match.end()
    return end


def _lut(measurements: Sequence[Measurement]) -> str:
    """States of the first pulse train, else of the widest switching loop; empty without either."""
    trains = [one for one in measurements if one.cells["kind"] == "pulse_train"]
    loops = [one for one in measurements if one.cells["kind"] == "sot_switching"]
    widest = max(loops, key=lambda one: one.opening, default=None)
    if trains:
        return (
            "lut:\n"
            "  source: train                    # train: plateaus of a pulse train | loop\n"
            f"  measurement: {_scalar(str(trains[0].cells['id']))}\n"
        )
    if widest is None or widest.opening < _OPENING:
        return ""
    return (
        "lut:\n"
        "  source: loop                     # points of a switching loop\n"
        f"  measurement: {_scalar(str(widest.cells['id']))}   # the loop that opens widest\n"
        f"  states: {_LOOP_STATES}                        # your choice: number of states\n"
        "  rule: resistance                 # points equally spaced in resistance | current | all\n"
        "  branches: both                   # both | up (rising write current) | down\n"
    )


def _scalar(word: str) -> str:
    """A word as YAML, quoted where it would be read as something else."""
    try:
        plain = yaml.safe_load(word) == word
    except yaml.YAMLError:
        plain = False
    return word if plain else json.dumps(word)


def _indented(text: str) -> str:
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))
