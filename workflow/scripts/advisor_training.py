from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.networks.data import load
from hall2net.networks.models import best_device
from hall2net.networks.subsets import train_sets
from hall2net.synapse.lut import read_lut

if __name__ == "__main__":
    with job(snakemake.log[0]):
        training = dict(snakemake.params.training)
        training.pop("dataset")
        table = train_sets(
            read_lut(snakemake.input.lut),
            read_csv(snakemake.input.advisor),
            load(snakemake.input.images),
            device=best_device(),
            **training,
        )
        write_csv(table.assign(scale=snakemake.wildcards.scale), snakemake.output[0])
