from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.physics.switching import switching_table
from hall2net.tables import outcome, with_left_out

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        datasets = list(open_samples(snakemake.input.measurements).values())
        loops = read_csv(snakemake.input.loops)
        settings = {**snakemake.params.settings, "overrides": snakemake.params.overrides}
        table = switching_table(datasets, loops, snakemake.params.samples, **settings)
        table = with_left_out(table, snakemake.params.left_out)
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'switching loops')}")
