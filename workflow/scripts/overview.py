from pathlib import Path

from hall2net.files import atomic, read_csv, read_json
from hall2net.job import job
from hall2net.report.overview import overview_page
from hall2net.study.published import published_numbers

if __name__ == "__main__":
    with job(snakemake.log[0]):
        tables = {study: {} for study in snakemake.params.studies}
        for path in map(Path, snakemake.input.tables):
            tables[path.parent.name][path.stem] = read_csv(path)
        figures = {study: [] for study in snakemake.params.studies}
        for path in map(Path, snakemake.input.figures):
            figures[path.parts[-4]].append(path)
        page = overview_page(
            Path(snakemake.input.template).read_text(encoding="utf-8"),
            snakemake.params.studies,
            tables,
            read_csv(snakemake.input.comparison),
            published_numbers(snakemake.input.published),
            read_csv(snakemake.input.confusion),
            [read_json(path) for path in snakemake.input.metrics],
            figures,
            snakemake.wildcards.scale,
        )
        with atomic(snakemake.output[0]) as temporary:
            temporary.write_text(page, encoding="utf-8")
