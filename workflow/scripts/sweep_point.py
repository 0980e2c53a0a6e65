from pathlib import Path

from hall2net.files import write_json
from hall2net.job import job
from hall2net.networks.data import load
from hall2net.networks.models import best_device
from hall2net.networks.sweep_point import point_rows
from hall2net.networks.train import train
from hall2net.synapse.lut import read_lut
from hall2net.synapse.model import synapse_from_lut

if __name__ == "__main__":
    with job(snakemake.log[0]):
        lut = read_lut(snakemake.input.lut) if snakemake.input.lut else None
        images = load(snakemake.input.images)
        checkpoint = Path(snakemake.params.checkpoint)
        run = train(
            images,
            levels=None if lut is None else lut["level"].to_list(),
            synapse=None if lut is None else synapse_from_lut(lut),
            checkpoint=checkpoint,
            device=best_device(),
            threads=snakemake.threads,
            **snakemake.params.training,
        )
        rows = point_rows(run, images, snakemake.params.point, snakemake.params.noise)
        write_json(rows, snakemake.output[0])
        checkpoint.unlink(missing_ok=True)
