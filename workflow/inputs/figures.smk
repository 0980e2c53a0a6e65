from hall2net.study.config import FAMILIES


def provenance(wildcards):
    """What is printed at a figure's lower edge: where its data come from."""
    return config["studies"][wildcards.study]["data_source"]


def variation_tables(name):
    """Input function: one of the tables of `rule variation` for every network of the study."""
    return lambda wildcards: [
        f"results/networks/{wildcards.scale}/{run}/{name}.csv"
        for run in DEVICE_RUNS
        if network_block(run)["study"] == wildcards.study
    ]
