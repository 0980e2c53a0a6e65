from pathlib import Path

from hall2net.job import job
from hall2net.networks.data import load
from hall2net.networks.models import best_device
from hall2net.networks.runs import write_run
from hall2net.networks.train import Training, train
from hall2net.synapse.lut import read_lut

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        lut = read_lut(snakemake.input.lut) if snakemake.input.lut else None
        checkpoint = Path(snakemake.params.checkpoint)
        run, network = train(
            load(snakemake.input.images),
            Training.of(lut=lut, **snakemake.params.training),
            checkpoint=checkpoint,
            device=best_device(),
            threads=snakemake.params.threads,
            say=say,
        )
        folder = Path(snakemake.output[0]).parent
        write_run(run, folder, **snakemake.params.labels)
        network.write(folder / "model.pt")
        checkpoint.unlink(missing_ok=True)
