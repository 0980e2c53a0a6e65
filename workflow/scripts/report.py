from pathlib import Path

from hall2net.files import atomic, read_csv
from hall2net.job import job
from hall2net.networks.runs import read_runs
from hall2net.report.claims import read_claims
from hall2net.report.study_report import StudyFacts, report_page
from hall2net.study.published import published_numbers

if __name__ == "__main__":
    with job(snakemake.log[0]):
        given, names = snakemake.input, snakemake.params.studies
        tables, figures = {name: {} for name in names}, {name: [] for name in names}
        for path in map(Path, given.tables):
            tables[path.parent.name][path.stem] = read_csv(path)
        for path in map(Path, given.figures):
            figures[path.parts[-4]].append(path)
        raw_files = {Path(path).parent.name: len(read_csv(path)) for path in given.raw}
        studies = {
            name: StudyFacts(
                **facts,
                raw_files=raw_files[name],
                tables=tables[name],
                figures=figures[name],
                sources=snakemake.params.sources,
            )
            for name, facts in names.items()
        }
        page = report_page(
            studies,
            read_csv(given.comparison),
            published_numbers(given.published),
            read_claims(given.claims),
            read_csv(given.confusion),
            read_runs(given.runs),
            scale=snakemake.wildcards.scale,
            folder=Path(snakemake.output[0]).parent,
        )
        with atomic(snakemake.output[0]) as temporary:
            temporary.write_text(page, encoding="utf-8")
