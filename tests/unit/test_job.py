import os
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
from hall2net.errors import FileError
from hall2net.job import job
with job({log!r}) as say:
    print("working")
    {body}
"""


def run(tmp_path, body):
    log = tmp_path / "logs" / "x.log"
    code = SCRIPT.format(log=str(log), body=body)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done, log.read_text()


def test_bad_input_is_one_line_and_a_failing_exit_code(tmp_path):
    done, log = run(tmp_path, "raise FileError('raw/a.csv', 'no rows', 'data rows', line=7)")
    assert done.returncode == 1
    assert done.stderr == "error: raw/a.csv, line 7: no rows; expected data rows\n"
    assert "working" in log and "Traceback" not in log


def test_a_fault_of_ours_keeps_its_traceback_in_the_log(tmp_path):
    done, log = run(tmp_path, "1 / 0")
    assert done.returncode == 1
    assert done.stderr.startswith("internal error: ZeroDivisionError") and "\n" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" in log


def test_warnings_and_output_go_to_the_log(tmp_path):
    done, log = run(tmp_path, "import warnings; warnings.warn('thin data')")
    assert done.returncode == 0
    assert done.stdout == done.stderr == ""
    assert "working" in log and "thin data" in log


def test_one_line_goes_to_the_terminal_and_the_log(tmp_path):
    done, log = run(tmp_path, "say('38 loops: 38 ok')")
    assert done.stderr == "38 loops: 38 ok\n" and log == "working\n38 loops: 38 ok\n"


PARENT = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", sys.argv[1]]).wait()
"""


def test_a_script_ends_with_the_snakemake_that_started_it(tmp_path):
    """Else it would write over the results of the next run."""
    log, mark = tmp_path / "x.log", tmp_path / "mark"
    body = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = SCRIPT.format(log=str(log), body=body)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, code])
    _wait_for(lambda: mark.exists() and mark.read_text())
    script = int(mark.read_text())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _wait_for(lambda: "Snakemake was killed" in log.read_text())
    _wait_for(lambda: not _runs(script))


def _wait_for(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("not within 30 s")


def _runs(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_cuts_the_log_and_not_the_work(tmp_path):
    code = SCRIPT.format(log="/dev/full", body="import sys; sys.__stdout__.write('done')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done", "")
    code = SCRIPT.format(log="/dev/full", body="raise FileError('raw/a.csv', 'no rows')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "error: raw/a.csv: no rows\n")


def test_no_place_for_the_log_is_one_line(tmp_path):
    (tmp_path / "logs").write_text("a file")
    code = SCRIPT.format(log=str(tmp_path / "logs" / "x.log"), body="pass")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and "cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1
