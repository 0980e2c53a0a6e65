from hall2net.files import write_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.physics.loops import fit_loops
from hall2net.tables import outcome, with_left_out

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        datasets = list(open_samples(snakemake.input.measurements).values())
        settings = {**snakemake.params.settings, "overrides": snakemake.params.overrides}
        table = with_left_out(fit_loops(datasets, **settings), snakemake.params.left_out)
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'loops')}")
