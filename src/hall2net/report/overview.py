"""The report's first page: the study in two minutes."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from hall2net.figures.style import measured
from hall2net.physics.compensation import compensation_temperature
from hall2net.report.page import render
from hall2net.report.verdict import CONTRADICTED, JUDGED, NOT_RECOVERED, RECOVERED
from hall2net.study.figures import figure_of
from hall2net.study.published import PublishedNumber
from hall2net.tables import hall_loops, uncertainty_column, usable

TORQUE_COLUMNS = {
    "rho_xx_uohm_cm": "ρxx (µΩ cm)",
    "h_dmi_oe": "H_DMI (Oe)",
    "xi_dl_j": "ξ_DL (per j)",
    "k_s_erg_cm2": "K_s (erg/cm²)",
    "t_int": "T_int",
    "theta_sh": "θ_SH",
    "j_c_a_m2": "J_c (10¹¹ A/m²)",
    "switching_ratio": "field-free switching",
}
HALL_COLUMNS = {
    "temperature_k": "temperature (K)",
    "r_ahe_ohm": "R_AHE (Ω)",
    "h_c_oe": "H_c (Oe)",
    "t_m_k": "T_M (K)",
    "j_c_a_m2": "J_c (10¹¹ A/m²)",
    "switching_ratio": "switching ratio",
}
STATE_COLUMNS = {
    "state": "state",
    "resistance_ohm": "resistance (Ω)",
    "level": "level",
    "separation_sigma": "distance to the next (σ of one read)",
}
MOST_DOUBTFUL = 40
"""Rows on the page of those that were flagged or refused; the tables have them all."""
AS_PRINTED = "-as_printed"
"""Tables made a second time under the conventions as printed, of the same measurements."""


def overview_page(
    template: str,
    studies: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, Mapping[str, pd.DataFrame]],
    comparison: pd.DataFrame,
    published: Iterable[PublishedNumber],
    confusion: pd.DataFrame,
    metrics: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Sequence[str | Path]],
    scale: str,
) -> str:
    """Render the overview.

    Parameters
    ----------
    template : Jinja template of the page
    studies : study to `data_source` (words) and `samples` (sample to its facts)
    tables : study to its tables by name (`loops`, `lut`, ...); a study has those it measured
    comparison : content of `comparison-<scale>.csv`
    published : those with a headline begin the page
    confusion : `hall2net.networks.confusions.confusion_summary`
    metrics : content of every run's `metrics.json`
    figures : study to the PNG files of its figures; the page shows its highlights, and says which
        were left out
    scale : `laptop` or `published`

    Returns
    -------
    HTML of one page, its figures within.
    """
    pages = [
        {
            "name": study,
            "data_source": facts["data_source"],
            "headlines": _headlines(comparison, [one for one in published if one.study == study]),
            "samples": _samples(facts["samples"]),
            "device": _device(tables[study], facts["samples"]),
            "merit": _merit(tables[study].get("merit")),
            "states": _values(tables[study].get("lut"), STATE_COLUMNS, None),
            "doubtful": _doubtful(tables[study]),
            **_figures(figures.get(study, ())),
        }
        for study, facts in studies.items()
    ]
    runs = [_run(run) for run in sorted(metrics, key=lambda run: run["run"])]
    stand_in = [run["run"] for run in runs if run["stand_in"]]
    if "run" in confusion:
        # A printed matrix stands beside no images but those of its data set.
        confusion = confusion[~confusion["run"].isin(stand_in)]
    return render(
        template,
        scale=scale,
        studies=pages,
        runs=[run for run in runs if not run["stand_in"]],
        stand_in=[run for run in runs if run["stand_in"]],
        sources=sorted({run["source"] for run in metrics}),
        confusion=confusion.to_dict("records"),
        comparison=comparison.replace({np.nan: ""}).to_dict("records"),
        verdicts=_verdict_words(comparison),
    )


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


def _figures(paths: Sequence[str | Path]) -> dict[str, Any]:
    """The highlights of a study, and the figures left out with the reason."""
    shown, left_out = [], []
    for path in map(Path, paths):
        with Image.open(path) as image:
            width, reason = image.width, image.info.get("Description")
        declared = figure_of(path.stem)
        if reason:
            left_out.append([path.stem, reason])
        elif declared.highlight:
            data = base64.b64encode(path.read_bytes()).decode()
            # A little larger than in print, where 300 pixels are an inch.
            shown.append({"name": path.stem, "words": declared.caption, "data": data}
                         | {"width": round(width * 0.36)})  # fmt: skip
    return {"figures": shown, "left_out": left_out}


def _doubtful(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The rows of all tables that were flagged or refused, with the reason."""
    rows = []
    for name, table in tables.items():
        if "status" not in table or name.endswith(AS_PRINTED):
            continue
        which = next(column for column in ("id", "sample", "state") if column in table)
        for _, row in table[table["status"] != "ok"].iterrows():
            rows.append([name, row[which], row.get("sample", ""), row["status"], row["reason"]])
    head = ["table", "row", "sample", "status", "reason"]
    return {"head": head, "rows": rows[:MOST_DOUBTFUL], "count": len(rows)}


def _headlines(
    comparison: pd.DataFrame, published: Iterable[PublishedNumber]
) -> list[dict[str, str]]:
    rows = comparison.set_index(comparison["study"] + "." + comparison["quantity"])
    return [
        {
            "words": number.headline,
            "published": rows.at[number.path, "published"],
            "ours": _ours(rows.loc[number.path]),
            "verdict": rows.at[number.path, "verdict"],
        }
        for number in published
        if number.headline and number.path in rows.index
    ]


def _ours(row: pd.Series) -> str:
    if pd.isna(row["ours"]) or row["ours"] == "":
        return "–"
    try:
        return measured(float(row["ours"]), row["ours_u"])
    except ValueError:
        return str(row["ours"])


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    accuracy = run["test_accuracy"]
    spread = np.sqrt(accuracy * (1 - accuracy) / run["test_images"])
    return {**run, "accuracy": measured(100 * accuracy, 100 * spread)}


def _samples(samples: Mapping[str, Mapping[str, Any]]) -> dict[str, list]:
    head = ["sample", "spacer", "spacer (nm)", "heavy metal (nm)", "ferromagnet (nm)",
            "all conducting layers (nm)", "Hall bar (µm × µm)"]  # fmt: skip
    rows = [
        [
            facts["label"],
            facts.get("spacer") or "–",
            *(_known(facts, f"{layer}_nm") for layer in _LAYERS),
            f"{_known(facts, 'width_um')} × {_known(facts, 'length_um')}",
        ]
        for facts in samples.values()
    ]
    return {"head": head, "rows": rows}


_LAYERS = ("thickness", "heavy_metal", "ferromagnet", "stack")


def _known(facts: Mapping[str, Any], fact: str) -> str:
    value = facts.get(fact)
    return "–" if value is None else f"{value:g}"


def _device(
    tables: Mapping[str, pd.DataFrame], samples: Mapping[str, Mapping[str, Any]]
) -> dict[str, list] | None:
    """Parameters of the samples: of the torque where it was measured, else of the Hall loops."""
    if "torque" in tables:
        return _values(tables["torque"], TORQUE_COLUMNS, samples)
    if "loops" not in tables:
        return None
    loops = tables["loops"]
    loops = hall_loops(usable(loops))
    # Of every sample the loop nearest to room temperature.
    nearest = (loops["temperature_k"] - 300).abs().sort_values(kind="stable").index
    first = loops.loc[nearest].drop_duplicates("sample").index
    table = loops[loops.index.isin(first)].assign(**{name: np.nan for name in ("t_m_k", "t_m_u_k")})
    for index, sample in table["sample"].items():
        t_m = compensation_temperature(loops, sample)
        table.loc[index, ["t_m_k", "t_m_u_k"]] = t_m.value, t_m.total
    if "switching" in tables:
        names = ["j_c_a_m2", "j_c_u_a_m2", "switching_ratio", "switching_ratio_u"]
        first = usable(tables["switching"]).drop_duplicates("sample")
        table = table.merge(first[["sample", *names]], on="sample", how="left")
    return _values(table, HALL_COLUMNS, samples)


def _merit(table: pd.DataFrame | None) -> dict[str, list] | None:
    if table is None:
        return None
    rows = [
        [
            row["quantity"].replace("_", " "),
            measured(row["value"], row["value_u"]),
            "" if str(row["unit"]) == "1" else row["unit"],
            row["definition"],
        ]
        for _, row in table[table["value"].notna()].iterrows()
    ]
    return {"head": ["figure of merit", "value", "unit", "definition"], "rows": rows}


def _values(
    table: pd.DataFrame | None,
    columns: Mapping[str, str],
    samples: Mapping[str, Mapping[str, Any]] | None,
) -> dict[str, list] | None:
    """A table's columns as words: values with their uncertainty in the last digits."""
    if table is None:
        return None
    shown = {name: words for name, words in columns.items() if name in table}
    rows = [[_cell(row, name) for name in shown] for _, row in table.iterrows()]
    head = list(shown.values())
    if samples is not None:
        head = ["sample", *head]
        labels = [samples[name]["label"] for name in table["sample"]]
        rows = [[label, *row] for label, row in zip(labels, rows, strict=True)]
    return {"head": head, "rows": rows}


def _cell(row: pd.Series, name: str) -> str:
    value, factor = row[name], 1e-11 if name == "j_c_a_m2" else 1.0
    if pd.isna(value):
        return "–"
    if name == "state":
        return str(int(value))
    return measured(value * factor, row.get(uncertainty_column(name), np.nan) * factor)
