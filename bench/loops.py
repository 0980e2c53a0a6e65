"""Time and memory of fitting loops, and whether the cost of one is flat in their number.

python bench/loops.py [loops] [points]
"""

import resource
import sys
import time

import numpy as np
import xarray as xr

from hall2net.emulate.loop import LoopTruth, simulate_loop
from hall2net.physics.loops import fit_loops
from hall2net.units import OERSTED

TRUTH = LoopTruth(
    r_ahe_ohm=0.14, h_c_oe=150, h_0_oe=-40, width_oe=9, r_offset_ohm=0.02, slope_ohm_per_oe=-2e-6,
    drift_ohm=1e-3, noise_ohm=5e-4, pink_ohm=1e-4, spike_fraction=0.004,
)  # fmt: skip


def sample(loops: int, points: int) -> xr.Dataset:
    """Measurements of one sample, as the readers give them."""
    drawn = [
        simulate_loop(TRUTH, 400.0, points, np.random.default_rng(seed)) for seed in range(loops)
    ]
    field, resistance = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    conditions = {
        name: ("measurement", np.zeros(loops)) for name in ("temperature", "field_x", "current")
    }
    variables = {
        "id": ("measurement", np.array([f"loop_{k}" for k in range(loops)], dtype=object)),
        "kind": ("measurement", np.full(loops, "ahe_loop", dtype=object)),
        "start": ("measurement", np.arange(loops) * points),
        "count": ("measurement", np.full(loops, points)),
        "field": ("point", field * OERSTED),
        "resistance": ("point", resistance),
    }
    return xr.Dataset(variables | conditions, attrs={"sample": "emulated"})


def main(largest: int, points: int) -> None:
    print("| loops | seconds | ms a loop | fitted |")
    print("|---|---|---|---|")
    for loops in (largest // 100, largest // 10, largest):
        dataset = sample(loops, points)
        begin = time.perf_counter()
        table = fit_loops([dataset])
        seconds = time.perf_counter() - begin
        fitted = (table["status"] == "ok").sum()
        print(f"| {loops} | {seconds:.1f} | {1e3 * seconds / loops:.2f} | {fitted} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\npeak memory {peak:.2f} GiB, one process, {points} points a loop")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*given, *(10_000, 200)[len(given) :])
