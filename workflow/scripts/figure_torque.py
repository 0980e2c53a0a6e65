from pathlib import Path

import yaml

from hall2net.figures import torque
from hall2net.figures.style import save
from hall2net.files import read_csv
from hall2net.job import job

if __name__ == "__main__":
    with job(snakemake.log[0]):
        draw = getattr(torque, snakemake.wildcards.name)
        published = yaml.safe_load(Path(snakemake.input.published).read_text(encoding="utf-8"))
        figure = draw(
            loops=read_csv(snakemake.input.loops),
            torque=read_csv(snakemake.input.torque),
            samples=snakemake.params.samples,
            reference=snakemake.params.reference,
            convention=snakemake.params.convention,
            published=published.get(snakemake.wildcards.study, {}),
            provenance=snakemake.params.provenance,
        )
        save(figure, snakemake.output.png, snakemake.output.pdf)
