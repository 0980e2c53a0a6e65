from hall2net.files import write_csv
from hall2net.job import job
from hall2net.synapse.advisor import advice
from hall2net.synapse.lut import read_lut

if __name__ == "__main__":
    with job(snakemake.log[0]):
        write_csv(advice(read_lut(snakemake.input.lut)), snakemake.output[0])
