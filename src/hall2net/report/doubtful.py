"""What was refused or flagged at any stage, with the reason and where to look at it."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

AS_PRINTED = "-as_printed"
"""Tables made a second time under the conventions as printed, from the same measurements."""

_STAGES = {
    "loops": "Hall loops",
    "switching": "switching",
    "joule_heating": "Joule heating",
    "pulse_widths": "pulse widths",
    "magnetometry": "magnetometry",
    "resistivity": "resistivity",
    "torque": "torque",
    "harmonic": "harmonic torque",
    "torque_methods": "torque by two methods",
    "lut": "states",
}
"""Table to the stage that makes it; another table is named as it is."""

_REPEATED = ("switching_map",)
"""Tables whose rows sum up those of another table, with the same reasons."""

_INSPECTED = ("loops", "switching")
"""Tables whose rows are loops that the inspector shows."""

_NUMBER = re.compile(r"[-\N{MINUS SIGN}]?\d+(\.\d+)?(e[-+]?\d+)?")


def doubtful_rows(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Rows of a study's tables that were refused or flagged, put together by reason.

    Parameters
    ----------
    tables : the study's tables by name

    Returns
    -------
    `outcomes`: one mapping a table, `table, stage, ok, flagged, refused`; `groups`: one mapping for
    all rows whose reasons differ in numbers alone, `table, stage, status, reason, count, rows`
    (each `id, sample, reason`, and `link`: the loop in the inspector, or None), refused ones first.
    A reason that stands at the group is empty at its rows.
    """
    outcomes, groups = [], []
    for name, table in tables.items():
        if "status" not in table or name in _REPEATED or name.endswith(AS_PRINTED):
            continue
        stage = _STAGES.get(name, name.replace("_", " "))
        counts = table["status"].value_counts()
        outcomes.append(
            {"table": name, "stage": stage}
            | {status: int(counts.get(status, 0)) for status in ("ok", "flagged", "refused")}
        )
        names = [*("id", "sample", "state"), *table.columns]
        which = next(column for column in names if column in table)
        rest = table[table["status"] != "ok"].fillna({"reason": ""})
        alike = rest["reason"].map(lambda reason: _NUMBER.sub("…", reason))
        for (status, words), rows in rest.groupby([rest["status"], alike], sort=False):
            same = rows["reason"].nunique() == 1
            groups.append(
                {
                    "table": name,
                    "stage": stage,
                    "status": status,
                    "reason": rows["reason"].iloc[0] if same else words,
                    "count": len(rows),
                    "rows": [
                        {
                            "id": str(row[which]),
                            "sample": str(row.get("sample", "")) if which != "sample" else "",
                            "reason": "" if same else row["reason"],
                            "link": str(row[which]) if name in _INSPECTED else None,
                        }
                        for _, row in rows.iterrows()
                    ],
                }
            )
    groups.sort(key=lambda group: group["status"] != "refused")
    return {"outcomes": outcomes, "groups": groups}
