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
        given, assumed, made = snakemake.input, snakemake.params.assumed, snakemake.output
        torch.set_num_threads(snakemake.params.threads)
        images, lut, reads = load(given.images), read_lut(given.lut), None
        if given.train:
            reads = train_reads(open_measurement(given.train, snakemake.params.measurement), lut)
        names = {"run": snakemake.wildcards.run, "source": images.source}
        names["scale"] = snakemake.wildcards.scale
        draws = {"draws": snakemake.params.draws, "device": best_device()}
        steps = snakemake.params.steps.items()
        trained = {step: accuracies(given[key]) for key, step in steps if given[key]}
        network = SavedNetwork.read(given.model)
        synapse = synapse_from_lut(lut, reads, stuck=assumed["stuck_share"])
        time_s = assumed["time_s"]
        table = loss_attribution(trained, network, images, synapse, time_s=time_s, **draws)
        write_csv(table.assign(**assumed, **names), made.attribution)
        table = accuracy_against_noise(network, images, synapse_from_lut(lut, reads), **draws)
        write_csv(table.assign(**names), made.noise)
        ideal, advice = SavedNetwork.read(given.float_model), read_csv(given.advisor)
        write_csv(accuracy_against_states(ideal, images, lut, advice).assign(**names), made.states)
