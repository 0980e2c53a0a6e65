"""The loop inspector: every loop of a study on one page, with its fit, to look at and decide on.

Retention and endurance measurements are on it too.

The page is one file that needs no network. uPlot (MIT licence, in `vendor/`) draws its axes,
`inspector.js` the points. No value is computed in the browser: what it shows was fitted before.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import xarray as xr

from hall2net.figures.style import COLOURS, GREY, measured
from hall2net.measurement import CONDITIONS, select
from hall2net.physics import loops as field_loops
from hall2net.physics import switching_rows
from hall2net.physics.background import SLOPES
from hall2net.report.loop_points import (
    LoopPoints,
    cycled_points,
    hall_points,
    moment_points,
    retained_points,
    switching_points,
)
from hall2net.tables import column_unit, systematic_column, uncertainty_column
from hall2net.units import OERSTED, SI_FACTORS

MOST_POINTS = 3_000_000
"""Points on a page: at 17 bytes each a file of 70 MB, more than which browsers open slowly."""

_FEWEST_POINTS = 100
"""Points that every loop keeps on the fullest page: enough to see its shape."""

_Z95 = 1.96
"""Half width of a 95 % interval of a normal distribution, in sigma."""

_OHM = (("Ω", 1.0), ("mΩ", 1e3), ("µΩ", 1e6))
_MOMENT = (("A m²", 1.0), ("mA m²", 1e3), ("µA m²", 1e6), ("nA m²", 1e9), ("pA m²", 1e12))


@dataclass(frozen=True)
class View:
    """How loops of a kind are drawn.

    Attributes
    ----------
    words : what the kind is
    table : results table with its fits
    x_words : label of the x axis, with its unit
    x_factor : that unit in SI
    x_top : label of a second axis in mT; empty if there is none
    y_words : label of the y axis
    y_units : units that it may have, with their factors from SI, the largest first
    x_log : whether the x axis is logarithmic
    less_words : label of the y axis after what was taken off
    branches : words for points of no branch, of the rising one and of the falling one
    mark_words : what a position on the x axis is
    """

    words: str
    table: str
    x_words: str = "field H (Oe)"
    x_factor: float = OERSTED
    x_top: str = "µ₀H (mT)"
    y_words: str = "Hall resistance"
    y_units: tuple[tuple[str, float], ...] = _OHM
    x_log: bool = False
    less_words: str = "less background"
    branches: tuple[str, str, str] = ("in no whole branch", "rising", "falling")
    mark_words: str = "switching, 95 %"


VIEWS = {
    "ahe_loop": View("Hall loop", "loops"),
    "loop_shift": View("Hall loop at a current", "loops"),
    "sot_switching": View(
        "switching loop", "switching", "write current (mA)", 1e-3, ""
    ),
    "vsm_loop": View(
        "magnetometer loop", "magnetometry", y_words="moment", y_units=_MOMENT
    ),
    "retention": View(
        "a state against time", "retention", "time since the write (s)", 1.0, "", x_log=True,
        less_words="change since the first read", branches=("read", "", ""),
    ),
    "endurance": View(
        "levels against write cycles", "endurance", "write cycle", 1.0, "", x_log=True,
        less_words="less the middle", branches=("read", "high", "low"),
        mark_words="window below half",
    ),
}  # fmt: skip
"""Kinds of measurement on the page."""

MARKS = {"h_up_oe": 1, "h_dn_oe": 2, "i_up_ma": 1, "i_dn_ma": 2, "half_window_cycle": 0}
"""Columns drawn as positions on the x axis: 1 of the rising branch, 2 of the falling one, 0 of
both."""

WORDS = {
    "h_up_oe": "switching field, rising",
    "h_dn_oe": "switching field, falling",
    "h_c_oe": "coercive field H_c",
    "h_0_oe": "centre H_0",
    "h_step_u_oe": "field step, 1σ",
    "r_ahe_ohm": "R_AHE, half swing",
    "r_offset_ohm": "offset",
    "slope_ohm_per_oe": "slope",
    "even_ohm": "even part at the largest field",
    "drift_ohm": "drift over the sweep",
    "noise_ohm": "noise of a point, 1σ",
    "significance": "hysteresis over noise (σ)",
    "n_points": "points",
    "n_cycles": "cycles",
    "n_left_out": "runs left out",
    "n_steps": "steps of a branch",
    "steps_oe": "steps: rising, then falling",
    "current_max_ma": "largest write current",
    "i_up_ma": "critical current, rising",
    "i_dn_ma": "critical current, falling",
    "i_c_ma": "critical current I_c",
    "j_c_a_m2": "critical density j_c",
    **{f"j_c_{name}_a_m2": f"j_c, criterion {name}" for name in switching_rows.CRITERIA},
    "current_layer": "layer of j_c",
    "cycle_sigma_ma": "scatter between cycles, 1σ",
    "n_sweeps": "sweeps that switch",
    "joule_ohm": "heating at the largest current",
    "odd_ohm": "odd part at the largest current",
    "delta_r_sot_ohm": "swing by the current",
    "delta_r_ahe_ohm": "full AHE swing",
    "fixed_ratio": "fixed criterion: fraction",
    "areal_moment_a": "M_s t of the sample",
    "m_s_emu_cc": "M_s of the sample",
    "k_eff_j_m3": "K_eff of the sample",
    "h_k_oe": "H_k of the sample",
    "k_s_erg_cm2": "K_s of the sample",
    "first_s": "first read after",
    "last_s": "last read after",
    "resistance_ohm": "resistance at the first read",
    "drift_per_decade_ohm": "change per decade of time",
    "resistance_10y_ohm": "after 10 years, extrapolated",
    "extrapolated_decades": "decades extrapolated",
    "bend_p": "p value of a straight line",
    "window_10y": "window left after 10 years",
    "first_cycle": "first cycle",
    "last_cycle": "last cycle",
    "high_per_decade_ohm": "high level per decade of cycles",
    "low_per_decade_ohm": "low level per decade of cycles",
    "window_first_ohm": "window at the first cycle",
    "window_last_ohm": "window at the last cycle",
    "window_per_decade_ohm": "window per decade of cycles",
    "half_window_cycle": "window below half from cycle",
}
"""Columns in words; a column that is not here is shown by its name."""

_UNITS: dict[str, tuple[tuple[str, float], ...]] = {
    "": (("", 1.0),),
    "_oe": (("Oe", 1.0),),
    "_ohm": _OHM[:2],
    "_ohm_per_oe": (("Ω/kOe", 1e3), ("mΩ/kOe", 1e6)),
    "_ma": (("mA", 1.0),),
    "_a_m2": (("10¹⁰ A/m²", 1e-10),),
    "_uj": (("µJ", 1.0),),
    "_k": (("K", 1.0),),
    "_a": (("A", 1.0), ("mA", 1e3)),
    "_emu_cc": (("emu/cm³", 1.0),),
    "_j_m3": (("MJ/m³", 1e-6), ("kJ/m³", 1e-3)),
    "_erg_cm2": (("erg/cm²", 1.0),),
    "_s": (("s", 1.0),),
}
"""End of a column's name: units that it is shown in, with their factors, the largest first."""

_CONDITION_WORDS = {
    "temperature": "T", "field_x": "H_x", "prefield_x": "pre-applied H_x",
    "initial_field_z": "initial H_z", "current": "I", "pulse_width": "pulse",
}  # fmt: skip
_SHARED = {"id", "kind", "sample", "status", "reason", "background"}
_SHARED |= {column for column, *_ in CONDITIONS.values()}
"""Columns that stand elsewhere on the page, or are drawn."""

_LEAVE_OUT = {"leave_out": {"words": "leave out", "values": []}}
_HALL = _LEAVE_OUT | {
    "window": {"words": "other window", "range": [0.0, 1.0]},
    "criterion": {"words": "other criterion", "values": list(field_loops.CRITERIA)},
    "slope": {"words": "other background", "values": list(SLOPES)},
}
ALLOWED: dict[str, dict[str, Any]] = {
    "ahe_loop": _HALL,
    "loop_shift": _HALL,
    "sot_switching": _LEAVE_OUT
    | {"criterion": {"words": "other criterion", "values": list(switching_rows.CRITERIA)}},
    "vsm_loop": _LEAVE_OUT,
    "retention": _LEAVE_OUT,
    "endurance": _LEAVE_OUT,
}
"""Decisions on a loop of each kind, and their values."""


@dataclass(frozen=True)
class _Column:
    """A value of a table: its words, unit and factor, and the columns of its 95 % interval."""

    name: str
    words: str
    unit: str
    factor: float
    ends: tuple[str, str] | None


def inspector_page(
    study: str,
    data_source: str,
    datasets: Mapping[str, xr.Dataset],
    tables: Mapping[str, pd.DataFrame],
    samples: Mapping[str, Mapping[str, Any]],
    *,
    decisions: pd.DataFrame | None = None,
) -> str:
    """Render the page of a study.

    Parameters
    ----------
    study : its name
    data_source : words on where the raw files come from
    datasets : sample to its measurements, as `hall2net.measurement.open_samples` gives them
    tables : the study's tables by name; of `loops`, `switching`, `magnetometry` those it has
    samples : sample to its facts, of which the `label` is shown
    decisions : rows of `raw/<study>/decisions.csv`: `id, decision, value, reason` and, where the
        file has them, `who, date`

    Returns
    -------
    HTML of one page that needs no other file. Where all points would be more than `MOST_POINTS`,
    each loop keeps the smallest and the largest of its runs of neighbours, and the page says so.
    """
    loops = list(_loops(datasets))
    most = max(_FEWEST_POINTS, MOST_POINTS // max(len(loops), 1))
    columns = {name: _columns(table) for name, table in tables.items()}
    rows = {name: _rows(table) for name, table in tables.items()}
    entries, chunks, start = [], [], 0
    for measurement, kind, sample in loops:
        table = VIEWS[kind].table
        key = sample if table == "magnetometry" else str(measurement["id"].item())
        row = rows.get(table, {}).get(key, pd.Series(dtype=float))
        points = _points(measurement, kind, row)
        drawn = points.thinned(most)
        chunk = drawn.encoded()
        place = {"start": start, "end": start + len(chunk), "points": len(points.x)}
        origin = float(drawn.y[0]) if len(drawn.y) else 0.0
        entry = _entry(measurement, kind, sample, row, columns.get(table, []))
        entries.append(entry | place | {"origin": origin})
        chunks.append(chunk)
        start += len(chunk)
    content = {
        "study": study,
        "views": {kind: asdict(view) for kind, view in VIEWS.items()},
        "columns": {name: [[c.words, c.unit] for c in each] for name, each in columns.items()},
        "samples": {name: str(samples.get(name, {}).get("label", name)) for name in datasets},
        "loops": entries,
        "decisions": _strings(decisions),
        "allowed": ALLOWED,
        "colours": {"rising": COLOURS[1], "falling": COLOURS[2], "fit": COLOURS[3], "other": GREY},
    }
    return _page(study, data_source, content, "".join(chunks))


def _page(study: str, data_source: str, content: Mapping[str, Any], points: str) -> str:
    here = files("hall2net.report")
    parts = {
        name: (here / path).read_text(encoding="utf-8")
        for name, path in {
            "template": "inspector.html.j2",
            "script": "inspector.js",
            "uplot": "vendor/uPlot.iife.min.js",
            "uplot_style": "vendor/uPlot.min.css",
            "licence": "vendor/uPlot-LICENSE.txt",
        }.items()
    }
    # In a script element, "</script>" inside a name would end it.
    data = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = data.replace("<", "\\u003c")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(parts.pop("template"))
    return template.render(study=study, data_source=data_source, data=data, points=points, **parts)


def _loops(datasets: Mapping[str, xr.Dataset]) -> Iterator[tuple[xr.Dataset, str, str]]:
    for sample, dataset in datasets.items():
        for name, kind in zip(dataset["id"].values, dataset["kind"].values, strict=True):
            if str(kind) in VIEWS:
                yield select(dataset, name), str(kind), sample


def _points(measurement: xr.Dataset, kind: str, row: pd.Series) -> LoopPoints:
    if kind == "sot_switching":
        return switching_points(measurement)
    if kind == "vsm_loop":
        return moment_points(measurement)
    if kind == "retention":
        return retained_points(measurement, row)
    if kind == "endurance":
        return cycled_points(measurement)
    return hall_points(measurement, row)


def _rows(table: pd.DataFrame) -> dict[str, pd.Series]:
    key = "id" if "id" in table else "sample"
    return {str(row[key]): row for _, row in table.iterrows()}


def _columns(table: pd.DataFrame) -> list[_Column]:
    """Values of a table: what is neither a condition nor belongs to another column."""
    names = [str(name) for name in table.columns]
    owners = {name: _owner(name) for name in names}
    return [
        _column(table, name)
        for name in names
        if name not in _SHARED and (owners[name] == name or owners[name] not in owners)
    ]


def _owner(name: str) -> str:
    """The column whose uncertainty or interval this one is: `h_c_oe` for `h_c_lo95_oe`."""
    return re.sub(r"_(u|sys|lo95|hi95)(?=_|$)", "", name)


def _column(table: pd.DataFrame, name: str) -> _Column:
    end = column_unit(name)
    units = _UNITS.get(end, ((end.removeprefix("_").replace("_", " "), 1.0),))
    numbers = pd.to_numeric(table[name], errors="coerce").abs()
    # The largest unit in which the study's largest value is 1 or more.
    largest = numbers.max() if numbers.notna().any() else 0.0
    unit, factor = next((u for u in units if largest * u[1] >= 1), units[-1])
    stem = name.removesuffix(end)
    low, high = f"{stem}_lo95{end}", f"{stem}_hi95{end}"
    words = WORDS.get(name, name.removesuffix(end).replace("_", " "))
    return _Column(name, words, unit, factor, (low, high) if low in table else None)


def _entry(
    measurement: xr.Dataset, kind: str, sample: str, row: pd.Series, columns: list[_Column]
) -> dict[str, Any]:
    noise = row.get("noise_ohm", np.nan)
    return {
        "id": str(measurement["id"].item()),
        "kind": kind,
        "sample": sample,
        "status": str(row.get("status", "not fitted")),
        "reason": _text(row.get("reason", "")),
        "conditions": _conditions(measurement),
        "values": [_shown(row, column) for column in columns if column.name in row],
        "marks": [
            [branch, *map(float, (row[name], *_ends(row, name)))]
            for name, branch in MARKS.items()
            if np.isfinite(row.get(name, np.nan))
        ],
        "noise": float(noise) if np.isfinite(noise) else None,
    }


def _shown(row: pd.Series, column: _Column) -> list[str]:
    """A value with its uncertainty in the last digits; what else is known of it."""
    value, factor = row[column.name], column.factor
    if isinstance(value, str):
        return [value, ""]
    if pd.isna(value):
        return ["–", ""]
    sigma = row.get(uncertainty_column(column.name), np.nan)
    systematic = row.get(systematic_column(column.name), np.nan) * factor
    more = [f"systematic ±{systematic:.2g}"] if systematic > 0 else []
    if column.ends:
        more.append(_interval(*(row[name] * factor for name in column.ends)))
    return [measured(value * factor, sigma * factor), "; ".join(filter(None, more))]


def _ends(row: pd.Series, name: str) -> tuple[float, float]:
    """The 95 % interval of a position: of its columns, or of a normal distribution."""
    end = column_unit(name)
    stem = name.removesuffix(end)
    if f"{stem}_lo95{end}" in row:
        return row[f"{stem}_lo95{end}"], row[f"{stem}_hi95{end}"]
    half = _Z95 * np.nan_to_num(row.get(uncertainty_column(name), np.nan))
    return row[name] - half, row[name] + half


def _interval(low: float, high: float) -> str:
    """Both ends with two digits of their distance: "95 %: 160.05 to 160.66"."""
    if not high > low:
        return ""
    digits = max(0, 1 - int(np.floor(np.log10(high - low))))
    return f"95 %: {low:.{digits}f} to {high:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _conditions(measurement: xr.Dataset) -> str:
    """What was held, in words: "T 300 K, H_x −250 Oe"."""
    found = []
    for name, (_, _, quantity, unit) in CONDITIONS.items():
        value = float(measurement[name]) / SI_FACTORS[quantity][unit]
        if np.isfinite(value):
            if name == "pulse_width":
                value, unit = _prefixed(value)
            found.append(f"{_CONDITION_WORDS.get(name, name)} {value:.6g} {unit}")
    orientation = str(measurement["orientation"].item()) if "orientation" in measurement else ""
    found.append({"oop": "field out of plane", "ip": "field in plane"}.get(orientation, ""))
    return ", ".join(filter(None, found)).replace("-", "\N{MINUS SIGN}")


def _prefixed(seconds: float) -> tuple[float, str]:
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return seconds * factor, unit
    return seconds * 1e9, "ns"


def _strings(decisions: pd.DataFrame | None) -> list[dict[str, str]]:
    """Rows of decisions.csv; who decided and when is kept where the file says so."""
    if decisions is None:
        return []
    return [
        {str(k): _text(cell) for k, cell in row.items()} for row in decisions.to_dict("records")
    ]


def _text(cell: Any) -> str:  # noqa: ANN401
    return "" if pd.isna(cell) else str(cell)
