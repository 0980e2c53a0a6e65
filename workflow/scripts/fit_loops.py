from hall2net.files import write_csv
from hall2net.job import job
from hall2net.loops import fit_loops
from hall2net.measurement import open_samples

if __name__ == "__main__":
    with job(snakemake.log[0]):
        datasets = list(open_samples(snakemake.input.measurements).values())
        write_csv(fit_loops(datasets, **snakemake.params.settings), snakemake.output[0])
