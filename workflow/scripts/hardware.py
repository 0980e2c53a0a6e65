from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.networks.models import weight_count
from hall2net.study.published import read_published
from hall2net.synapse.hardware import hardware_table

if __name__ == "__main__":
    with job(snakemake.log[0]):
        energy = read_csv(snakemake.input.merit).set_index("quantity").loc["write_energy_mean"]
        published = read_published(snakemake.input.published)
        devices = published["cotb"]["devices_per_weight"]
        networks = [
            {**names, "weights": weight_count(shape, names["dataset"])}
            for names, shape in snakemake.params.networks
        ]
        table = hardware_table(
            networks,
            cell_area_um2=snakemake.params.device["cell_area_um2"],
            write_energy_uj=energy["value"],
            write_energy_u_uj=energy["value_u"],
            published_saving=1 - devices["this_work"] / devices["differential_pair"],
            published_energy_uj=published["ruo2"]["synapse"]["energy_uj"],
        )
        write_csv(table, snakemake.output[0])
