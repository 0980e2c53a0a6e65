"""How often the fit of a loop says the truth, on laboratory-like loops.

    python bench/coverage_loops.py [loops] [seed]

Draws loops with `hall2net.emulate.laboratory`, which shares nothing with the fit, and prints the
tables of docs/loops.md.
"""

import sys

import numpy as np
import pandas as pd
from tqdm import tqdm

from hall2net.emulate.laboratory import LabLoop, draw_loop
from hall2net.physics.loops import FIELDS, fit_loop, interval_columns
from hall2net.tables import total_sigma

NAMES = (*FIELDS, "r_ahe_ohm")
SEEN = 8.0
"""Sigma of the hysteresis from which a loop must give a number."""
CLASSES = {"noise": "noise / R_AHE (%)", "reach": "H_c / largest field (%)", "points": "points"}
REASONS = {
    "open": "not saturated|higher fields", "one_sided": "one-sided",
    "incomplete": "incomplete|one-sided",
    "none": "no hysteresis", "two_steps": "steps", "hump": "beyond the saturated|cross each other",
    "metamagnet": "steps|no hysteresis", "inverted": "negative H_c",
}  # fmt: skip
"""Words that a reason must hold, by kind of loop."""
WITHOUT_A_NUMBER = ("open", "one_sided", "incomplete", "none")


def checked(loop: LabLoop) -> dict:
    """What the fit says of a loop, beside its truth."""
    truth = loop.truth
    found = fit_loop(loop.field_oe, loop.resistance_ohm, pickup=loop.resistance_xx_ohm)
    row = {
        "kind": truth.kind,
        "fittable": truth.fittable,
        "significance": truth.significance,
        "noise": 100 * truth.noise_ohm / abs(truth.r_ahe_ohm),
        "reach": 100 * abs(truth.h_c_oe) / truth.largest_oe,
        "points": loop.field_oe.size,
        "status": found["status"],
        "reason": found["reason"],
        "nuisances": ", ".join(truth.nuisances),
    }
    for name in NAMES:
        error, sigma = found[name] - getattr(truth, name), total_sigma(found, name)
        low, high = (
            (found[column] - found[name] for column in interval_columns(name))
            if name in FIELDS
            else (-1.96 * sigma, 1.96 * sigma)
        )
        row |= {name: low <= -error <= high, f"{name} pull": error / sigma}
    return row


def coverage(loops: int, seed: int = 0) -> pd.DataFrame:
    """One row a loop."""
    numbers = tqdm(range(loops), desc="loops", disable=not sys.stderr.isatty())
    return pd.DataFrame([checked(draw_loop(np.random.default_rng([seed, k]))) for k in numbers])


def true_reasons(table: pd.DataFrame) -> pd.Series:
    """Whether the reason of each row is that of the generator."""
    return pd.Series(
        [
            bool(pd.Series([reason]).str.contains(REASONS[kind], regex=True).iloc[0])
            if kind in REASONS
            else False
            for kind, reason in zip(table["kind"], table["reason"], strict=True)
        ],
        index=table.index,
    )


def summary(table: pd.DataFrame) -> dict[str, float]:
    """Figures in per cent that docs/loops.md states."""
    fittable = table[table["fittable"]]
    seen = fittable[fittable["significance"] > SEEN]
    numbers = fittable[fittable["status"] != "refused"]
    pulls = numbers[[f"{name} pull" for name in NAMES]].abs().max(axis=1)
    refused = table[table["status"] == "refused"]
    # A loop whose hysteresis is not seen is rightly refused for that.
    unseen = (refused["significance"] < SEEN) & refused["reason"].str.contains("no hysteresis")
    without = table[table["kind"].isin(WITHOUT_A_NUMBER)]
    several = table[~table["fittable"] & ~table["kind"].isin(WITHOUT_A_NUMBER)]
    return {
        f"a number, of those above {SEEN:g} sigma": 100 * (seen["status"] != "refused").mean(),
        "refused although fittable": 100 * (seen["status"] == "refused").mean(),
        "ok beyond 4 sigma": 100 * (pulls[numbers["status"] == "ok"] > 4).mean(),
        "flagged, of those with a number": 100 * (numbers["status"] == "flagged").mean(),
        "true reason, of those refused": 100 * (true_reasons(refused) | unseen).mean(),
        "refused, of those without a number": 100 * (without["status"] == "refused").mean(),
        "flagged or refused, of those with several steps": 100 * (several["status"] != "ok").mean(),
    }


def main(loops: int, seed: int) -> None:
    table = coverage(loops, seed)
    numbers = table[table["fittable"] & (table["status"] != "refused")]
    print(f"{loops} loops, seed {seed}\n")
    print("| | % |\n|---|---|")
    for words, value in summary(table).items():
        print(f"| {words} | {value:.1f} |")
    print("\n| share of intervals that hold the truth (%) | " + " | ".join(NAMES) + " |")
    print("|---" * (len(NAMES) + 1) + "|")
    names = list(NAMES)
    print(_line(f"all {len(numbers)}", 100 * numbers[names].mean()))
    for column, label in CLASSES.items():
        for part, rows in numbers.groupby(pd.qcut(numbers[column], 10)):
            title = f"{label} {part.left:.3g} to {part.right:.3g}"
            print(_line(title, 100 * rows[names].mean()))
    kinds = table.groupby("kind")["status"].value_counts().unstack(fill_value=0)
    print("\n| kind | ok | flagged | refused |\n|---|---|---|---|")
    for kind, row in kinds.iterrows():
        print(
            f"| {kind} | "
            + " | ".join(str(row.get(s, 0)) for s in ("ok", "flagged", "refused"))
            + " |"
        )


def _line(title: str, values: pd.Series) -> str:
    return f"| {title} | " + " | ".join(f"{value:.1f}" for value in values) + " |"


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*given, *(3000, 0)[len(given) :])
