from pathlib import Path

import torch

from hall2net.device import device_from_lut
from hall2net.files import write_json
from hall2net.job import job
from hall2net.lut import read_levels, read_lut
from hall2net.networks.data import load
from hall2net.networks.sweep_point import point_rows
from hall2net.networks.train import train

if __name__ == "__main__":
    with job(snakemake.log[0]):
        lut = snakemake.input.lut
        images = load(snakemake.input.images)
        checkpoint = Path(snakemake.params.checkpoint)
        run = train(
            images,
            levels=read_levels(lut) if lut else None,
            synapse=device_from_lut(read_lut(lut)) if lut else None,
            checkpoint=checkpoint,
            device="cuda" if torch.cuda.is_available() else "cpu",
            threads=snakemake.threads,
            **snakemake.params.training,
        )
        rows = point_rows(run, images, snakemake.params.point, snakemake.params.noise)
        write_json(rows, snakemake.output[0])
        checkpoint.unlink(missing_ok=True)
