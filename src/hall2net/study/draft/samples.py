"""A draft's `samples.csv`: one row a sample, with what its measurements need."""

from collections.abc import Sequence

import pandas as pd

from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.block import SETTINGS
from hall2net.study.draft.kinds import Measurement
from hall2net.study.references import needed_facts
from hall2net.study.samples import DIMENSIONS


def samples_of(measurements: Sequence[Measurement]) -> pd.DataFrame:
    """The rows of `samples.csv`: what the files say, and `?` where a fact is needed.

    Parameters
    ----------
    measurements : drafted rows, with `sample` among their cells
    """
    rows = []
    for sample in sorted({str(one.cells["sample"]) for one in measurements} - {UNKNOWN}):
        own = [one for one in measurements if one.cells["sample"] == sample]
        kinds = {str(one.cells["kind"]) for one in own}
        row: dict[str, str | float] = {"sample": sample, "label": sample.replace("_", " ")}
        if "loop_shift" in kinds:
            row["spacer"] = "none"
        row |= dict.fromkeys(needed_facts(SETTINGS, kinds), UNKNOWN)
        row |= {fact: value for one in reversed(own) for fact, value in one.facts.items()}
        rows.append(row)
    table = pd.DataFrame(rows)
    return table[[name for name in ("sample", "label", "spacer", *DIMENSIONS) if name in table]]
