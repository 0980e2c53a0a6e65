import torch

from hall2net.files import read_csv, read_json, write_csv
from hall2net.job import job
from hall2net.measurement import open_measurement
from hall2net.networks.data import load
from hall2net.networks.evaluate import loss_attribution
from hall2net.networks.models import SavedNetwork, best_device
from hall2net.networks.variation import accuracy_against_noise, accuracy_against_states
from hall2net.synapse.lut import read_lut
from hall2net.synapse.model import synapse_from_lut
from hall2net.synapse.states import train_reads


def accuracies(paths: list[str]) -> list[float]:
    return [read_json(path)["test_accuracy"] for path in paths]


if __name__ == "__main__":
    with job(snakemake.log[0]):
        torch.set_num_threads(snakemake.params.threads)
        device = best_device()
        images = load(snakemake.input.images)
        lut = read_lut(snakemake.input.lut)
        reads = None
        if snakemake.params.settings["source"] == "train":
            measurement = snakemake.params.settings["measurement"]
            reads = train_reads(open_measurement(snakemake.input.measurement, measurement), lut)
        draws = {"draws": snakemake.params.draws, "device": device}
        assumed = snakemake.params.assumed
        network = SavedNetwork.read(snakemake.input.model)
        trained = {"float32": accuracies(snakemake.input.float_metrics)}
        if snakemake.input.even_metrics:
            trained["evenly spaced states"] = accuracies(snakemake.input.even_metrics)
        trained["measured states"] = accuracies(snakemake.input.metrics)
        attribution = loss_attribution(
            trained,
            network,
            images,
            synapse_from_lut(lut, reads, stuck=assumed["stuck_share"]),
            time_s=assumed["time_s"],
            **draws,
        )
        labels = {"run": snakemake.wildcards.run, "source": images.source}
        labels["scale"] = snakemake.wildcards.scale
        write_csv(attribution.assign(**assumed, **labels), snakemake.output.attribution)
        noise = accuracy_against_noise(network, images, synapse_from_lut(lut, reads), **draws)
        write_csv(noise.assign(**labels), snakemake.output.noise)
        states = accuracy_against_states(
            SavedNetwork.read(snakemake.input.float_model),
            images,
            lut,
            read_csv(snakemake.input.advisor),
        )
        write_csv(states.assign(**labels), snakemake.output.states)
