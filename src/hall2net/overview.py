"""The study in two minutes: one HTML page with the devices, their states and their networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from hall2net.figures.style import measured
from hall2net.units import uncertainty_column

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
STATE_COLUMNS = {"state": "state", "resistance_ohm": "resistance (Ω)", "level": "level"}
COMPARED = ("agrees", "differs")


def overview_page(
    template: str,
    studies: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, Mapping[str, pd.DataFrame]],
    comparison: pd.DataFrame,
    metrics: Sequence[Mapping[str, Any]],
    scale: str,
) -> str:
    """Render the overview.

    Parameters
    ----------
    template : Jinja template of the page
    studies : study to `raw_data` (words) and `samples` (sample to its facts)
    tables : study to its tables by name (`torque`, `lut`, ...); a study has those it measured
    comparison : content of `comparison-<scale>.csv`
    metrics : content of every run's `metrics.json`
    scale : `laptop` or `published`
    """
    pages = [
        {
            "name": study,
            "raw_data": facts["raw_data"],
            "torque": _values(tables[study].get("torque"), TORQUE_COLUMNS, facts["samples"]),
            "states": _values(tables[study].get("lut"), STATE_COLUMNS, None),
        }
        for study, facts in studies.items()
    ]
    runs = [
        {**run, "accuracy": f"{100 * run['test_accuracy']:.2f}"}
        for run in sorted(metrics, key=lambda run: run["run"])
    ]
    verdicts = comparison["verdict"].value_counts()
    return (
        jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
        .from_string(template)
        .render(
            scale=scale,
            studies=pages,
            runs=runs,
            sources=sorted({run["source"] for run in metrics}),
            comparison=comparison.replace({np.nan: ""}).to_dict("records"),
            agrees=int(verdicts.get("agrees", 0)),
            compared=int(sum(verdicts.get(verdict, 0) for verdict in COMPARED)),
        )
    )


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
