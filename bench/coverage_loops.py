"""How often the 95 % intervals of fitted Hall loops hold the truth.

    python bench/coverage_loops.py [loops]

Draws loops of both studies over the ranges below and prints the table of docs/loops.md.
"""

import sys

import numpy as np
import pandas as pd
from tqdm import tqdm

from hall2net.emulate.loop import LoopTruth, simulate_loop
from hall2net.physics.loops import FIELDS, fit_loop, interval_columns
from hall2net.tables import uncertainty_column

SWEEPS = {"ruo2": (400.0, 162, (100, 200)), "cotb": (5000.0, 402, (200, 600))}
"""Largest field (Oe), points, range of H_c (Oe)."""

OTHERS = ("r_ahe_ohm", "slope_ohm_per_oe")
CLASSES = {
    "width of the edge (field steps)": ("width", (0.01, 0.1, 0.2, 0.4, 1, 3)),
    "noise / R_AHE (%)": ("noise", (0.1, 0.3, 1, 3)),
    "1/f noise / white noise": ("pink", (0, 0.2, 0.4)),
}


def draw(rng: np.random.Generator) -> tuple[LoopTruth, float, int]:
    """One loop's truth, its largest field and number of points."""
    largest, points, coercive = SWEEPS[rng.choice(list(SWEEPS))]
    step = 4 * largest / points
    amplitude = rng.choice([-1, 1]) * rng.uniform(0.05, 0.2)
    noise = abs(amplitude) * np.exp(rng.uniform(np.log(1e-3), np.log(0.03)))
    truth = LoopTruth(
        r_ahe_ohm=amplitude,
        h_c_oe=rng.uniform(*coercive),
        h_0_oe=rng.uniform(-0.1, 0.1) * largest,
        width_oe=step * np.exp(rng.uniform(np.log(0.01), np.log(3))),
        r_offset_ohm=rng.uniform(-0.05, 0.05),
        slope_ohm_per_oe=rng.uniform(-0.1, 0.1) * amplitude / largest,
        even_ohm_per_oe2=rng.uniform(-0.02, 0.02) * amplitude / largest**2,
        drift_ohm=rng.uniform(-0.02, 0.02) * amplitude,
        noise_ohm=noise,
        pink_ohm=rng.uniform(0, 0.4) * noise,
        spike_fraction=0.004,
        adc_step_ohm=rng.uniform(0, 0.5) * noise,
        field_jitter_oe=rng.uniform(0, 0.1) * step,
        field_lag_oe=rng.uniform(0, 0.1) * step,
    )
    return truth, largest, points


def coverage(loops: int, seed: int = 0) -> pd.DataFrame:
    """One row a loop: whether each interval holds the truth, and the errors in field steps."""
    rows = []
    for number in tqdm(range(loops), desc="loops", disable=not sys.stderr.isatty()):
        rng = np.random.default_rng([seed, number])
        truth, largest, points = draw(rng)
        found = fit_loop(*simulate_loop(truth, largest, points, rng, half_loop=rng.random() < 0.1))
        rows.append(_checked(truth, found, 4 * largest / points))
    return pd.DataFrame(rows)


def _checked(truth: LoopTruth, found: dict, step: float) -> dict:
    apart = truth.h_c_oe + truth.field_lag_oe
    fields = (truth.h_0_oe + apart, truth.h_0_oe - apart, apart, truth.h_0_oe)
    row = {
        "status": found["status"],
        "width": truth.width_oe / step,
        "noise": 100 * truth.noise_ohm / abs(truth.r_ahe_ohm),
        "pink": truth.pink_ohm / truth.noise_ohm,
    }
    for name, true in zip(FIELDS, fields, strict=True):
        low, high = (found[column] for column in interval_columns(name))
        row[name] = low <= true <= high
        row[f"{name} error"] = (found[name] - true) / step
    for name in OTHERS:
        error = found[name] - getattr(truth, name)
        row[name] = abs(error) < 1.96 * found[uncertainty_column(name)]
        row[f"{name} error"] = error / abs(truth.r_ahe_ohm)
    return row


def main(loops: int) -> None:
    table = coverage(loops)
    names = [*FIELDS, *OTHERS]
    fitted = table[table["status"] != "refused"]
    print(f"{loops} emulated loops, {loops - len(fitted)} refused\n")
    print("| loops | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    print(_line(f"all {len(fitted)}", 100 * fitted[names].mean(), ".1f"))
    for label, (column, edges) in CLASSES.items():
        for interval, part in fitted.groupby(pd.cut(fitted[column], edges), observed=True):
            title = f"{label} {interval.left:g} to {interval.right:g}"
            print(_line(title, 100 * part[names].mean(), ".1f"))
    bias = fitted[[f"{name} error" for name in FIELDS]].mean()
    print(_line("bias (field steps)", bias, "+.4f"))


def _line(title: str, values: pd.Series, form: str) -> str:
    return f"| {title} | " + " | ".join(format(value, form) for value in values) + " |"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
