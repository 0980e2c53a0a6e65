import pandas as pd

from hall2net.advisor import advice
from hall2net.files import write_csv
from hall2net.job import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        write_csv(advice(pd.read_csv(snakemake.input.lut)), snakemake.output[0])
