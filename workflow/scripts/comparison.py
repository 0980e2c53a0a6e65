from pathlib import Path

import pandas as pd

from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.networks.confusions import confusion_comparison, confusion_summary
from hall2net.networks.runs import read_runs
from hall2net.report.comparison import comparison_table
from hall2net.study.published import published_numbers

if __name__ == "__main__":
    with job(snakemake.log[0]):
        studies = {study: {} for study in snakemake.params.provenance}
        for path in map(Path, snakemake.input.measurements):
            studies[path.parent.name][path.stem] = pd.read_csv(path)
        for path in map(Path, snakemake.input.tables):
            studies[path.parent.name][path.stem.replace("-", "_")] = read_csv(path)
        published = published_numbers(snakemake.input.published)
        runs = read_runs(snakemake.input.runs)
        table = comparison_table(published, studies, runs, provenance=snakemake.params.provenance)
        write_csv(table, snakemake.output.table)
        printed = pd.read_csv(snakemake.input.printed)
        cells = confusion_comparison(printed, runs)
        write_csv(cells, snakemake.output.confusion)
        write_csv(confusion_summary(cells), snakemake.output.summary)
