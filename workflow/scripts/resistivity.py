from hall2net.files import write_csv
from hall2net.job import job
from hall2net.readers import open_dataset
from hall2net.torque import resistivity_table

if __name__ == "__main__":
    with job(snakemake.log[0]):
        datasets = [open_dataset(path) for path in snakemake.input.measurements]
        write_csv(resistivity_table(datasets, snakemake.params.samples), snakemake.output[0])
