"""Runs of the workflow that several tests look at."""

import pytest
from project import MINIMAL, Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """The shrunk project after a whole run on two cores."""
    project = Project(tmp_path_factory.mktemp("small"))
    project.shrink()
    done = project.snakemake("--", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The whole project after a run at the smallest size."""
    project = Project(tmp_path_factory.mktemp("finished"))
    done = project.snakemake(*MINIMAL, "all")
    assert done.returncode == 0, done.stdout + done.stderr
    return project
