from pathlib import Path

import yaml

from hall2net.figures import switching
from hall2net.figures.style import save
from hall2net.files import read_csv
from hall2net.job import job
from hall2net.measurement import open_samples

if __name__ == "__main__":
    with job(snakemake.log[0]):
        draw = getattr(switching, snakemake.wildcards.name)
        published = yaml.safe_load(Path(snakemake.input.published).read_text(encoding="utf-8"))
        figure = draw(
            datasets=open_samples(snakemake.input.measurements),
            switching=read_csv(snakemake.input.switching),
            samples=snakemake.params.samples,
            published=published.get(snakemake.wildcards.study, {}),
            provenance=snakemake.params.provenance,
        )
        save(figure, snakemake.output.png, snakemake.output.pdf)
