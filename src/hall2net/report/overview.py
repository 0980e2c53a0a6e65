"""The report's first page: the study in two minutes."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hall2net.figures.style import measured
from hall2net.physics.compensation import compensation_temperature
from hall2net.report.page import render
from hall2net.study.figures import figure_of
from hall2net.tables import uncertainty_column, usable

HEADLINES = {
    "cotb": {
        "loops.fig3c_r_ahe_ohm": "anomalous Hall resistance at 300 K (Ω)",
        "loops.compensation_temperature_k": "compensation temperature (K)",
        "switching.switching_ratio": "share of the film that a current switches",
        "switching.polarity_reverses_with_field": "polarity reverses with the in-plane field",
        "devices_per_weight.this_work": "devices for one weight",
        "resnet18_cifar10.accuracy_device": "ResNet-18, CIFAR-10, device weights",
    },
    "ruo2": {
        "torque.xi_enhancement_t0p5": "torque efficiency over that of the reference",
        "torque.theta_sh_t0p5": "spin Hall angle, 0.5 nm",
        "torque.jc_reduction_t0p5": "critical current density: reference over 0.5 nm",
        "field_free.switching_ratio.t0p5": "share switched without a field, 0.5 nm",
        "field_free.switching_ratio.t0p7": "share switched without a field, 0.7 nm",
        "field_free.mgo_control_switches": "MgO control switches without a field",
        "field_free.polarity_reversal_prefield_oe": "pre-applied field that reverses polarity (Oe)",
        "mlp.mnist.float32": "MLP, MNIST, float32 weights",
        "mlp.mnist.six_state": "MLP, MNIST, six states",
        "mlp.fashion_mnist.six_state": "MLP, Fashion-MNIST, six states",
    },
}
"""The published numbers that the overview begins with, in words."""

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
COMPARED = ("agrees", "differs")


def overview_page(
    template: str,
    studies: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, Mapping[str, pd.DataFrame]],
    comparison: pd.DataFrame,
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
    confusion : `hall2net.networks.confusions.confusion_summary`
    metrics : content of every run's `metrics.json`
    figures : study to the PNG files shown in the page
    scale : `laptop` or `published`

    Returns
    -------
    HTML of one page, its figures within.
    """
    pages = [
        {
            "name": study,
            "data_source": facts["data_source"],
            "headlines": _headlines(comparison, study),
            "samples": _samples(facts["samples"]),
            "device": _device(tables[study], facts["samples"]),
            "merit": _merit(tables[study].get("merit")),
            "states": _values(tables[study].get("lut"), STATE_COLUMNS, None),
            "figures": [_figure(Path(path)) for path in figures.get(study, ())],
        }
        for study, facts in studies.items()
    ]
    verdicts = comparison["verdict"].value_counts()
    return render(
        template,
        scale=scale,
        studies=pages,
        runs=[_run(run) for run in sorted(metrics, key=lambda run: run["run"])],
        sources=sorted({run["source"] for run in metrics}),
        confusion=confusion.to_dict("records"),
        comparison=comparison.replace({np.nan: ""}).to_dict("records"),
        agrees=int(verdicts.get("agrees", 0)),
        compared=int(sum(verdicts.get(verdict, 0) for verdict in COMPARED)),
    )


def _figure(path: Path) -> dict[str, Any]:
    png = path.read_bytes()
    pixels = int.from_bytes(png[16:20], "big")
    data = base64.b64encode(png).decode()
    # A little larger than in print, where 300 pixels are an inch.
    return {
        "name": path.stem,
        "words": figure_of(path.stem).caption,
        "data": data,
        "width": round(pixels * 0.36),
    }


def _headlines(comparison: pd.DataFrame, study: str) -> list[dict[str, str]]:
    rows = comparison[comparison["study"] == study].set_index("quantity")
    return [
        {
            "words": words,
            "published": rows.at[quantity, "published"],
            "ours": _ours(rows.loc[quantity]),
            "verdict": rows.at[quantity, "verdict"],
        }
        for quantity, words in HEADLINES.get(study, {}).items()
        if quantity in rows.index
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
    loops = usable(loops).query("kind == 'ahe_loop'")
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
