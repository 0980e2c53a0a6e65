from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.physics.pulse_widths import pulse_width_table

if __name__ == "__main__":
    with job(snakemake.log[0]):
        switching = read_csv(snakemake.input.switching)
        write_csv(pulse_width_table(switching), snakemake.output[0])
