from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.measurement import open_measurement
from hall2net.synapse.lut import read_lut
from hall2net.synapse.merit import figures_of_merit
from hall2net.synapse.updates import updates_table
from hall2net.synapse.write_scatter import states_against_write_scatter

if __name__ == "__main__":
    with job(snakemake.log[0]):
        lut = read_lut(snakemake.input.lut)
        settings, device = dict(snakemake.params.settings), snakemake.params.device
        measurement = open_measurement(snakemake.input.measurement, settings.pop("measurement"))
        resistance, resistance_u = device.get("write_resistance_ohm"), None
        if snakemake.input.resistivity:
            table = read_csv(snakemake.input.resistivity).set_index("sample")
            own = table.loc[measurement["sample"].item()]
            resistance, resistance_u = own["r_xx_ohm"], own["r_xx_u_ohm"]
        separation = {key: settings[key] for key in ("min_separation",) if key in settings}
        table = figures_of_merit(
            lut,
            measurement,
            write_resistance_ohm=float("nan") if resistance is None else resistance,
            write_resistance_u_ohm=float("nan") if resistance_u is None else resistance_u,
            **separation,
        )
        write_csv(table, snakemake.output.merit)
        table = states_against_write_scatter(lut, **separation)
        write_csv(table, snakemake.output.write_scatter)
        write_csv(updates_table(measurement), snakemake.output.updates)
