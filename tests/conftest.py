"""Tests of one file run in one process, and so do files that share a run of the workflow."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Fixtures of a file, or of files marked `xdist_group`, are then made once."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
