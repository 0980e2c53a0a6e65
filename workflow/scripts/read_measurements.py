from pathlib import Path

import pandas as pd

from hall2net.job import job
from hall2net.readers import read_sample, write_dataset

if __name__ == "__main__":
    with job(snakemake.log[0]):
        rows = pd.DataFrame(snakemake.params.rows)
        write_dataset(read_sample(Path(snakemake.params.folder), rows), snakemake.output[0])
