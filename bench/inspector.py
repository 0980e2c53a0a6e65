"""Size of the loop inspector's page, and the time until a browser shows its first loop.

python bench/inspector.py [loops ...]

Needs Chromium on the PATH. Loops are emulated and have 200 points each.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr

from hall2net.emulate.loop import LoopTruth, simulate_loop
from hall2net.measurement import CONDITIONS
from hall2net.physics.loops import fit_loops
from hall2net.report.inspector import inspector_page
from hall2net.units import OERSTED

POINTS = 200
# Clicks through loops as an arrow key does, then filters; times in ms stand in the page's title.
SCRIPT = """<script>
const opened = performance.now(), steps = Math.min(50, loops.length - 1);
for (let k = 0; k < steps; k++) select(place + 1);
const stepped = performance.now();
$("search").value = "loop_00007";
filter();
document.title = [opened, (stepped - opened) / steps, performance.now() - stepped].join(" ");
</script>"""


def wafer(loops: int) -> xr.Dataset:
    """Emulated Hall loops of one sample."""
    rng = np.random.default_rng(0)
    drawn = [
        simulate_loop(
            LoopTruth(r_ahe_ohm=0.14, h_c_oe=rng.normal(150, 10), noise_ohm=5e-4),
            400.0, POINTS, rng,
        )
        for _ in range(loops)
    ]  # fmt: skip
    field, resistance = (np.concatenate(values) for values in zip(*drawn, strict=True))
    texts = {"id": [f"loop_{k:05d}" for k in range(loops)], "kind": ["ahe_loop"] * loops}
    start = POINTS * np.arange(loops)
    return xr.Dataset(
        {"field": ("point", field * OERSTED), "resistance": ("point", resistance)}
        | {name: ("measurement", np.array(words, dtype=object)) for name, words in texts.items()}
        | {name: ("measurement", np.full(loops, np.nan)) for name in CONDITIONS}
        | {"start": ("measurement", start), "count": ("measurement", np.full(loops, POINTS))},
        attrs={"sample": "wafer"},
    )


def times_in_browser(page: Path) -> list[float]:
    """Milliseconds until the first loop is drawn, from one loop to the next, and of a search."""
    command = [
        shutil.which("chromium") or "chromium", "--headless", "--disable-gpu", "--no-sandbox",
        "--window-size=1400,900", f"--user-data-dir={page.parent / 'profile'}", "--dump-dom",
        page.as_uri(),
    ]  # fmt: skip
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [float(value) for value in re.search("<title>(.*?)</title>", found)[1].split()]


def main(sizes: list[int]) -> None:
    print(
        "| loops | page made (s) | page (MB) | opened (s) | from loop to loop (ms) | search (ms) |"
    )
    print("|---|---|---|---|---|---|")
    for loops in sizes:
        dataset = wafer(loops)
        table = fit_loops([dataset])
        begin = time.process_time()
        page = inspector_page(
            "wafer", "emulated raw data", {"wafer": dataset}, {"loops": table}, {}
        )
        made = time.process_time() - begin
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "inspector.html")
            path.write_text(page.replace("</body>", SCRIPT + "</body>"), encoding="utf-8")
            opened, step, search = times_in_browser(path)
        print(
            f"| {loops} | {made:.1f} | {len(page) / 1e6:.1f} | {opened / 1e3:.2f} | {step:.0f} "
            f"| {search:.0f} |"
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [600, 10_000])
