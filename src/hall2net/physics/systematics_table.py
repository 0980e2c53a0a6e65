"""Where the systematic uncertainty of every derived number comes from."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hall2net.physics import compensation, film_moments, resistivity, torque
from hall2net.physics.facts import Samples
from hall2net.physics.systematics import Parts, Systematics
from hall2net.tables import room_temperature_loops, total_sigma, uncertainty_column, usable

_ROUNDING = 1e-18  # fraction of a variance that is left of what cancels
_HALL = ("h_c_oe", "r_ahe_ohm")
_COLUMNS = (
    "sample", "quantity", "value", "source", "kind", "sigma", "sigma_unit", "known", "common",
    "change", "fraction",
)  # fmt: skip


def systematics_table(
    tables: Mapping[str, pd.DataFrame],
    samples: Samples,
    systematics: Mapping[str, Any],
    *,
    reference: str | None = None,
    convention: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Every source of every derived number of a study.

    Parameters
    ----------
    tables : those of the study by name: `loops`, `magnetometry`, `resistivity`, `switching`,
        `compensation`; `torque`, where the study has it, says that there are torques
    samples : sample to its facts
    systematics : block of the study, as `Systematics.of` takes it
    reference, convention : as `hall2net.physics.torque.torque_table` takes them

    Returns
    -------
    DataFrame, one row a sample, quantity and source: `sample, quantity, value, source`, `kind`
    (dimension or calibration: an error of the laboratory; model: a choice of the analysis), `sigma`
    with `sigma_unit` (%, or the unit of the source), `known` (given, assumed, or model), `common`
    (whether all samples share the error), `change` (of the quantity at one sigma, with its sign),
    `fraction` (of the quantity's systematic variance).
    """
    sources = Systematics.of(systematics, samples)
    rows = []
    found = [*_measured_parts(tables, sources)]
    if "torque" in tables and reference is not None:
        torques = torque.torque_rows(
            tables["loops"],
            tables["magnetometry"],
            tables["resistivity"],
            tables["switching"],
            samples,
            reference=reference,
            convention=convention or {},
            systematics=systematics,
        )
        found += _torque_parts(torques)
    for sample, quantity, value, parts in found:
        variance = sum(part**2 for part in parts.values())
        for source, change in parts.items():
            if change**2 > _ROUNDING * variance:
                row = {"sample": sample, "quantity": quantity, "value": value, "source": source}
                row |= _source_columns(sources, source, sample)
                rows.append(row | {"change": change, "fraction": change**2 / variance})
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _measured_parts(
    tables: Mapping[str, pd.DataFrame], sources: Systematics
) -> Iterator[tuple[str, str, float, Mapping[str, float]]]:
    """Sample, quantity, value, and its parts by source, of tables with a row a sample."""
    for name, quantities, parts_of in (
        ("resistivity", resistivity.QUANTITIES, resistivity.resistivity_parts),
        ("magnetometry", film_moments.QUANTITIES, film_moments.magnetometry_parts),
        ("compensation", ("t_m_k",), compensation.compensation_parts),
        ("loops", _HALL, _hall_parts),
        ("switching", ("j_c_a_m2",), _critical_parts),
    ):
        table = usable(tables[name]) if name in tables else pd.DataFrame()
        if name == "loops" and len(table):
            table = room_temperature_loops(table)
        elif name == "switching" and len(table):
            # That of torque.csv is of one field for all samples, and has its ratio too.
            table = table if "torque" not in tables else table.iloc[:0]
            table = table[table["j_c_a_m2"].notna()].drop_duplicates("sample")
        for row in table.to_dict("records"):
            yield from _of_row(row, quantities, parts_of(row, sources))


def _torque_parts(
    rows: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[str, str, float, Mapping[str, float]]]:
    """The same of the torques; what magnetometry and resistivity have is theirs."""
    elsewhere = (*resistivity.QUANTITIES, *film_moments.QUANTITIES)
    for row in rows:
        for quantity, parts in row["parts"].items():
            if quantity not in elsewhere:
                yield row["sample"], quantity, row[quantity], parts


def _of_row(
    row: Mapping[str, Any], quantities: tuple[str, ...], parts: Parts
) -> Iterator[tuple[str, str, float, Mapping[str, float]]]:
    for place, quantity in enumerate(quantities):
        if np.isfinite(row.get(quantity, np.nan)):
            own = {source: float(np.nan_to_num(part[place])) for source, part in parts.items()}
            yield str(row["sample"]), quantity, float(row[quantity]), own


def _hall_parts(row: Mapping[str, Any], sources: Systematics) -> Parts:
    """Parts of H_c and R_AHE = V/I of a Hall loop; background and field step are its fit's."""
    parts = sources.parts(
        str(row["sample"]),
        lambda off: [row["h_c_oe"] * off.field, row["r_ahe_ohm"] / off.current],
    )
    loop = pd.Series(row)
    fit = [total_sigma(loop, name) ** 2 - row[uncertainty_column(name)] ** 2 for name in _HALL]
    return parts | {"background_and_field_step": np.sqrt(np.maximum(fit, 0.0))}


def _critical_parts(row: Mapping[str, Any], sources: Systematics) -> Parts:
    """Parts of J_c of the first switching loop of a sample, as the report shows it."""
    return torque.critical_parts(row, str(row["current_layer"]), sources)


def _source_columns(sources: Systematics, source: str, sample: str) -> dict[str, Any]:
    """What systematics.csv says of a source."""
    if source not in sources.sources:
        return {"kind": "model", "known": "model", "common": False}
    sigma = sources.sigma(source, sample)
    unit = next((unit for unit in ("_oe", "_k") if source.endswith(unit)), "")
    return {
        "kind": "calibration",
        "sigma": sigma if unit else 100 * sigma,
        "sigma_unit": {"_oe": "Oe", "_k": "K", "": "%"}[unit],
        "known": "assumed" if sources.assumed(source, sample) else "given",
        "common": sources.common(source, sample),
    }
