"""Reading switching.csv: the criteria of its currents, and the field that reverses a polarity."""

import pandas as pd

from hall2net.tables import usable

CRITERIA = ("half", "onset", "90", "fixed", "saturation")
"""Where J_c is read: 50, 10, 90 or 95 % of the swing, or a fixed fraction of the full AHE."""


def prefield_threshold(switching: pd.DataFrame, sample: str) -> tuple[float, float] | None:
    """The largest pre-applied field that leaves a sample's polarity, the smallest that reverses it.

    Both are magnitudes in Oe; a sweep without a pre-applied field counts as 0. None where no
    series of fields of one sign shows a reversal.
    """
    rows = usable(switching)
    rows = rows[(rows["sample"] == sample) & (rows["field_x_oe"].fillna(0) == 0)]
    prefield = rows["prefield_x_oe"].fillna(0)
    brackets = []
    for sign in (-1, 1):
        fields = prefield[prefield * sign >= 0].abs()
        if fields.max() > 0:
            polarity = rows["polarity"].loc[fields.index]
            final = polarity.loc[fields.idxmax()]
            kept, turned = fields[polarity != final], fields[polarity == final]
            if len(kept) and kept.max() < turned.min():
                brackets.append((float(kept.max()), float(turned.min())))
    return min(brackets, default=None, key=lambda bracket: bracket[1])
