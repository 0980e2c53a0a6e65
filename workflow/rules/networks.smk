include: "../inputs/networks.smk"


for network, block in config["networks"].items():

    rule:
        name:
            f"train_{network}"
        input:
            images=images_of,
            lut=lut_of,
            code=TRAINING_CODE,
        output:
            "results/networks/{scale}/{run}/history.csv",
            "results/networks/{scale}/{run}/metrics.json",
            "results/networks/{scale}/{run}/misclassified.csv",
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
            **TRAINING,
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
