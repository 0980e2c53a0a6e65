"""What was measured, and what came of it: samples, parameters, states, figures of merit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hall2net.figures.style import measured
from hall2net.tables import (
    room_temperature_loops,
    systematic_column,
    uncertainty_column,
    usable,
)

Table = dict[str, list]
"""`head`: words of the columns; `rows`: their cells, as words."""

_TORQUE = {
    "rho_xx_uohm_cm": "ρxx (µΩ cm)",
    "h_dmi_oe": "H_DMI (Oe)",
    "xi_dl_j": "ξ_DL (per j)",
    "k_s_erg_cm2": "K_s (erg/cm²)",
    "t_int": "T_int",
    "theta_sh": "θ_SH",
    "j_c_a_m2": "J_c (10¹¹ A/m²)",
    "switching_ratio": "switched without a field (%)",
}
_HALL = {
    "temperature_k": "temperature (K)",
    "r_ahe_ohm": "R_AHE (mΩ)",
    "h_c_oe": "H_c (Oe)",
    "t_m_k": "T_M (K)",
    "j_c_a_m2": "J_c (10¹¹ A/m²)",
    "switching_ratio": "switched (%)",
}
_STATES = {
    "state": "state",
    "resistance_ohm": "resistance (Ω)",
    "level": "level",
    "n_visits": "visits",
    "n_reads": "reads",
    "separation_sigma": "distance to the next (σ of one read)",
}
_FACTORS = {"j_c_a_m2": 1e-11, "r_ahe_ohm": 1e3, "switching_ratio": 100.0}
"""From the table's unit to the one that is shown, where they differ."""

_KINDS = {
    "ahe_loop": "Hall loops",
    "loop_shift": "Hall loops at a current",
    "sot_switching": "switching loops",
    "pulse_train": "pulse trains",
    "vsm_loop": "magnetometer loops",
    "resistivity": "resistances",
    "retention": "retention series",
    "endurance": "endurance series",
    "harmonic_field": "harmonic sweeps of the field",
    "harmonic_angle": "harmonic sweeps of the angle",
}
"""Kinds of measurement in the plural; another kind is named as it is."""

_LAYERS = ("thickness", "heavy_metal", "ferromagnet", "stack")


def measured_kinds(kinds: Mapping[str, int]) -> list[str]:
    """How many measurements of each kind there are: "Hall loops at a current: 540"."""
    return [f"{_KINDS.get(kind, kind.replace('_', ' '))}: {count}" for kind, count in kinds.items()]


def sample_table(samples: Mapping[str, Mapping[str, Any]]) -> Table:
    """The samples with their layers and sizes."""
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


def _known(facts: Mapping[str, Any], fact: str) -> str:
    value = facts.get(fact)
    return "–" if value is None else f"{value:g}"


def parameter_table(
    tables: Mapping[str, pd.DataFrame], samples: Mapping[str, Mapping[str, Any]]
) -> Table | None:
    """Parameters of the samples: of the torque where it was measured, else of the Hall loops."""
    if "torque" in tables:
        return _words(tables["torque"], _TORQUE, samples)
    if "loops" not in tables:
        return None
    table = room_temperature_loops(tables["loops"]).copy()
    for value in ("r_ahe_ohm", "h_c_oe"):
        table[systematic_column(value)] = _systematic(tables, table["sample"], value)
    if "compensation" in tables:
        known = tables["compensation"][["sample", *_with_errors("t_m_k")]]
        table = table.merge(known, on="sample", how="left")
    if "switching" in tables:
        names = [name for one in ("j_c_a_m2", "switching_ratio") for name in _with_errors(one)]
        first = usable(tables["switching"]).drop_duplicates("sample")
        shown = [name for name in names if name in first]
        table = table.merge(first[["sample", *shown]], on="sample", how="left")
    return _words(table, _HALL, samples)


def _systematic(tables: Mapping[str, pd.DataFrame], samples: pd.Series, quantity: str) -> pd.Series:
    """Systematic uncertainty of a quantity of each sample, all sources together."""
    parts = tables["systematics"] if "systematics" in tables else None
    if parts is None:
        return pd.Series(np.nan, index=samples.index)
    own = parts[parts["quantity"] == quantity]
    return samples.map(own["change"].pow(2).groupby(own["sample"]).sum().pow(0.5))


def systematics_table(table: pd.DataFrame | None) -> Table | None:
    """Sources of systematic uncertainty, and each one's share of the headline numbers.

    Shares are fractions of the variance in per cent, the mean over the samples.

    Parameters
    ----------
    table : systematics.csv
    """
    if table is None or table.empty:
        return None
    shown = {name: words for name, words in _SHARES.items() if (table["quantity"] == name).any()}
    samples = table.groupby("quantity")["sample"].nunique()
    shares = table.groupby(["source", "quantity"])["fraction"].sum()
    rows = []
    for source, own in table[table["quantity"].isin(list(shown))].groupby("source", sort=False):
        cells = [shares.get((source, name), 0.0) / samples[name] for name in shown]
        sigmas = [f"{value:g} {unit}" for value, unit in
                  zip(own["sigma"], own["sigma_unit"], strict=True) if pd.notna(value)]  # fmt: skip
        rows.append([
            _SOURCES.get(str(source), str(source).replace("_", " ")),
            ", ".join(dict.fromkeys(sigmas)) or "–",
            ", ".join(dict.fromkeys(own["known"])),
            ", ".join("yes" if common else "no" for common in dict.fromkeys(own["common"])),
            *(f"{100 * cell:.0f}" if cell >= _SMALL else "–" for cell in cells),
        ])  # fmt: skip
    head = ["source", "1 σ", "known", "common to all samples"]
    return {"head": [*head, *(f"{words}, %" for words in shown.values())], "rows": rows}


_SHARES = {
    "rho_xx_uohm_cm": "ρxx",
    "m_s_emu_cc": "M_s",
    "h_dmi_oe": "H_DMI",
    "xi_dl_j": "ξ_DL",
    "xi_ratio": "ξ over reference",
    "theta_sh": "θ_SH",
    "j_c_a_m2": "J_c",
    "h_c_oe": "H_c",
    "r_ahe_ohm": "R_AHE",
    "t_m_k": "T_M",
}
"""Numbers whose systematic uncertainty the report takes apart."""
_SOURCES = {
    "width_um": "width of the bar",
    "length_um": "length of the bar",
    "stack_nm": "thickness of all conducting layers",
    "heavy_metal_nm": "thickness of the heavy metal",
    "ferromagnet_nm": "thickness of the ferromagnet",
    "film_area_mm2": "area of the magnetometer's specimen",
    "moment": "calibration of the magnetometer",
    "field": "calibration of the field",
    "current": "calibration of the current",
    "field_offset_oe": "offset of the field",
    "temperature_k": "thermometer",
    "knee": "model of the knee",
    "saturation_window": "window of saturation",
    "sign_change_or_divergence": "T_M by sign change or divergence",
    "background_and_field_step": "background and field step of the loop",
}
"""Sources in words; another is named as it is."""
_SMALL = 0.005
"""Fraction of a variance below which a source is not worth a digit."""


def heating_words(table: pd.DataFrame | None) -> str | None:
    """How much warmer the film is at its critical currents, and what that does, in a sentence.

    Parameters
    ----------
    table : joule_heating.csv
    """
    pulsed = table[table["kind"] == "sot_switching"] if table is not None else pd.DataFrame()
    if pulsed.empty:
        return None
    known = usable(pulsed).dropna(subset=["delta_t_k"])
    if known.empty:
        reasons = "; ".join(dict.fromkeys(pulsed["reason"].dropna())) or "nothing switches"
        return f"How much the write pulses heat the film is not known: {reasons}."
    lowest, highest = known["delta_t_k"].min(), known["delta_t_k"].max()
    relative = (known["delta_t_sys_k"] / known["delta_t_k"]).max()
    words = (
        f"At its critical currents the film is {lowest:.0f} to {highest:.0f} K warmer, "
        f"± {100 * relative:.0f} % systematic ({'; '.join(dict.fromkeys(known['method']))}). "
    )
    if hot := int((known["status"] == "flagged").sum()):
        words += f"Flagged as too warm: {hot} of {len(known)} loops. "
    if (bias := known["h_c_bias"].dropna()).empty:
        return (
            words + "The bias of H_c and J_c is not measured: no Hall loops at these temperatures."
        )
    return words + (
        f"That changes H_c by {100 * bias.min():+.0f} to {100 * bias.max():+.0f} %, and a J_c in "
        "proportion to it as much."
    ).replace("-", "\N{MINUS SIGN}")


def _with_errors(column: str) -> tuple[str, str, str]:
    return column, uncertainty_column(column), systematic_column(column)


def state_table(lut: pd.DataFrame | None) -> Table | None:
    """The states of the look-up table."""
    return None if lut is None else _words(lut, _STATES, None)


def merit_table(table: pd.DataFrame | None) -> Table | None:
    """Figures of merit, bounds as bounds; one that was not measured is not in it."""
    if table is None:
        return None
    known = table[table["value"].notna()].fillna({"bound": ""})
    rows = [
        [
            row["quantity"].replace("_", " "),
            measured(row["value"], row["value_u"], bound=row["bound"]),
            "" if str(row["unit"]) == "1" else row["unit"],
            row["definition"],
        ]
        for _, row in known.iterrows()
    ]
    return {"head": ["figure of merit", "value", "unit", "definition"], "rows": rows}


def _words(
    table: pd.DataFrame,
    columns: Mapping[str, str],
    samples: Mapping[str, Mapping[str, Any]] | None,
) -> Table:
    shown = {name: words for name, words in columns.items() if name in table}
    shown = {name: words for name, words in shown.items() if table[name].notna().any()}
    rows = [[_cell(row, name) for name in shown] for _, row in table.iterrows()]
    head = list(shown.values())
    if samples is not None:
        head = ["sample", *head]
        labels = [samples[name]["label"] for name in table["sample"]]
        rows = [[label, *row] for label, row in zip(labels, rows, strict=True)]
    return {"head": head, "rows": rows}


def _cell(row: pd.Series, name: str) -> str:
    value, factor = row[name], _FACTORS.get(name, 1.0)
    if pd.isna(value):
        return "–"
    if name in ("state", "n_visits", "n_reads"):
        return str(int(value))
    statistical, systematic = (row.get(one, np.nan) * factor for one in _with_errors(name)[1:])
    return measured(value * factor, statistical, systematic=systematic)
