from hall2net.files import write_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.physics.loops import fit_loops

if __name__ == "__main__":
    with job(snakemake.log[0]):
        datasets = list(open_samples(snakemake.input.measurements).values())
        write_csv(fit_loops(datasets, **snakemake.params.settings), snakemake.output[0])
