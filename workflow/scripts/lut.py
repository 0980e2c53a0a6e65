from hall2net.files import write_csv
from hall2net.job import job
from hall2net.readers import open_dataset, select
from hall2net.states import lut_from

if __name__ == "__main__":
    with job(snakemake.log[0]):
        settings = dict(snakemake.params.settings)
        dataset = open_dataset(snakemake.input.measurement)
        measurement = select(dataset, settings.pop("measurement"))
        write_csv(lut_from(measurement, **settings), snakemake.output[0])
