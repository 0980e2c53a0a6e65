from hall2net.files import write_csv
from hall2net.job import job
from hall2net.loops import fit_loops
from hall2net.readers import open_dataset

if __name__ == "__main__":
    with job(snakemake.log[0]):
        datasets = [open_dataset(path) for path in snakemake.input.measurements]
        write_csv(fit_loops(datasets, **snakemake.params.settings), snakemake.output[0])
