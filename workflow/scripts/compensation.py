from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.physics.compensation import compensation_table
from hall2net.tables import outcome

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        given = snakemake.params
        loops = read_csv(snakemake.input.loops)
        table = compensation_table(loops, given.samples, given.systematics)
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'samples (compensation)')}")
