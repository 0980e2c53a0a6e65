from pathlib import Path

import yaml

from hall2net.figures import states
from hall2net.figures.style import save
from hall2net.files import read_csv
from hall2net.job import job
from hall2net.measurement import open_measurement
from hall2net.synapse.lut import read_lut

if __name__ == "__main__":
    with job(snakemake.log[0]):
        draw = getattr(states, snakemake.wildcards.name)
        published = yaml.safe_load(Path(snakemake.input.published).read_text(encoding="utf-8"))
        figure = draw(
            measurement=open_measurement(snakemake.input.measurement, snakemake.params.measurement),
            lut=read_lut(snakemake.input.lut),
            advisor=read_csv(snakemake.input.advisor),
            published=published.get(snakemake.wildcards.study, {}),
            provenance=snakemake.params.provenance,
        )
        save(figure, snakemake.output.png, snakemake.output.pdf)
