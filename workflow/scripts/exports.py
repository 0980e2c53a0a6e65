from hall2net.files import atomic, read_csv, write_json
from hall2net.job import job
from hall2net.measurement import open_measurement
from hall2net.synapse.exports import (
    aihwkit_device,
    check_document,
    crosssim_parameters,
    lut_document,
    neurosim_parameters,
)
from hall2net.synapse.lut import read_lut

if __name__ == "__main__":
    with job(snakemake.log[0]):
        lut, merit = read_lut(snakemake.input.lut), read_csv(snakemake.input.merit)
        name = snakemake.params.settings["measurement"]
        measurement = open_measurement(snakemake.input.measurement, name)
        document = lut_document(lut, source=f"{snakemake.params.data_source}, {name}")
        check_document(document, snakemake.input.schema)
        write_json(document, snakemake.output.lut)
        write_json(aihwkit_device(lut), snakemake.output.aihwkit)
        write_json(crosssim_parameters(lut), snakemake.output.crosssim)
        width = float(measurement["pulse_width"])
        with atomic(snakemake.output.neurosim) as temporary:
            temporary.write_text(neurosim_parameters(lut, merit, pulse_width_s=width))
