from pathlib import Path

from hall2net.files import write_json
from hall2net.job import job
from hall2net.networks.data import load
from hall2net.networks.models import best_device
from hall2net.networks.sweep_point import point_rows
from hall2net.networks.train import Training, train
from hall2net.synapse.lut import read_lut

if __name__ == "__main__":
    with job(snakemake.log[0]):
        lut = read_lut(snakemake.input.lut) if snakemake.input.lut else None
        images = load(snakemake.input.images)
        checkpoint = Path(snakemake.params.checkpoint)
        run, network = train(
            images,
            Training.of(lut=lut, **snakemake.params.training),
            checkpoint=checkpoint,
            device=best_device(),
            threads=snakemake.threads,
        )
        rows = point_rows(run, network, images, snakemake.params.point, snakemake.params.noise)
        write_json(rows, snakemake.output[0])
        checkpoint.unlink(missing_ok=True)
