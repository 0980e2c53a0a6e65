from dataclasses import replace

from hall2net.networks.runs import at_every_seed, device_runs

DEVICE_RUNS = list(map(str, device_runs(list(RUNS.values()))))


def metrics_of(run, scale):
    """Metrics of a run at every seed; none where it is not trained."""
    return [
        f"results/networks/{scale}/{name}/metrics.json"
        for name in at_every_seed(RUNS.values(), run)
    ]


def float_run(wildcards):
    """The float32 network of the same data set and seed."""
    run = RUNS[wildcards.run].in_float()
    return f"results/networks/{wildcards.scale}/{run}/model.pt"


def evenly_spaced(run):
    """The run with as many evenly spaced states."""
    return replace(run, precision=run.precision.evenly_spaced())


def train_of(study):
    """The pulse train whose reads the devices are drawn from, where the states come of one."""
    is_train = config["studies"][study]["lut"]["source"] == "train"
    return lut_measurement(study) if is_train else []
