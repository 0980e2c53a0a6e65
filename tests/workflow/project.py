"""A copy of the project to run the workflow in, so that tests leave the user's results alone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
MINIMAL = ("--configfile", "tests/workflow/minimal.yaml", "--")
PARTS = [
    "Snakefile", "config.yaml", "workflow", "profiles", "src", "envs", "raw", "reference", "tests",
]  # fmt: skip


class Project:
    """A working copy of the project and the way to run Snakemake in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / part)

    def copied_to(self, folder: Path) -> "Project":
        """This project and its results in another folder."""
        shutil.copytree(self.folder, folder)
        copy = object.__new__(Project)
        copy.folder = folder
        return copy

    def snakemake(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """A run to its end."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        run = self.start(*arguments, environment=environment, **pipes)
        output, errors = run.communicate()
        return subprocess.CompletedProcess(run.args, run.returncode, output, errors)

    def start(
        self, *arguments: str, environment: dict | None = None, **options
    ) -> subprocess.Popen:
        """A run in the background; `options` as of Popen."""
        clean = {name: value for name, value in os.environ.items() if name != "HALL2NET_DATA"}
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=self.folder,
            env=clean | {"PYTHONPATH": str(self.folder / "src")} | (environment or {}),
            text=True,
            **options,
        )

    @staticmethod
    def planned(done: subprocess.CompletedProcess) -> dict[str, int]:
        """Rules in Snakemake's table of jobs, and the jobs of each."""
        table = (done.stdout + done.stderr).rpartition("Job stats:")[2]
        rows = re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)
        return {rule: int(count) for rule, count in rows if rule != "total"}

    def shrink(self) -> None:
        """One study, a figure a stage, and two perceptrons of four epochs: 23 jobs."""
        path = self.folder / "config.yaml"
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        study, network = config["studies"]["cotb"], config["networks"]["mlp"]
        study["figures"] = ["fit_residuals", "fig4b_switching_fields", "mapping_comparison"]
        study["lut"]["states"] = 8
        network |= {"study": "cotb", "datasets": ["mnist"], "epochs": {"laptop": 4, "published": 4}}
        network["weights"] = {"float32": ["none"], "lut8": ["std"]}
        config |= {"studies": {"cotb": study}, "networks": {"mlp": network}}
        config.pop("sweeps", None)
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")

    def made(self) -> dict[str, bytes]:
        """What the workflow made, by path, but for what holds times: logs, benchmarks, the
        versions, and Snakemake's own report, whose last page is its statistics."""
        results = self.folder / "results"
        times = ("logs/", "benchmarks/", "provenance-", "versions-")
        paths = sorted(path for path in results.rglob("*") if path.is_file())
        names = {path.relative_to(results).as_posix(): path for path in paths}
        return {k: path.read_bytes() for k, path in names.items() if not k.startswith(times)}
