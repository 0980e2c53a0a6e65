from pathlib import Path

from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.physics.systematics_table import systematics_table

if __name__ == "__main__":
    with job(snakemake.log[0]):
        given = snakemake.params
        table = systematics_table(
            {Path(path).stem: read_csv(path) for path in snakemake.input.tables},
            given.samples,
            given.systematics,
            reference=given.reference or None,
            convention=given.convention,
        )
        write_csv(table, snakemake.output[0])
