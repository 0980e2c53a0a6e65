"""Studies of many samples and many files: no job for each of them."""

import re
import shutil

import pandas as pd
import yaml

SAMPLES = 17


def test_many_samples_are_read_by_few_jobs(project):
    path = project.folder / "config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = [f"die_{k:02d}" for k in range(SAMPLES)]
    study = {"data_source": "emulated raw data", "figures": []}
    config |= {"studies": {"wafer": study}, "networks": {}, "sweeps": {}}
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    raw = project.folder / "raw/wafer"
    raw.mkdir()
    (raw / "samples.csv").write_text("sample\n" + "\n".join(names))
    shutil.copy2(project.folder / "raw/cotb/versalab/ahe_as_grown_300k.dat", raw / "loop.dat")
    sums = (project.folder / "raw/cotb/SHA256SUMS").read_text().splitlines()
    digest = next(line.split()[0] for line in sums if line.endswith("/ahe_as_grown_300k.dat"))
    (raw / "SHA256SUMS").write_text(f"{digest}  loop.dat\n")
    sheet = pd.read_csv(project.folder / "raw/cotb/measurements.csv")
    row = sheet[sheet["id"] == "ahe_as_grown_300k"].assign(file="loop.dat")
    rows = [row.assign(id=f"loop_{name}", sample=name) for name in names]
    pd.concat(rows).to_csv(raw / "measurements.csv", index=False)

    planned = project.snakemake("--dry-run", "--", "results/wafer/loops.csv")
    assert int(re.search(r"read_measurements\s+(\d+)", planned.stdout)[1]) < SAMPLES
    done = project.snakemake("--", "results/wafer/loops.csv")
    assert done.returncode == 0, done.stderr
    loops = pd.read_csv(project.folder / "results/wafer/loops.csv")
    assert loops["sample"].tolist() == names
    assert loops["id"].tolist() == [f"loop_{name}" for name in names]
    assert (loops["status"] == "ok").all()
    # The same file every time.
    assert loops.drop(columns=["id", "sample"]).drop_duplicates().shape[0] == 1
