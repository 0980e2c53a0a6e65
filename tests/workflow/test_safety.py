"""Hostile names, configurations and files: nothing leaves the study's folder or runs as code."""

import hashlib

import pandas as pd
import pytest
import yaml

HOSTILE = [
    "$(touch pwned).dat", "`touch pwned`.dat", "&& touch pwned #.dat", "a b 'c' \"d\".dat",
    "-rf.dat", "%s \\n.dat", "*.dat", "..dat", "~.dat", "a|b>c.dat", "é ü.dat",
]  # fmt: skip
"""Names of files that a shell, a pattern or a format would take for something else."""


def rename(project, names):
    """Give the first measurements of the study these files; their contents stay."""
    folder = project.folder / "raw/cotb"
    sheet = pd.read_csv(folder / "measurements.csv", dtype=str)
    for i, name in enumerate(names):
        (folder / sheet.at[i, "file"]).rename(folder / name)
        sheet.at[i, "file"] = name
    sheet.to_csv(folder / "measurements.csv", index=False)
    write_checksums(folder)


def write_checksums(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in files
        if path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def pwned(project):
    return [*project.folder.rglob("*pwned")]


def one_line(done, *words):
    """The only error line of a run that failed before anything ran."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    assert all(word in lines[0] for word in words), lines


def test_names_of_files_reach_no_shell(small, project):
    project.shrink()
    rename(project, HOSTILE)
    path = project.folder / "config.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["data_root"] = "$(touch pwned); `touch pwned` {wildcards.study} {x}"
    config["studies"]["cotb"]["data_source"] = "raw; $(touch pwned) {wildcards.study} 'q' \"q\""
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    figure = "results/cotb/figures/laptop/fit_residuals.png"
    done = project.snakemake("--", "results/cotb/loops.csv", figure)
    assert done.returncode == 0, done.stderr
    loops = "results/cotb/loops.csv"
    assert (project.folder / loops).read_bytes() == (small.folder / loops).read_bytes()
    assert (project.folder / figure).is_file() and pwned(project) == []


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['touch pwned']", "[: }"])
def test_yaml_runs_no_code(project, text):
    with (project.folder / "config.yaml").open("a", encoding="utf-8") as config:
        config.write(f"\nsweeps: {text}\n")
    done = project.snakemake("--dry-run", "--", "all")
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Config file is not valid JSON or YAML" in told and "Traceback" not in told
    assert pwned(project) == []


def test_a_hostile_raw_file_is_one_clear_line(project):
    """A line of 100 MB, where an instrument's file was; its checksum is right."""
    project.shrink()
    folder = project.folder / "raw/cotb"
    name = pd.read_csv(folder / "measurements.csv")["file"].iloc[0]
    content = b"Field (Oe),R\n" + b"1," * 50_000_000
    (folder / name).write_bytes(content)
    write_checksums(folder)
    sample = pd.read_csv(folder / "measurements.csv")["sample"].iloc[0]
    done = project.snakemake("--", f"results/cotb/measurements/{sample}.nc")
    one_line(done, name, "line 2: a line of")
