from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.physics.harmonic import harmonic_table
from hall2net.tables import outcome

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        table = harmonic_table(
            list(open_samples(snakemake.input.measurements).values()),
            read_csv(snakemake.input.loops),
            read_csv(snakemake.input.magnetometry),
            read_csv(snakemake.input.resistivity),
            snakemake.params.samples,
            settings=snakemake.params.settings,
            convention=snakemake.params.convention,
        )
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'series (harmonic)')}")
