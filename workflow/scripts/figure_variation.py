from pathlib import Path

import pandas as pd

from hall2net.figures import variation
from hall2net.figures.style import save
from hall2net.files import read_csv
from hall2net.job import job


def tables(paths: list[str]) -> dict[str, pd.DataFrame]:
    return {Path(path).parent.name: read_csv(path) for path in paths}


if __name__ == "__main__":
    with job(snakemake.log[0]):
        draw = getattr(variation, snakemake.wildcards.name)
        figure = draw(
            attribution=tables(snakemake.input.attribution),
            noise=tables(snakemake.input.noise),
            states=tables(snakemake.input.states),
            provenance=snakemake.params.provenance,
        )
        save(figure, snakemake.output.png, snakemake.output.pdf)
