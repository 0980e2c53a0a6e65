from hall2net.networks.runs import settings_of

TRAINING_CODE = library(
    "synapse/model.py",
    "synapse/precision.py",
    *(
        f"networks/{part}.py"
        for part in ("average", "data", "evaluate", "models", "quantize", "train")
    ),
)
"""What the numbers of a training depend on, by name: no network is trained again because of an
import that does not touch it."""


def lut_of(wildcards):
    """The look-up table, for the runs whose weights are measured states."""
    if RUNS[wildcards.run].precision.measured:
        return f"results/{network_block(wildcards.run)['study']}/lut.csv"
    return []


def training(wildcards):
    """What one run is: its network at this scale, weights, recipe, epochs and seed."""
    return settings_of(RUNS[wildcards.run], network_block(wildcards.run), SCALE)


def images_of(wildcards):
    """The images that a run is trained on."""
    return f"results/datasets/{SCALE}/{RUNS[wildcards.run].dataset}.pt"
