"""The report: one page that holds what was measured, what came of it, and what the papers say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from hall2net.networks.runs import Run
from hall2net.report.claims import Claim, claims_of, number_rows, style_of
from hall2net.report.doubtful import doubtful_rows
from hall2net.report.facts import (
    heating_words,
    measured_kinds,
    merit_table,
    parameter_table,
    sample_table,
    state_table,
    systematics_table,
)
from hall2net.report.page import render
from hall2net.report.pictures import pictures
from hall2net.report.trainings import accuracy_rows
from hall2net.report.verdict import CONTRADICTED, JUDGED, MEANINGS, NOT_RECOVERED, RECOVERED
from hall2net.study.published import PublishedNumber


@dataclass(frozen=True)
class StudyFacts:
    """What the report takes of one study.

    Attributes
    ----------
    data_source : words on where the raw files come from
    samples : sample to its facts
    raw_files : how many there are
    kinds : kind of measurement to the number of its measurements
    decisions : rows of decisions.csv
    tables : the study's tables by name (`loops`, `lut`, ...); a study has those it measured
    figures : PNG files of its figures, in their order
    sources : PNG file to the files that it was drawn from
    """

    data_source: str
    samples: Mapping[str, Mapping[str, Any]]
    raw_files: int
    kinds: Mapping[str, int]
    decisions: Sequence[Mapping[str, Any]] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: Sequence[str | Path] = ()
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)


def report_page(
    studies: Mapping[str, StudyFacts],
    comparison: pd.DataFrame,
    published: Sequence[PublishedNumber],
    claims: Mapping[str, Sequence[Claim]],
    confusion: pd.DataFrame,
    trainings: Sequence[Run],
    *,
    scale: str,
    folder: str | Path = "results",
) -> str:
    """Render the report.

    Parameters
    ----------
    studies : study to its facts
    comparison : content of `comparison-<scale>.csv`
    published : the published numbers
    claims : study to the claims of its paper; the page of a study without any begins with the
        figures that are declared as highlights
    confusion : `hall2net.networks.confusions.confusion_summary`
    trainings : every training of the study
    scale : `laptop` or `published`
    folder : where the page will stand; what is not on it is linked relative to it

    Returns
    -------
    HTML of one page, its figures within, that needs no network.
    """
    here = files("hall2net.report")
    part = {
        name: (here / f"report.{name}").read_text(encoding="utf-8")
        for name in ("html.j2", "css", "js")
    }
    numbers = {
        study: [one for one in published if one.study == study and one.path in _paths(comparison)]
        for study in studies
    }
    runs = accuracy_rows(trainings)
    stand_in = [str(run.name) for run in trainings if run.metrics["stand_in"]]
    if "run" in confusion:
        # A printed matrix stands beside no images but those of its data set.
        confusion = confusion[~confusion["run"].isin(stand_in)]
    return render(
        part["html.j2"],
        style=part["css"],
        script=part["js"],
        scale=scale,
        studies=[
            _study(name, facts, claims.get(name, ()), numbers[name], comparison, folder)
            for name, facts in studies.items()
        ],
        runs=[run for run in runs if not run["stand_in"]],
        stand_in=[run for run in runs if run["stand_in"]],
        images=sorted({run.metrics["source"] for run in trainings}),
        trainings=len(trainings),
        confusion=confusion.to_dict("records"),
        numbers={name: number_rows(some, comparison) for name, some in numbers.items() if some},
        verdicts=_verdict_counts(comparison),
        summary=_verdict_words(comparison),
    )


def _paths(comparison: pd.DataFrame) -> set[str]:
    return set(comparison["study"] + "." + comparison["quantity"])


def _study(
    name: str,
    facts: StudyFacts,
    claims: Sequence[Claim],
    numbers: Sequence[PublishedNumber],
    comparison: pd.DataFrame,
    folder: str | Path,
) -> dict[str, Any]:
    drawn = pictures(facts.figures, facts.sources, folder)
    widths = {one["name"]: one["mm"] for stage in drawn["stages"].values() for one in stage}
    highlights = [
        {"words": one["caption"], "figure": one["name"], "rows": []}
        for stage in drawn["stages"].values()
        for one in stage
        if one["highlight"]
    ]
    found = claims_of(claims, numbers, comparison) if numbers else highlights
    reasons = {one["name"]: one["reason"] for one in drawn["left_out"]}
    return {
        "name": name,
        "data_source": facts.data_source,
        "emulated": "emulated" in facts.data_source,
        "samples": sample_table(facts.samples),
        "raw_files": facts.raw_files,
        "kinds": measured_kinds(facts.kinds),
        "parameters": parameter_table(facts.tables, facts.samples),
        "heating": heating_words(facts.tables.get("joule_heating")),
        "systematics": systematics_table(facts.tables.get("systematics")),
        "states": state_table(facts.tables.get("lut")),
        "merit": merit_table(facts.tables.get("merit")),
        "claims": [
            {**one, "mm": widths.get(one["figure"]), "left_out": reasons.get(one["figure"])}
            for one in found
        ],
        "doubtful": doubtful_rows(facts.tables),
        "decisions": list(facts.decisions),
        **drawn,
    }


def _verdict_counts(comparison: pd.DataFrame) -> list[dict[str, Any]]:
    counts = comparison["verdict"].value_counts()
    return [
        {"verdict": verdict, "style": style_of(verdict), "count": counts[verdict], "means": means}
        for verdict, means in MEANINGS.items()
        if verdict in counts
    ]


def _verdict_words(comparison: pd.DataFrame) -> str:
    """What the comparison says of the papers, and what it only says of the code."""
    if comparison.empty:
        return ""
    independent = comparison.loc[comparison["independent"].astype(bool), "verdict"]
    if independent.empty:
        words = (
            "No number here is independent of the papers: that takes raw files of your own, or "
            "networks trained on the real images at the paper's size and length."
        )
    else:
        counts = ", ".join(f"{(independent == word).sum()} {word}" for word in JUDGED)
        words = (
            f"Independent of the papers are accuracies on real images and values from raw files "
            f"that are not emulated, {len(independent)} here: {counts}, within the tolerance that "
            "was stated beforehand."
        )
    recovered, lost = ((comparison["verdict"] == word).sum() for word in (RECOVERED, NOT_RECOVERED))
    if recovered + lost:
        words += (
            f" The emulated raw data were built from {recovered + lost} published numbers, "
            f"and {recovered} of them are recovered: a test of the code, and none of the papers."
        )
    if contradicted := (comparison["verdict"] == CONTRADICTED).sum():
        words += f" Statements of the papers that the emulation contradicts: {contradicted}."
    return words
