from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.physics.torque import torque_table
from hall2net.tables import outcome

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        table = torque_table(
            read_csv(snakemake.input.loops),
            read_csv(snakemake.input.magnetometry),
            read_csv(snakemake.input.resistivity),
            read_csv(snakemake.input.switching),
            snakemake.params.samples,
            reference=snakemake.params.reference,
            convention=snakemake.params.convention,
            name=snakemake.params.name,
            systematics=snakemake.params.systematics,
        )
        write_csv(table, snakemake.output[0])
        say(f"{snakemake.wildcards.study}: {outcome(table, 'samples (torque)')}")
