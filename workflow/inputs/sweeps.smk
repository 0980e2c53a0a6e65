from hall2net.networks.sweeps import AXES, grid
from hall2net.synapse.precision import Precision
from snakemake.utils import Paramspace

SWEEPS = {
    name: Paramspace(
        grid(
            {axis: values for axis, values in block["over"].items() if axis != "noise"}
        ),
        filename_params="*",
        filename_sep=",",
        single_wildcard="point",
    )
    for name, block in config.get("sweeps", {}).items()
}


def sweep_network(sweep):
    return config["networks"][config["sweeps"][sweep]["network"]]


def sweep_axes(wildcards):
    """Values of the axes at one point of a sweep."""
    point = SWEEPS[wildcards.sweep].instance(wildcards)
    return {
        axis: value.item() if hasattr(value, "item") else value
        for axis, value in point.items()
    }


def sweep_choices(wildcards):
    """Settings of one point of a sweep: its axes, and the network's own where it has no axis."""
    block = sweep_network(wildcards.sweep)
    own = {
        "dataset": block["datasets"][0],
        "precision": "float32",
        "mapping": "none",
        "recipe": block["recipe"],
        "epochs": block["epochs"][SCALE],
        "seed": config["seeds"][0],
    }
    return own | sweep_axes(wildcards)


def sweep_training(wildcards):
    """What is trained at one point of a sweep."""
    block = sweep_network(wildcards.sweep)
    choices = sweep_choices(wildcards)
    recipe = block["recipes"][choices["recipe"]]
    keys = ("precision", "mapping", "epochs", "seed")
    return {
        "network": {"model": block["model"], **block["shape"][SCALE]},
        "recipe": recipe
        | {key: value for key, value in choices.items() if key not in AXES},
        **{key: choices[key] for key in keys},
    }


def sweep_lut(wildcards):
    """The look-up table, for the points whose weights are measured states."""
    if Precision.of(sweep_choices(wildcards)["precision"]).measured:
        return f"results/{sweep_network(wildcards.sweep)['study']}/lut.csv"
    return []
