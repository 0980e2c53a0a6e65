from hall2net.files import write_csv
from hall2net.job import job
from hall2net.measurement import open_measurement
from hall2net.synapse.states import lut_from

if __name__ == "__main__":
    with job(snakemake.log[0]):
        settings = dict(snakemake.params.settings)
        measurement = open_measurement(snakemake.input.measurement, settings.pop("measurement"))
        write_csv(lut_from(measurement, **settings), snakemake.output[0])
