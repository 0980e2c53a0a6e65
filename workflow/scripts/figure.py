from importlib import import_module
from pathlib import Path

from hall2net.errors import Hall2netError
from hall2net.figures.style import left_out, save
from hall2net.files import read_csv
from hall2net.job import job
from hall2net.measurement import open_measurement, open_samples
from hall2net.networks.runs import read_runs
from hall2net.study.published import read_published
from hall2net.synapse.lut import read_lut

READ = {
    "datasets": open_samples,
    "lut": read_lut,
    "measurement": lambda path: open_measurement(path, snakemake.params.measurement),
    "published": lambda path: read_published(path).get(snakemake.wildcards.study, {}),
    "runs": read_runs,
}


def content(name: str, paths: str | list[str]) -> object:
    """An input as its reader gives it: else a table, or the table of each run."""
    if name in READ or isinstance(paths, str):
        return READ.get(name, read_csv)(paths)
    return {Path(path).parent.name: read_csv(path) for path in paths}


if __name__ == "__main__":
    with job(snakemake.log[0]):
        name, family = snakemake.wildcards.name, snakemake.params.family
        draw = getattr(import_module(f"hall2net.figures.{family}"), name)
        given = {key: content(key, snakemake.input[key]) for key in snakemake.params.files}
        given |= {"provenance": snakemake.params.provenance, **snakemake.params.settings}
        try:
            figure, reason = draw(**given), None
        except Hall2netError as error:
            reason = str(error)
            figure = left_out(name=name, reason=reason, provenance=given["provenance"])
        save(figure, snakemake.output.png, snakemake.output.pdf, reason)
