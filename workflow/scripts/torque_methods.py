from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.physics.torque_methods import torque_methods_table
from hall2net.tables import outcome

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        shifts = snakemake.input.torque
        table = torque_methods_table(
            read_csv(snakemake.input.harmonic),
            read_csv(shifts) if shifts else None,
            read_csv(snakemake.input.magnetometry),
            read_csv(snakemake.input.resistivity),
            snakemake.params.samples,
            convention=snakemake.params.convention,
            systematics=snakemake.params.systematics,
        )
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'torques by a method')}")
