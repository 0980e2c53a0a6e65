import subprocess
import sys

SCRIPT = """
from hall2net.errors import FileError
from hall2net.job import job
with job({log!r}):
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
