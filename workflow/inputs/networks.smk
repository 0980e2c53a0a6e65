from hall2net.synapse.precision import Precision

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
    if Precision.of(RUNS[wildcards.run]["precision"]).measured:
        return f"results/{network_block(wildcards.run)['study']}/lut.csv"
    return []


def training(wildcards):
    """What one run is: its network at this scale, weights, recipe, epochs and seed."""
    block = network_block(wildcards.run)
    parts = RUNS[wildcards.run]
    return {
        "network": {"model": block["model"], **block["shape"][SCALE]},
        "precision": parts["precision"],
        "mapping": parts["mapping"],
        "recipe": block["recipes"][block["recipe"]],
        "epochs": block["epochs"][SCALE],
        "record_epochs": record_epochs(parts["network"]),
        "seed": parts["seed"],
    }
