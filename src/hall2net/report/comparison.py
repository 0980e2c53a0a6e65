"""Every number that the papers print, beside ours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from hall2net.networks.runs import Run
from hall2net.physics.pulses import write_energy
from hall2net.physics.switching_map import current_reductions, switching_map
from hall2net.physics.switching_rows import CRITERIA, prefield_threshold
from hall2net.report.accuracies import cotb_accuracies, ruo2_accuracies
from hall2net.report.verdict import (
    AMBIGUOUS,
    CANNOT_TELL,
    DEFINITION,
    INPUT,
    NOT_MEASURED,
    Ours,
    compared_row,
)
from hall2net.study.published import PublishedNumber
from hall2net.synapse.polarity import polarity_of
from hall2net.tables import systematic_column, uncertainty_column, usable


def comparison_table(
    published: Iterable[PublishedNumber],
    studies: Mapping[str, Mapping[str, pd.DataFrame]],
    runs: Sequence[Run],
    *,
    provenance: Mapping[str, str],
) -> pd.DataFrame:
    """Every published number beside ours: `comparison-<scale>.csv`.

    Parameters
    ----------
    published : as `hall2net.study.published.published_numbers` gives them
    studies : study to its tables by name: `measurements` (the sheet), `loops`, `switching`, `lut`,
        and for ruo2 also `torque`, `torque_as_printed` and `resistivity`
    runs : the trainings
    provenance : study to a word on its raw data, e.g. "emulated raw data"

    Returns
    -------
    DataFrame, one row a published number of these studies: `study, quantity, published, ours,
    ours_u` (statistical 1 sigma), `ours_sys` (systematic 1 sigma), `difference, ratio, z,
    tolerance, verdict, independent, source, remark`. `difference` is ours less published (to the
    nearer end of a range), `z` is that over the combined 1-sigma uncertainty of all kinds, where a
    printed number counts as uniform within half its last digit. `tolerance`
    was stated beforehand and decides (`hall2net.report.verdict`). `independent` rows are verdicts
    on the paper: measured from raw files that are not emulated, or trained on real images.
    """
    ours: dict[str, Ours] = {}
    for study, (entries, accuracies, needed) in _STUDIES.items():
        if needed <= set(studies.get(study, {})):
            raw = provenance.get(study, "")
            device = {
                quantity: replace(entry, emulated="emulated" in raw)
                for quantity, entry in entries(studies[study], raw).items()
            }
            found = device | accuracies(runs)
            ours |= {f"{study}.{quantity}": entry for quantity, entry in found.items()}
    return pd.DataFrame(
        [compared_row(one, ours.get(one.path)) for one in published if one.study in studies],
        columns=[
            "study", "quantity", "published", "ours", "ours_u", "ours_sys", "difference", "ratio",
            "z", "tolerance", "verdict", "independent", "source", "remark",
        ],
    )  # fmt: skip


def _cotb(tables: Mapping[str, pd.DataFrame], raw: str) -> dict[str, Ours]:
    loops, lut = tables["loops"], tables["lut"]
    sheet = tables["measurements"].query("kind == 'sot_switching' and sample == 'freestanding'")
    room = loops[(loops["kind"] == "ahe_loop") & ((loops["temperature_k"] - 300).abs() < 5)]
    t_m = tables["compensation"].set_index("sample").reindex(["freestanding"]).iloc[0]
    switching = usable(tables["switching"]).query("sample == 'freestanding'")
    source = f"switching.csv ({raw})"
    strongest = _largest(switching, "current_max_ma")
    ratio = _pooled(switching, "switching_ratio")
    polarities = switching.groupby(np.sign(switching["field_x_oe"]))["polarity"].first()
    entries = {
        "loops.fig3a_r_ahe_ohm": _mean_of(room, "as_grown", "r_ahe_ohm", f"loops.csv ({raw})"),
        "loops.fig3c_r_ahe_ohm": _mean_of(room, "freestanding", "r_ahe_ohm", f"loops.csv ({raw})"),
        "loops.compensation_temperature_k": _cell(
            t_m, "t_m_k", f"compensation.csv ({raw})", tables.get("systematics")
        ),
        "switching.current_max_ma": _given(switching["current_max_ma"].max(), source),
        "switching.j_max_a_cm2": Ours(_current_density(strongest) / 1e4, source=source),
        "switching.in_plane_field_mt.1": _given(sheet["field_x_oe"].max() / 10, _SHEET),
        "switching.in_plane_field_mt.2": _given(sheet["field_x_oe"].min() / 10, _SHEET),
        "switching.initial_field_mt": _given(sheet["initial_field_z_oe"].abs().max() / 10, _SHEET),
        "switching.probe_current_ua": _given(sheet["current_ma"].abs().max() * 1e3, _SHEET),
        "switching.switching_ratio": Ours(*ratio, source),
        "switching.polarity_reverses_with_field": Ours(
            bool(polarities.get(1.0, 0) * polarities.get(-1.0, 0) == -1), source=source
        ),
        "devices_per_weight.this_work": _devices_per_weight(
            lut, room, "freestanding", f"lut.csv and loops.csv ({raw})"
        ),
        "devices_per_weight.differential_pair": Ours(2, verdict=DEFINITION),
    }
    return entries


def _ruo2(tables: Mapping[str, pd.DataFrame], raw: str) -> dict[str, Ours]:
    torque = tables["torque"].set_index("sample")
    printed = tables["torque_as_printed"].set_index("sample")
    best, control = torque.loc["ruo2_0p5"], torque.loc["mgo_0p5"]
    source, parts = f"torque.csv ({raw})", tables.get("systematics")
    entries = {
        "torque.xi_enhancement_t0p5": _cell(best, "xi_ratio", source, parts),
        "torque.theta_sh_t0p5": _cell(
            best,
            "theta_sh",
            source,
            parts,
            f"With the formulas as printed: {printed.at['ruo2_0p5', 'theta_sh']:.6g}.",
        ),
        "torque.theta_ratio_to_reference": _cell(best, "theta_ratio", source, parts),
        "torque.jc_reduction_t0p5": _j_c_reduction(
            tables["switching"], best, f"switching.csv ({raw})"
        ),
        "torque.rho_xx_uohm_cm": _cell(best, "rho_xx_uohm_cm", source, parts),
        "torque.ks_isoc_mgo_erg_cm2": _cell(control, "k_s_erg_cm2", source, parts),
        "field_free.switching_ratio.t0p5": _cell(best, "switching_ratio", source, parts),
        "field_free.switching_ratio.t0p7": _cell(
            torque.loc["ruo2_0p7"], "switching_ratio", source, parts
        ),
    }
    for constant in ("g_hm_per_ohm_m2", "g_mix_per_ohm_m2", "sml_slope_per_erg_cm2"):
        entries[f"torque.{constant}"] = _given(best.get(constant), source)
    sheet = tables["measurements"]
    pair = sheet.query(
        "kind == 'loop_shift' and sample == 'ruo2_0p5' and field_x_oe == 200 and current_ma == 3"
    )
    if not pair.empty:
        example = {"t_nm": 0.5, "h_x_oe": 200, "i_dc_ma": 3}
        entries |= {
            f"torque.loop_shift_example.{name}": _given(value, _SHEET)
            for name, value in example.items()
        }
    entries |= _field_free(tables, f"switching.csv ({raw})")
    entries |= _synapse(tables, f"lut.csv ({raw})")
    return entries


def _field_free(tables: Mapping[str, pd.DataFrame], source: str) -> dict[str, Ours]:
    switching = tables["switching"]
    free = switching[(switching["field_x_oe"].fillna(0) == 0)]
    best = usable(free).query("sample == 'ruo2_0p5'")
    entries = {}
    control = free.query("sample == 'mgo_0p5'")
    if not control.empty:
        entries["field_free.mgo_control_switches"] = Ours(
            bool((usable(control)["polarity"].abs() == 1).any()), source=source
        )
    plain = best[best["prefield_x_oe"].fillna(0) == 0]
    if not plain.empty:
        entries["field_free.j_max_a_m2"] = Ours(
            _current_density(_largest(plain, "current_max_ma")), source=source
        )
    reversed_at = prefield_threshold(switching, "ruo2_0p5")
    if reversed_at is not None:
        low, high = reversed_at
        entries["field_free.polarity_reversal_prefield_oe"] = Ours(
            [low, high],
            source=source,
            remark=f"A bracket: no reversal at {low:g} Oe, reversal at {high:g} Oe.",
        )
    return entries | _senses(best, source)


def _senses(rows: pd.DataFrame, source: str) -> dict[str, Ours]:
    """What the text on figures 3e and f says of each saturation before the field-free pulses.

    Parameters
    ----------
    rows : field-free switching of the 0.5 nm sample
    source : of the rows
    """
    prefield = rows["prefield_x_oe"].fillna(0).abs()
    up, reversing = rows["initial_field_z_oe"] > 0, prefield >= _REVERSING_OE
    entries = {}
    for name, chosen in {
        "up_sense": up & (prefield == 0),
        "down_switches": ~up & ~reversing,
        "down_after_reversal_sense": ~up & reversing,
        "up_again_switches": up & ~reversing & (prefield > 0),
        "up_after_reversal_sense": up & reversing,
    }.items():
        polarity = rows.loc[chosen, "polarity"]
        if polarity.empty:
            continue
        words = " and ".join(sorted({_SENSE[value] for value in polarity}))
        fields = ", ".join(f"{field:g}" for field in sorted(prefield[chosen].unique()))
        value = bool((polarity != 0).any()) if name.endswith("switches") else words
        remark = f"Ours: {words} (pre-applied field {fields} Oe)."
        entries[f"field_free.fig3ef.{name}"] = Ours(value, source=source, remark=remark)
    return entries


_REVERSING_OE = 2350
"""Pre-applied field from which the paper sees the sense of rotation reversed."""
_SENSE = {1: "counterclockwise", -1: "clockwise", 0: "no switching"}
"""Polarity to the sense in which the loop of resistance against current is run through."""


def _j_c_reduction(switching: pd.DataFrame, best: pd.Series, source: str) -> Ours:
    """J_c of the reference over that of a sample, at the same switching percentage.

    The paper takes the current of one and the same percentage of the film for all samples, which
    is the criterion `fixed`; what the others give is said in the remark.
    """
    table = switching_map(switching)
    ratios = current_reductions(table, "pt", best.get("j_c_field_x_oe", np.nan))
    if best.name not in ratios.index:
        return Ours(np.nan, np.nan, source, "")
    row = ratios.loc[best.name]
    words = [f"{_CRITERION[name]} {row[name]:.3g}" for name in CRITERIA if np.isfinite(row[name])]
    remark = f"By every criterion: {', '.join(words)}." if words else ""
    return Ours(row["fixed"], row["fixed_u"], source, remark)


_CRITERION = {
    "half": "half of the own swing",
    "onset": "onset",
    "90": "90 % of the own swing",
    "fixed": "same share of the film",
    "saturation": "saturation",
}


def _devices_per_weight(lut: pd.DataFrame, room: pd.DataFrame, sample: str, source: str) -> Ours:
    """One device where its states have both signs after the Hall offset, else two."""
    found = polarity_of(lut, room, sample)
    if found.polarity == "not measured":
        return Ours(
            None, source=source, verdict=INPUT,
            remark="No Hall loop of this sample gives the offset, so no state has a sign.",
        )  # fmt: skip
    lowest, highest = (lut["resistance_ohm"] - found.offset_ohm).agg(["min", "max"])
    remark = (
        f"{found.polarity.capitalize()}: after the Hall offset of {found.offset_ohm:.3g} ± "
        f"{found.offset_u_ohm:.1g} Ω the states lie between {lowest:.3g} and {highest:.3g} Ω."
    )
    if found.polarity == "cannot tell":
        return Ours(None, source=source, remark=remark, verdict=CANNOT_TELL)
    return Ours(1 if found.polarity == "bipolar" else 2, source=source, remark=remark)


def _synapse(tables: Mapping[str, pd.DataFrame], source: str) -> dict[str, Ours]:
    lut = tables["lut"].sort_values("resistance_ohm", ignore_index=True)
    entries = {
        f"synapse.states_ohm.{state}": Ours(row["resistance_ohm"], row["resistance_u_ohm"], source)
        for state, (_, row) in enumerate(lut.iterrows(), start=1)
    }
    entries |= {
        # The outer levels are -1 and 1 whatever was measured.
        f"synapse.levels.{state}": Ours(
            level, u, source, verdict=DEFINITION if state in (1, len(lut)) else None
        )
        for state, (level, u) in enumerate(zip(lut["level"], lut["level_u"], strict=True), start=1)
    }
    # The pulse of the other sign resets; those of one sign set the states.
    pulses = lut.loc[lut["write_current_ma"] > 0, "write_current_ma"]
    per_ma = (tables["switching"]["j_c_a_m2"] / tables["switching"]["i_c_ma"])[
        tables["switching"]["sample"] == "ruo2_0p5"
    ].mean()
    for number, current in enumerate((pulses.min(), pulses.max()), start=1):
        entries[f"synapse.pulse_current_ma.{number}"] = _given(current, source)
        entries[f"synapse.j_a_m2.{number}"] = Ours(current * per_ma, source=source)
    resistance = tables["resistivity"].set_index("sample").loc["ruo2_0p5"]
    width = tables["measurements"].query("kind == 'pulse_train'")["pulse_width_s"].iloc[0]
    middle = (pulses.min() + pulses.max()) / 2
    energy = float(write_energy(middle * 1e-3, resistance["r_xx_ohm"], width)) * 1e6
    entries["synapse.energy_uj"] = Ours(
        energy,
        energy * resistance["r_xx_u_ohm"] / resistance["r_xx_ohm"],
        f"resistivity.csv, {source}",
        f"Ours: one pulse of the middle set current, {middle:g} mA.",
        AMBIGUOUS,
    )
    return entries


_SHEET = "measurements.csv"
_STUDIES = {
    "cotb": (
        _cotb,
        cotb_accuracies,
        {"measurements", "loops", "compensation", "switching", "lut"},
    ),
    "ruo2": (
        _ruo2,
        ruo2_accuracies,
        {
            "measurements", "loops", "switching", "lut", "resistivity", "torque",
            "torque_as_printed",
        },
    ),
}  # fmt: skip
"""What the papers' studies compare, and the tables that it takes."""


def _given(value: Any, source: str) -> Ours:  # noqa: ANN401
    return Ours(value, source=source, verdict=INPUT)


def _cell(
    row: pd.Series, column: str, source: str, parts: pd.DataFrame | None, remark: str = ""
) -> Ours:
    """A number of a table with a row a sample.

    Parameters
    ----------
    row : of one sample, which it is named after
    column : of the number
    source : words on the table
    parts : systematics.csv; None where a study has none
    remark : what a reader has to know
    """
    spread = row.get(uncertainty_column(column), np.nan)
    systematic = row.get(systematic_column(column), np.nan)
    if not np.isfinite(row[column]):
        return Ours(None, source=source, remark=remark, verdict=NOT_MEASURED)
    calibration = 0.0
    if parts is not None:
        own = parts[(parts["sample"] == row.name) & (parts["quantity"] == column)]
        known = own.loc[own["kind"] == "calibration", "change"]
        calibration = float(np.sqrt(known.pow(2).sum()))
    return Ours(
        float(row[column]), float(spread), source, remark,
        systematic=float(systematic), calibration=calibration,
    )  # fmt: skip


def _pooled(table: pd.DataFrame, column: str) -> tuple[float, float]:
    """Weighted mean of a column and its uncertainty."""
    rows = table[table[column].notna()]
    if rows.empty:
        return np.nan, np.nan
    spread = rows.get(uncertainty_column(column))
    if spread is None or not (spread > 0).all():
        return float(rows[column].mean()), np.nan
    weights = spread**-2.0
    return float((rows[column] * weights).sum() / weights.sum()), float(weights.sum() ** -0.5)


def _mean_of(table: pd.DataFrame, sample: str, column: str, source: str) -> Ours:
    rows = usable(table)
    rows = rows[rows["sample"] == sample]
    value, spread = _pooled(rows.assign(**{column: rows[column].abs()}), column)
    # Common to all loops of a sample: their mean knows it no better than one of them.
    systematic = rows.get(systematic_column(column), pd.Series(dtype=float)).mean()
    return Ours(value, spread, source, systematic=float(systematic))


def _largest(table: pd.DataFrame, column: str) -> pd.Series:
    rows = table[table["j_c_a_m2"].notna()]
    return rows.loc[rows[column].idxmax()]


def _current_density(row: pd.Series) -> float:
    """Current density at a sweep's largest current, in A/m2, through the layers that J_c is for."""
    return float(row["current_max_ma"] / row["i_c_ma"] * row["j_c_a_m2"])
