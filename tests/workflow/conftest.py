"""A copy of the project to run the workflow in, so that tests leave the user's results alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ["Snakefile", "config.yaml", "workflow", "src", "envs", "raw", "reference", "tests"]


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

    def snakemake(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        clean = {name: value for name, value in os.environ.items() if name != "HALL2NET_DATA"}
        return subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
            cwd=self.folder,
            env=clean | {"PYTHONPATH": str(self.folder / "src")} | environment,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The project after a whole run at the smallest size."""
    project = Project(tmp_path_factory.mktemp("finished"))
    done = project.snakemake("--configfile", "tests/workflow/minimal.yaml", "--", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    return project
