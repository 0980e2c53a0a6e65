"""The profile for clusters, run for real against a SLURM of one node on this machine."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = Path(__file__).with_name("slurm-node.sh")
# Asks often, since these jobs take seconds.
SLURM = (
    *("--workflow-profile", "slurm"),
    *("--slurm-init-seconds-before-status-checks", "1"),
)
# Rules that ask for nothing but what they need: the profile gives the rest.
RULES = """
rule all:
    input: "resident", "device"

rule greedy:
    output: "resident"
    shell: "python3 -c 'import time; held = bytes([1]) * 2_000_000_000; time.sleep(4)' > {output}"

rule drawn_on_a_gpu:
    output: "device"
    resources: gpu=1
    shell: "echo $CUDA_VISIBLE_DEVICES > {output}"
"""


@pytest.fixture(scope="module")
def node():
    missing = [name for name in ("slurmctld", "slurmd", "munged") if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        lacking = f"no {', '.join(missing)} here" if missing else "only root can start it"
        pytest.skip(f"no SLURM node: {lacking}")
    up = subprocess.run([NODE, "up"], capture_output=True, text=True)
    if up.returncode != 0:
        pytest.skip(f"no SLURM node: {up.stderr.strip().splitlines()[-1]}")
    yield
    subprocess.run([NODE, "down"], check=True)


def jobs(project):
    """What SLURM says of the jobs of a project, by rule, in the order of their submission."""
    records = subprocess.run(
        ["scontrol", "--oneliner", "--details", "show", "job"], capture_output=True, text=True
    ).stdout.splitlines()
    found = {}
    for record in records:
        if f"WorkDir={project.folder} " in record:
            rule = re.search(r"Comment=rule_(\w+?)(_wildcards|\s)", record)[1]
            found.setdefault(rule, []).append(record)
    return found


def test_jobs_run_by_slurm_give_the_same_bytes(node, small, tmp_path):
    """The states, both trainings, and what the table of comparison takes from them."""
    project = small.copied_to(tmp_path / "project")
    comparison = "results/comparison-laptop.csv"
    for name in ("results/cotb/lut.csv", comparison):
        (project.folder / name).unlink()
    shutil.rmtree(project.folder / "results/networks")
    done = project.snakemake(*SLURM, "--", comparison)
    assert done.returncode == 0, done.stdout + done.stderr
    expected, made = small.made(), project.made()
    assert [name for name in made if made[name] != expected[name]] == []
    runs = [name for name in made if name.startswith("networks/") and name.endswith("metrics.json")]
    assert len(runs) == 2 and "cotb/lut.csv" in made
    submitted = jobs(project)
    assert len(submitted["train_mlp"]) == 2 and len(submitted["comparison"]) == 1
    assert all("TRES=cpu=1,mem=3000M" in record for record in submitted["train_mlp"])
    assert all("TimeLimit=01:00:00" in record for record in submitted["train_mlp"])
    assert all("TRES=cpu=1,mem=1500M" in record for record in submitted["lut"])
    assert not any("gpu" in record for records in submitted.values() for record in records)


def test_a_job_that_wants_too_much_memory_is_given_more_and_a_gpu_where_asked(node, project):
    (project.folder / "Snakefile").write_text(RULES)
    done = project.snakemake(*SLURM)
    assert done.returncode == 0, done.stdout + done.stderr
    submitted = jobs(project)
    first, second = submitted["greedy"]
    assert "TRES=cpu=1,mem=1500M" in first and "JobState=COMPLETED" not in first
    assert "TRES=cpu=1,mem=3000M" in second and "JobState=COMPLETED" in second
    [drawn] = submitted["drawn_on_a_gpu"]
    assert "TresPerJob=gres:gpu:1" in drawn
    assert (project.folder / "device").read_text() == "0\n"


def test_a_training_at_published_scale_asks_for_a_gpu(node, small, project):
    """The perceptron of the shrunk study, on the stand-in images of the laptop scale."""
    project.shrink()
    images = project.folder / "results/datasets/published/mnist.pt"
    images.parent.mkdir(parents=True)
    shutil.copy(small.folder / "results/datasets/laptop/mnist.pt", images)
    metrics = "results/networks/published/mlp-mnist-float32-none-paper-seed0/metrics.json"
    published = ("--config", "scale=published", "--set-resources", "train_mlp:mem_mb=3000")
    done = project.snakemake(*SLURM, *published, "--", metrics)
    assert done.returncode == 0, done.stdout + done.stderr
    [training] = jobs(project)["train_mlp"]
    assert "TresPerJob=gres:gpu:1" in training and "TimeLimit=12:00:00" in training
