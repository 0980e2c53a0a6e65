from hall2net.networks.sweeps import choices_at, grid, settings_at
from hall2net.synapse.precision import Precision
from snakemake.utils import Paramspace

SWEEPS = {
    name: Paramspace(
        grid(block["over"]),
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
    return choices_at(sweep_axes(wildcards), block, SCALE, config["seeds"][0])


def sweep_training(wildcards):
    """What is trained at one point of a sweep."""
    return settings_at(sweep_choices(wildcards), sweep_network(wildcards.sweep), SCALE)


def sweep_lut(wildcards):
    """The look-up table, for the points whose weights are measured states."""
    if Precision.of(sweep_choices(wildcards)["precision"]).measured:
        return f"results/{sweep_network(wildcards.sweep)['study']}/lut.csv"
    return []
