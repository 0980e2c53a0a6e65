from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.physics.switching_map import switching_map

if __name__ == "__main__":
    with job(snakemake.log[0]):
        write_csv(switching_map(read_csv(snakemake.input.switching)), snakemake.output[0])
