from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.measurement import open_measurement
from hall2net.networks.models import weight_count
from hall2net.study.published import read_published
from hall2net.synapse.hardware import hardware_table
from hall2net.synapse.lut import read_lut
from hall2net.synapse.polarity import polarity_of

if __name__ == "__main__":
    with job(snakemake.log[0]):
        lut, settings = read_lut(snakemake.input.lut), snakemake.params.lut
        measurement = open_measurement(snakemake.input.measurement, settings["measurement"])
        loops = read_csv(snakemake.input.loops) if snakemake.input.loops else None
        sample, temperature = measurement["sample"].item(), float(measurement["temperature"])
        found = polarity_of(lut, loops, sample, temperature)
        energy = read_csv(snakemake.input.merit).set_index("quantity").loc["write_energy_mean"]
        published = read_published(snakemake.input.published)
        devices = published["cotb"]["devices_per_weight"]
        networks = [
            {**names, "weights": weight_count(shape, names["dataset"])}
            for names, shape in snakemake.params.networks
        ]
        table = hardware_table(
            networks,
            polarity=found.polarity,
            cell_area_um2=snakemake.params.device["cell_area_um2"],
            write_energy_uj=energy["value"],
            write_energy_u_uj=energy["value_u"],
            published_saving=1 - devices["this_work"] / devices["differential_pair"],
            published_energy_uj=published["ruo2"]["synapse"]["energy_uj"],
        )
        write_csv(table, snakemake.output[0])
