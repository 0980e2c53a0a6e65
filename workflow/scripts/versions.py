import os
import platform
from importlib.metadata import version
from pathlib import Path

from hall2net.files import atomic, read_csv, write_json
from hall2net.job import job
from hall2net.report.page import render

if __name__ == "__main__":
    with job(snakemake.log[0]):
        lines = Path(snakemake.input.requirements).read_text(encoding="utf-8").splitlines()
        packages = [line.split("==")[0] for line in lines if not line.startswith("#")]
        seconds = {}
        for path in map(Path, snakemake.input.benchmarks):
            head, values = path.read_text(encoding="utf-8").splitlines()[:2]
            seconds[path.stem] = float(dict(zip(head.split(), values.split(), strict=False))["s"])
        content = {
            "machine": platform.machine(),
            "cpu_cores": os.cpu_count(),
            "python": platform.python_version(),
            "versions": {name: version(name) for name in packages},
            "training_seconds": seconds,
        }
        write_json(content, snakemake.output.versions)
        template = Path(snakemake.input.template).read_text(encoding="utf-8")
        sums = {Path(path).parent.name: read_csv(path) for path in snakemake.input.raw}
        files = {study: table.to_dict("records") for study, table in sums.items()}
        with atomic(snakemake.output.page) as temporary:
            temporary.write_text(render(template, files=files, **content), encoding="utf-8")
