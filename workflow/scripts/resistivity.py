from hall2net.files import write_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.physics.resistivity import resistivity_table

if __name__ == "__main__":
    with job(snakemake.log[0]):
        datasets = list(open_samples(snakemake.input.measurements).values())
        write_csv(resistivity_table(datasets, snakemake.params.samples), snakemake.output[0])
