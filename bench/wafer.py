"""Time and memory of the workflow on a wafer map: up to 10,000 loops, each in a file of its own.

python bench/wafer.py [loops] [points]

The map is told twice: as one sample whose measurements are the dies, and as a sample a die.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

from hall2net.emulate.instruments import keithley_csv
from hall2net.emulate.loop import LoopTruth, simulate_loop
from hall2net.emulate.study import Study
from hall2net.files import write_csv
from hall2net.measurement import open_samples, write_samples
from hall2net.physics.loops import fit_loops
from hall2net.readers.reading import read_sample
from hall2net.study.sheet import read_sheet, verify_checksums

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "workflow", "profiles", "src", "envs", "reference")
FACTS = {
    "label": "die", "spacer": "none", "thickness_nm": 0, "width_um": 5, "length_um": 30,
    "stack_nm": 10.3, "heavy_metal_nm": 5.5, "ferromagnet_nm": 1.0,
}  # fmt: skip
TARGET = "results/wafer/loops.csv"


def write_project(folder: Path, loops: int, points: int, samples: int) -> None:
    """A copy of the project whose one study is the wafer, its loops shared out to samples."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part)
    study = Study(folder / "raw/wafer", seed=0)
    names = [f"die_{k:05d}" for k in range(samples)]
    for k in range(loops):
        identifier = f"loop_{k:05d}"
        rng = study.rng(identifier)
        truth = LoopTruth(
            r_ahe_ohm=0.14, h_c_oe=rng.normal(150, 10), width_oe=9, r_offset_ohm=0.02,
            slope_ohm_per_oe=-2e-6, drift_ohm=1e-3, noise_ohm=5e-4, pink_ohm=1e-4,
        )  # fmt: skip
        field, resistance = simulate_loop(truth, 400.0, points, rng)
        path = study.add(
            id=identifier, file=f"loops/{identifier}.csv", format="delimited", kind="ahe_loop",
            sample=names[k % samples], temperature_k=300, current_ma=0.1, x_column="Field (Oe)",
            x_unit="Oe", y_column="Rxy (Ohm)", y_unit="ohm", y_quantity="resistance",
        )  # fmt: skip
        keithley_csv(
            path, [identifier], {"Field (Oe)": (field, ".3f"), "Rxy (Ohm)": (resistance, ".7f")}
        )
    study.samples = [{"sample": name, **FACTS} for name in names]
    study.close()
    wafer = {"data_source": "emulated raw data", "figures": []}
    config = {"scale": "laptop", "data_root": "", "seeds": [0], "networks": {}}
    text = yaml.safe_dump(config | {"studies": {"wafer": wafer}})
    (folder / "config.yaml").write_text(text, encoding="utf-8")


def run(folder: Path, *arguments: str) -> tuple[float, float, float, str]:
    """One Snakemake command: seconds, seconds of processors, peak memory of its largest process
    in GiB, output."""
    command = [sys.executable, "-m", "snakemake"]
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [*command, *arguments, "--", TARGET],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(folder / "src")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        output.seek(0)
        text = output.read()
    if status:
        sys.exit(text[-3000:])
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20, text


def stages(folder: Path) -> dict[str, float]:
    """Seconds of a processor that each stage takes in one process."""
    raw, parsed = folder / "raw/wafer", folder / "measurements.nc"
    seconds, results = {}, {}
    for name, stage in {
        "sheet": lambda: read_sheet(raw / "measurements.csv"),
        "checksums": lambda: verify_checksums(raw),
        "read": lambda: [read_sample(raw, own) for _, own in results["sheet"].groupby("sample")],
        "store": lambda: write_samples(results["read"], parsed),
        "open": lambda: list(open_samples([parsed]).values()),
        "fit": lambda: fit_loops(results["open"]),
        "table": lambda: write_csv(results["fit"], folder / "loops.csv"),
    }.items():
        begin = time.process_time()
        results[name] = stage()
        seconds[name] = time.process_time() - begin
    return seconds


def main(largest: int, points: int) -> None:
    heads = ("loops", "samples", "jobs", "dry-run (s)", "run (s)", "of processors (s)")
    heads += ("run again (s)", "peak memory (GiB)", "fitted")
    lines = [heads, ["---"] * len(heads)]
    costs = []
    for loops in (largest // 100, largest // 10, largest):
        for samples in (1, loops):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                write_project(folder, loops, points, samples)
                dry, _, dry_memory, text = run(folder, "--dry-run", "--quiet", "rules")
                jobs = int(re.search(r"^total\s+(\d+)", text, re.MULTILINE)[1])
                seconds, processors, memory, _ = run(folder, "--quiet", "all")
                again, _, _, _ = run(folder, "--quiet", "all")
                fitted = (pd.read_csv(folder / TARGET)["status"] == "ok").sum()
                cost = stages(folder)
            times = [f"{value:.1f}" for value in (dry, seconds, processors, again)]
            peak = f"{max(memory, dry_memory):.2f}"
            lines.append([loops, samples, jobs, *times, peak, fitted])
            per_loop = [f"{1e3 * value / loops:.2f}" for value in cost.values()]
            costs.append([loops, samples, *per_loop, f"{1e3 * sum(cost.values()) / loops:.2f}"])
            print(f"{loops} loops of {samples} samples done", file=sys.stderr)
    heads = ("loops", "samples", *(f"{name} (ms)" for name in cost), "all (ms)")
    for table in (lines, [heads, ["---"] * len(heads), *costs]):
        print(*("| " + " | ".join(map(str, row)) + " |" for row in table), "", sep="\n")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*given, *(10_000, 200)[len(given) :])
