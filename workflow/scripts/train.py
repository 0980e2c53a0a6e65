from pathlib import Path

from hall2net.job import job
from hall2net.networks.data import load
from hall2net.networks.models import best_device
from hall2net.networks.train import train, write_run
from hall2net.synapse.lut import read_lut
from hall2net.synapse.model import synapse_from_lut

if __name__ == "__main__":
    with job(snakemake.log[0]):
        lut = read_lut(snakemake.input.lut) if snakemake.input.lut else None
        checkpoint = Path(snakemake.params.checkpoint)
        run = train(
            load(snakemake.input.images),
            levels=None if lut is None else lut["level"].to_list(),
            synapse=None if lut is None else synapse_from_lut(lut),
            checkpoint=checkpoint,
            device=best_device(),
            threads=snakemake.params.threads,
            **snakemake.params.training,
        )
        write_run(run, Path(snakemake.output[0]).parent, **snakemake.params.labels)
        checkpoint.unlink(missing_ok=True)
