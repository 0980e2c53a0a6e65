"""Every number that the papers print, beside ours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from hall2net.networks.runs import Run, find_run, run_table
from hall2net.physics.compensation import compensation_temperature
from hall2net.physics.pulses import write_energy
from hall2net.physics.switching import prefield_threshold
from hall2net.study.published import PublishedNumber
from hall2net.tables import uncertainty_column, usable

AGREES = "agrees"
DIFFERS = "differs"
NOT_MEASURED = "not measured at this scale"
AMBIGUOUS = "ambiguous in the paper"
FIGURE_ONLY = "shown only in a figure"
INPUT = "taken as input"
QUOTED = "quoted from another work"


@dataclass(frozen=True)
class _Ours:
    value: float | str | bool | None
    uncertainty: float = float("nan")
    source: str = ""
    remark: str = ""
    verdict: str | None = None


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
    ours_u, difference, ratio, z, verdict, source, remark`. `difference` is ours less published
    (to the nearer end of a range), `z` is that over the combined 1-sigma uncertainty, where a
    printed number counts as uniform within half its last digit. A number agrees when
    abs(z) <= 3.
    """
    ours: dict[str, _Ours] = {}
    for study, (entries, needed) in _STUDIES.items():
        if needed <= set(studies.get(study, {})):
            found = entries(studies[study], runs, provenance.get(study, ""))
            ours |= {f"{study}.{quantity}": entry for quantity, entry in found.items()}
    return pd.DataFrame(
        [_row(number, ours.get(number.path)) for number in published if number.study in studies],
        columns=[
            "study", "quantity", "published", "ours", "ours_u", "difference", "ratio", "z",
            "verdict", "source", "remark",
        ],
    )  # fmt: skip


def _row(number: PublishedNumber, ours: _Ours | None) -> dict[str, Any]:
    published = number.value
    row: dict[str, Any] = {
        "study": number.study,
        "quantity": number.quantity,
        "published": _text(published),
    }
    if ours is not None and isinstance(ours.value, float) and not np.isfinite(ours.value):
        ours = _Ours(None, source=ours.source, verdict=NOT_MEASURED)
    if ours is None:
        only_drawn = ".figures." in f".{number.quantity}."
        ours = _Ours(None, verdict=FIGURE_ONLY if only_drawn else NOT_MEASURED)
    row |= {"ours": _text(ours.value), "ours_u": ours.uncertainty}
    verdict = ours.verdict
    if _is_number(ours.value) and (_is_number(published) or isinstance(published, list)):
        low, high = published if isinstance(published, list) else (published, published)
        nearest = low if low == high else min(max(ours.value, low), high)
        last_digit = float(Decimal(1).scaleb(_exponent(low)))
        spread = last_digit / 2 / np.sqrt(3)
        sigma = np.hypot(spread, 0.0 if np.isnan(ours.uncertainty) else ours.uncertainty)
        row["difference"] = ours.value - nearest
        row["ratio"] = ours.value / nearest if nearest else np.nan
        row["z"] = row["difference"] / sigma
        verdict = verdict or (AGREES if abs(row["z"]) <= 3 else DIFFERS)
        if verdict == INPUT and abs(row["z"]) > 3:
            verdict = NOT_MEASURED
    elif verdict is None:
        verdict = AGREES if ours.value == published else DIFFERS
    remark = " ".join(part for part in (number.remark, ours.remark) if part)
    return row | {"verdict": verdict, "source": ours.source, "remark": remark}


def _exponent(number: float) -> int:
    """Decimal exponent of the last printed digit: 0.36 gives -2, 4.4e7 gives 6."""
    text = Decimal(repr(number))
    if isinstance(number, float) and number == int(number) and abs(number) >= 1e5:
        text = text.normalize()
    return int(text.as_tuple().exponent)


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return " to ".join(map(_text, value))
    return "" if value is None else f"{value:.6g}" if _is_number(value) else str(value)


def _cotb(tables: Mapping[str, pd.DataFrame], runs: Sequence[Run], raw: str) -> dict[str, _Ours]:
    loops, lut = tables["loops"], tables["lut"]
    sheet = tables["measurements"].query("kind == 'sot_switching' and sample == 'freestanding'")
    room = loops[(loops["kind"] == "ahe_loop") & ((loops["temperature_k"] - 300).abs() < 5)]
    t_m = compensation_temperature(loops, "freestanding")
    switching = usable(tables["switching"]).query("sample == 'freestanding'")
    source = f"switching.csv ({raw})"
    strongest = _largest(switching, "current_max_ma")
    ratio = _pooled(switching, "switching_ratio")
    polarities = switching.groupby(np.sign(switching["field_x_oe"]))["polarity"].first()
    bipolar = (lut["level"] < 0).any() and (lut["level"] > 0).any()
    entries = {
        "loops.fig3a_r_ahe_ohm": _mean_of(room, "as_grown", "r_ahe_ohm", f"loops.csv ({raw})"),
        "loops.fig3c_r_ahe_ohm": _mean_of(room, "freestanding", "r_ahe_ohm", f"loops.csv ({raw})"),
        "loops.compensation_temperature_k": _Ours(t_m.value, t_m.total, f"loops.csv ({raw})"),
        "switching.current_max_ma": _given(switching["current_max_ma"].max(), source),
        "switching.j_max_a_cm2": _Ours(_current_density(strongest) / 1e4, source=source),
        "switching.in_plane_field_mt.1": _given(sheet["field_x_oe"].max() / 10, _SHEET),
        "switching.in_plane_field_mt.2": _given(sheet["field_x_oe"].min() / 10, _SHEET),
        "switching.initial_field_mt": _given(sheet["initial_field_z_oe"].abs().max() / 10, _SHEET),
        "switching.probe_current_ua": _given(sheet["current_ma"].abs().max() * 1e3, _SHEET),
        "switching.switching_ratio": _Ours(*ratio, source),
        "switching.polarity_reverses_with_field": _Ours(
            bool(polarities.get(1.0, 0) * polarities.get(-1.0, 0) == -1), source=source
        ),
        "devices_per_weight.this_work": _Ours(1 if bipolar else 2, source=f"lut.csv ({raw})"),
        "devices_per_weight.differential_pair": _Ours(
            2, verdict=INPUT, remark="By definition of the pair."
        ),
    }
    device = find_run(runs, "cifar10", "lut")
    block = "resnet18_cifar10"
    for network, run in {"ideal": find_run(runs, "cifar10", "float32"), "device": device}.items():
        if run is None:
            continue
        verdict = None if _comparable(run, epochs=100) and _published_scale(run) else NOT_MEASURED
        for epoch in (25, 75):
            recorded = run.recorded_epoch(epoch / 100)
            accuracy, spread = _accuracy(run.confusions[recorded])
            entries[f"{block}.epoch{epoch}.{network}"] = _Ours(
                accuracy, spread, _run_source(run), f"Ours at epoch {recorded}.", verdict
            )
        final = run.confusions[run.last_epoch]
        for true in ("airplane", "cat"):
            if true in final:
                right, total = final.at[true, true], final.loc[true].sum()
                entries[f"{block}.epoch100_correct.{network}.{true}"] = _Ours(
                    int(right),
                    float(np.sqrt(right * (total - right) / total)),
                    _run_source(run),
                    verdict=verdict,
                )
    if device is not None:
        comparable = _comparable(device, epochs=100) and _published_scale(device)
        final_accuracy = _final_accuracy(device, runs, None if comparable else NOT_MEASURED)
        entries[f"{block}.epochs"] = _given(device.metrics["epochs"], _run_source(device))
        entries[f"{block}.accuracy_device"] = final_accuracy
        for other in ("irnet_binary", "vc_sot_mram_cim", "flash_blocks"):
            entries[f"{block}.compared_with.{other}"] = replace(
                final_accuracy, remark="", verdict=QUOTED
            )
    return entries


def _ruo2(tables: Mapping[str, pd.DataFrame], runs: Sequence[Run], raw: str) -> dict[str, _Ours]:
    torque = tables["torque"].set_index("sample")
    printed = tables["torque_as_printed"].set_index("sample")
    best, control = torque.loc["ruo2_0p5"], torque.loc["mgo_0p5"]
    source = f"torque.csv ({raw})"
    entries = {
        "torque.xi_enhancement_t0p5": _cell(best, "xi_ratio", source),
        "torque.theta_sh_t0p5": _cell(
            best,
            "theta_sh",
            source,
            f"With the formulas as printed: {_text(printed.at['ruo2_0p5', 'theta_sh'])}.",
        ),
        "torque.theta_ratio_to_reference": _cell(best, "theta_ratio", source),
        "torque.jc_reduction_t0p5": _cell(best, "j_c_ratio", source),
        "torque.rho_xx_uohm_cm": _cell(best, "rho_xx_uohm_cm", source),
        "torque.ks_isoc_mgo_erg_cm2": _cell(control, "k_s_erg_cm2", source),
        "field_free.switching_ratio.t0p5": _cell(best, "switching_ratio", source),
        "field_free.switching_ratio.t0p7": _cell(torque.loc["ruo2_0p7"], "switching_ratio", source),
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
    return entries | _mlp(runs)


def _field_free(tables: Mapping[str, pd.DataFrame], source: str) -> dict[str, _Ours]:
    switching = tables["switching"]
    free = switching[(switching["field_x_oe"].fillna(0) == 0)]
    best = usable(free).query("sample == 'ruo2_0p5'")
    entries = {}
    control = free.query("sample == 'mgo_0p5'")
    if not control.empty:
        entries["field_free.mgo_control_switches"] = _Ours(
            bool((usable(control)["polarity"].abs() == 1).any()), source=source
        )
    plain = best[best["prefield_x_oe"].fillna(0) == 0]
    if not plain.empty:
        entries["field_free.j_max_a_m2"] = _Ours(
            _current_density(_largest(plain, "current_max_ma")), source=source
        )
    reversed_at = prefield_threshold(switching, "ruo2_0p5")
    if reversed_at is not None:
        low, high = reversed_at
        entries["field_free.polarity_reversal_prefield_oe"] = _Ours(
            high, high - low, source, f"No reversal at {low:g} Oe, reversal at {high:g} Oe."
        )
    return entries


def _synapse(tables: Mapping[str, pd.DataFrame], source: str) -> dict[str, _Ours]:
    lut = tables["lut"].sort_values("resistance_ohm", ignore_index=True)
    entries = {
        f"synapse.states_ohm.{state}": _Ours(row["resistance_ohm"], row["resistance_u_ohm"], source)
        for state, (_, row) in enumerate(lut.iterrows(), start=1)
    }
    entries |= {
        f"synapse.levels.{state}": _Ours(level, u, source)
        for state, (level, u) in enumerate(zip(lut["level"], lut["level_u"], strict=True), start=1)
    }
    # The pulse of the other sign resets; those of one sign set the states.
    pulses = lut.loc[lut["write_current_ma"] > 0, "write_current_ma"]
    per_ma = (tables["switching"]["j_c_a_m2"] / tables["switching"]["i_c_ma"])[
        tables["switching"]["sample"] == "ruo2_0p5"
    ].mean()
    for number, current in enumerate((pulses.min(), pulses.max()), start=1):
        entries[f"synapse.pulse_current_ma.{number}"] = _given(current, source)
        entries[f"synapse.j_a_m2.{number}"] = _Ours(current * per_ma, source=source)
    resistance = tables["resistivity"].set_index("sample").loc["ruo2_0p5"]
    width = tables["measurements"].query("kind == 'pulse_train'")["pulse_width_s"].iloc[0]
    middle = (pulses.min() + pulses.max()) / 2
    energy = float(write_energy(middle * 1e-3, resistance["r_xx_ohm"], width)) * 1e6
    entries["synapse.energy_uj"] = _Ours(
        energy,
        energy * resistance["r_xx_u_ohm"] / resistance["r_xx_ohm"],
        f"resistivity.csv, {source}",
        f"Ours: one pulse of the middle set current, {middle:g} mA.",
        AMBIGUOUS,
    )
    return entries


def _mlp(runs: Sequence[Run]) -> dict[str, _Ours]:
    entries: dict[str, _Ours] = {"mlp.weight_decay": _Ours(None, verdict=AMBIGUOUS)}
    keys = {"float32": "float32", "six_state": "lut", "binary": "binary"}
    for dataset in ("mnist", "fashion_mnist"):
        for quantity, kind in keys.items():
            run = find_run(runs, dataset, kind)
            if run is not None:
                verdict = None if _comparable(run, epochs=50) else NOT_MEASURED
                entries[f"mlp.{dataset}.{quantity}"] = _final_accuracy(run, runs, verdict)
    run = find_run(runs, "mnist", "float32")
    if run is not None:
        metrics, source = run.metrics, _run_source(run)
        entries["mlp.epochs"] = _given(metrics["epochs"], source)
        for number, size in enumerate(metrics["network"]["layers"], start=1):
            entries[f"mlp.layers.{number}"] = _given(size, source)
        for key in ("batch", "optimizer", "learning_rate"):
            entries[f"mlp.{key}"] = _given(metrics["settings"][key], source)
    return entries


_SHEET = "measurements.csv"
_STUDIES = {
    "cotb": (_cotb, {"measurements", "loops", "switching", "lut"}),
    "ruo2": (
        _ruo2,
        {
            "measurements", "loops", "switching", "lut", "resistivity", "torque",
            "torque_as_printed",
        },
    ),
}  # fmt: skip
"""What the papers' studies compare, and the tables that it takes."""


def _given(value: Any, source: str) -> _Ours:  # noqa: ANN401
    return _Ours(value, source=source, verdict=INPUT)


def _cell(row: pd.Series, column: str, source: str, remark: str = "") -> _Ours:
    spread = row.get(uncertainty_column(column), np.nan)
    if not np.isfinite(row[column]):
        return _Ours(None, source=source, remark=remark, verdict=NOT_MEASURED)
    return _Ours(float(row[column]), float(spread), source, remark)


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


def _mean_of(table: pd.DataFrame, sample: str, column: str, source: str) -> _Ours:
    rows = usable(table)
    rows = rows[rows["sample"] == sample]
    value, spread = _pooled(rows.assign(**{column: rows[column].abs()}), column)
    return _Ours(value, spread, source)


def _largest(table: pd.DataFrame, column: str) -> pd.Series:
    rows = table[table["j_c_a_m2"].notna()]
    return rows.loc[rows[column].idxmax()]


def _current_density(row: pd.Series) -> float:
    """Current density at a sweep's largest current, in A/m2, through the layers that J_c is for."""
    return float(row["current_max_ma"] / row["i_c_ma"] * row["j_c_a_m2"])


def _comparable(run: Run, epochs: int) -> bool:
    return not run.metrics["stand_in"] and run.metrics["epochs"] >= epochs


def _published_scale(run: Run) -> bool:
    return run.metrics["scale"] == "published"


def _accuracy(confusion: pd.DataFrame) -> tuple[float, float]:
    square = confusion.to_numpy()
    accuracy = np.trace(square) / square.sum()
    return float(accuracy), float(np.sqrt(accuracy * (1 - accuracy) / square.sum()))


def _run_source(run: Run) -> str:
    return f"{run.name} ({run.metrics['source']})"


def _final_accuracy(run: Run, runs: Sequence[Run], verdict: str | None) -> _Ours:
    """Accuracy of the papers' mapping, with what another mapping reaches in the remark."""
    table = run_table(runs).set_index("run")
    row = table.loc[str(run.name)]
    others = table[
        (table["dataset"] == row["dataset"])
        & (table["precision"] == row["precision"])
        & (table["seed"] == row["seed"])
        & (table["recipe"] == row["recipe"])
        & (table["mapping"] != row["mapping"])
    ]
    remark = " ".join(
        f"Mapping {mapping}: {accuracy:.4f}."
        for mapping, accuracy in zip(others["mapping"], others["test_accuracy"], strict=True)
    )
    if row["mapping"] == "maxabs":
        remark = f"Mapping maxabs, as in the paper. {remark}".strip()
    if span := run.metrics["settings"]["average_epochs"]:
        remark = f"{remark} Weights averaged over {span:g} epochs, which is ours.".strip()
    source = _run_source(run)
    return _Ours(row["test_accuracy"], row["test_accuracy_u"], source, remark, verdict)
