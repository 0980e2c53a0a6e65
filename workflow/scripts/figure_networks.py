from pathlib import Path

import pandas as pd
import yaml

from hall2net.figures import networks
from hall2net.figures.style import save
from hall2net.job import job
from hall2net.networks.runs import read_runs

if __name__ == "__main__":
    with job(snakemake.log[0]):
        draw = getattr(networks, snakemake.wildcards.name)
        published = yaml.safe_load(Path(snakemake.input.published).read_text(encoding="utf-8"))
        figure = draw(
            runs=read_runs(snakemake.input.runs),
            published=published.get(snakemake.wildcards.study, {}),
            printed=pd.read_csv(snakemake.input.printed),
            provenance=snakemake.params.provenance,
        )
        save(figure, snakemake.output.png, snakemake.output.pdf)
