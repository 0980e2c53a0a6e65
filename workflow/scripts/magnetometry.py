from hall2net.files import write_csv
from hall2net.job import job
from hall2net.magnetometry import magnetometry_table
from hall2net.readers import open_dataset

if __name__ == "__main__":
    with job(snakemake.log[0]):
        datasets = [open_dataset(path) for path in snakemake.input.measurements]
        table = magnetometry_table(datasets, snakemake.params.samples, **snakemake.params.settings)
        write_csv(table, snakemake.output[0])
