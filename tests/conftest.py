"""One process runs the tests of a file, and of files that look at one run of the workflow."""

from pathlib import PurePath

from xdist.scheduler import LoadFileScheduling

RUN = {
    "test_device_tables": "finished",
    "test_finished": "finished",
    "test_faults": "small",
    "test_safety": "small",
    "test_slurm": "small",
}
"""Files that share a run, which is a fixture of `tests/workflow/conftest.py`."""


class _ByRun(LoadFileScheduling):
    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        return RUN.get(PurePath(file).stem, file)


def pytest_xdist_make_scheduler(config, log):
    return _ByRun(config, log)
