from hall2net.files import write_csv
from hall2net.job import job
from hall2net.measurement import open_measurement
from hall2net.synapse.states import lut_from
from hall2net.tables import outcome

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        settings = dict(snakemake.params.settings)
        measurement = open_measurement(snakemake.input.measurement, settings.pop("measurement"))
        table = lut_from(measurement, **settings)
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'states')}")
