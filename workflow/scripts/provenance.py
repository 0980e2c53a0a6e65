import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from hall2net.files import atomic
from hall2net.job import job

if __name__ == "__main__":
    with job(snakemake.log[0]), tempfile.TemporaryDirectory() as folder:
        # The report is asked for the same configuration, command-line overrides included.
        config = Path(folder, "config.yaml")
        config.write_text(yaml.safe_dump(dict(snakemake.config)), encoding="utf-8")
        # Written there: were this script killed, what it started would go on writing.
        report = Path(folder, "report.html")
        command = [sys.executable, "-m", "snakemake", "--nolock", "--configfile", str(config)]
        command += ["--report", str(report)]
        command += ["--", *snakemake.input.content]
        done = subprocess.run(command, capture_output=True, text=True)
        print(done.stdout, done.stderr)
        done.check_returncode()
        with atomic(snakemake.output[0]) as temporary:
            shutil.copyfile(report, temporary)
