import shutil
from pathlib import Path

from hall2net.job import job
from hall2net.networks.record import write_record
from hall2net.networks.runs import read_runs

if __name__ == "__main__":
    with job(snakemake.log[0]):
        folder = Path(snakemake.output.metrics).parent
        write_record(read_runs(snakemake.input.runs), folder)
        shutil.copyfile(snakemake.input.provenance, snakemake.output.provenance)
        shutil.copyfile(snakemake.input.config, snakemake.output.config)
