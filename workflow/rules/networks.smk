RUNS = {
    f"{network}-{dataset}-{precision}-{mapping}-{block['recipe']}-seed{seed}": {
        "network": network,
        "dataset": dataset,
        "precision": precision,
        "mapping": mapping,
        "seed": seed,
    }
    for network, block in config["networks"].items()
    for dataset in block["datasets"]
    for precision, mappings in block["weights"].items()
    for mapping in mappings
    for seed in config["seeds"]
}


def runs_of(study):
    """The trainings whose weights are the states of this study's device."""
    return [run for run, parts in RUNS.items() if network_block(run)["study"] == study]


def network_block(run):
    return config["networks"][RUNS[run]["network"]]


def record_epochs(network):
    """Epochs after which confusion matrix and weights are kept: every quarter of the training."""
    epochs = config["networks"][network]["epochs"][SCALE]
    return sorted({round(epochs * quarter / 4) for quarter in range(5)})


def lut_of(wildcards):
    """The look-up table, for the runs whose weights are measured states."""
    if RUNS[wildcards.run]["precision"].startswith("lut"):
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


for network, block in config["networks"].items():

    rule:
        name:
            f"train_{network}"
        input:
            images=lambda wildcards: f"results/datasets/{SCALE}/{RUNS[wildcards.run]['dataset']}.pt",
            lut=lut_of,
            code=library("networks/*.py"),
        output:
            "results/networks/{scale}/{run}/history.csv",
            "results/networks/{scale}/{run}/metrics.json",
            "results/networks/{scale}/{run}/weight_histogram.csv",
            "results/networks/{scale}/{run}/model.pt",
            expand(
                "results/networks/{{scale}}/{{run}}/confusion_epoch{epoch:03d}.csv",
                epoch=record_epochs(network),
            ),
        log:
            "results/logs/networks/{scale}/{run}.log",
        benchmark:
            "results/benchmarks/networks/{scale}/{run}.tsv"
        wildcard_constraints:
            run=f"{network}-.*",
        conda:
            "../../envs/hall2net.yaml"
        threads: block["threads"]
        resources:
            gpu=1 if SCALE == "published" else 0,
        params:
            training=training,
            threads=block["threads"],
            labels=lambda wildcards: {
                "run": wildcards.run,
                "recipe": network_block(wildcards.run)["recipe"],
                "scale": wildcards.scale,
            },
            # Not an output, so that an interrupted training goes on where it was.
            checkpoint="results/checkpoints/{scale}/{run}.pt",
        message:
            "training {wildcards.run}"
        script:
            "../scripts/train.py"
