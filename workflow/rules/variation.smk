include: "../inputs/variation.smk"


# Assumed, since it was not measured on these devices; the figure says so.
ASSUMED = {"time_s": 3600.0, "stuck_share": 0.01}
ARRAYS = {"laptop": 5, "workstation": 20, "published": 20}


rule variation:
    input:
        model="results/networks/{scale}/{run}/model.pt",
        float_model=float_run,
        metrics=lambda wildcards: metrics_of(RUNS[wildcards.run], wildcards.scale),
        float_metrics=lambda wildcards: metrics_of(
            RUNS[wildcards.run].in_float(), wildcards.scale
        ),
        even_metrics=lambda wildcards: metrics_of(
            evenly_spaced(RUNS[wildcards.run]), wildcards.scale
        ),
        images=images_of,
        lut=lut_of,
        advisor=lambda wildcards: f"results/{network_block(wildcards.run)['study']}/advisor.csv",
        train=lambda wildcards: train_of(network_block(wildcards.run)["study"]),
    output:
        attribution="results/networks/{scale}/{run}/attribution.csv",
        noise="results/networks/{scale}/{run}/noise.csv",
        states="results/networks/{scale}/{run}/states.csv",
    log:
        "results/logs/networks/{scale}/{run}-variation.log",
    wildcard_constraints:
        run="|".join(DEVICE_RUNS) or "none",
    conda:
        "../../envs/hall2net.yaml"
    threads: lambda wildcards: network_block(wildcards.run)["threads"]
    resources:
        **TRAINING,
    params:
        measurement=lambda wildcards: config["studies"][
            network_block(wildcards.run)["study"]
        ]["lut"]["measurement"],
        # The trained networks of the first steps, by the input that has their accuracies.
        steps={
            "float_metrics": "float32",
            "even_metrics": "evenly spaced states",
            "metrics": "measured states",
        },
        draws=lambda wildcards: ARRAYS[wildcards.scale],
        threads=lambda wildcards: network_block(wildcards.run)["threads"],
        assumed=ASSUMED,
    message:
        "{wildcards.run}: what devices do to the trained network"
    script:
        "../scripts/variation.py"
