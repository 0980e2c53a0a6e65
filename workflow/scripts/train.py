from pathlib import Path

import torch

from hall2net.device import device_from_lut
from hall2net.job import job
from hall2net.lut import read_levels, read_lut
from hall2net.networks.data import load
from hall2net.networks.train import train, write_run

if __name__ == "__main__":
    with job(snakemake.log[0]):
        lut = snakemake.input.lut
        checkpoint = Path(snakemake.params.checkpoint)
        run = train(
            load(snakemake.input.images),
            levels=read_levels(lut) if lut else None,
            synapse=device_from_lut(read_lut(lut)) if lut else None,
            checkpoint=checkpoint,
            device="cuda" if torch.cuda.is_available() else "cpu",
            threads=snakemake.params.threads,
            **snakemake.params.training,
        )
        write_run(run, Path(snakemake.output[0]).parent, **snakemake.params.labels)
        checkpoint.unlink(missing_ok=True)
