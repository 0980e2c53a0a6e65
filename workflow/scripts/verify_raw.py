import pandas as pd

from hall2net.files import write_csv
from hall2net.job import job
from hall2net.study.checksums import verify_checksums

if __name__ == "__main__":
    with job(snakemake.log[0]):
        sums = verify_checksums(f"raw/{snakemake.wildcards.study}")
        write_csv(pd.DataFrame(sums.items(), columns=["file", "sha256"]), snakemake.output[0])
