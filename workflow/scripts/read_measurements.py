from pathlib import Path

import pandas as pd

from hall2net.job import job
from hall2net.measurement import write_samples
from hall2net.readers.reading import read_sample

if __name__ == "__main__":
    with job(snakemake.log[0]):
        rows = pd.DataFrame(snakemake.params.rows)
        folder = Path(snakemake.params.folder)
        samples = [read_sample(folder, own) for _, own in rows.groupby("sample", sort=False)]
        write_samples(samples, snakemake.output[0])
