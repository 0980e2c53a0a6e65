from pathlib import Path

import pandas as pd

from hall2net.files import atomic, read_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.report.inspector import inspector_page

if __name__ == "__main__":
    with job(snakemake.log[0]):
        page = inspector_page(
            snakemake.wildcards.study,
            snakemake.params.data_source,
            open_samples(snakemake.input.measurements),
            {Path(path).stem: read_csv(path) for path in snakemake.input.tables},
            snakemake.params.samples,
            decisions=pd.DataFrame(snakemake.params.decisions),
        )
        with atomic(snakemake.output[0]) as temporary:
            temporary.write_text(page, encoding="utf-8")
