from hall2net.files import write_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.physics.aging import retention_table
from hall2net.tables import outcome

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        datasets = list(open_samples(snakemake.input.measurements).values())
        table = retention_table(datasets, snakemake.params.left_out)
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'states (retention)')}")
