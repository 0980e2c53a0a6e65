from hall2net.files import write_csv
from hall2net.job import job
from hall2net.measurement import open_measurement
from hall2net.synapse.scatter import with_devices, with_repeats
from hall2net.synapse.states import lut_from
from hall2net.tables import outcome

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        given, params = snakemake.input, snakemake.params
        settings = dict(params.settings)
        measurement = open_measurement(given.measurement, settings.pop("measurement"))
        repeats, others = (
            [open_measurement(*one) for one in zip(paths, names, strict=True)]
            for paths, names in ((given.repeats, params.repeats), (given.others, params.others))
        )
        separation = {key: settings[key] for key in ("min_separation",) if key in settings}
        table = with_repeats(lut_from(measurement, **settings), repeats, **separation)
        table = with_devices(table, others)
        write_csv(table, snakemake.output[0])
        devices = table["n_devices"].iloc[0]
        say(f"{snakemake.wildcards.study}: {outcome(table, 'states')}; devices: {devices}")
