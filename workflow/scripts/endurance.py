from hall2net.files import write_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.physics.aging import endurance_table
from hall2net.tables import outcome, with_left_out

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        table = endurance_table(list(open_samples(snakemake.input.measurements).values()))
        table = with_left_out(table, snakemake.params.left_out)
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'devices (endurance)')}")
