from hall2net.files import write_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.physics.loops import fit_loops
from hall2net.tables import outcome

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        datasets = list(open_samples(snakemake.input.measurements).values())
        table = fit_loops(datasets, **snakemake.params.settings)
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'loops')}")
