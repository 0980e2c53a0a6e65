include: "../inputs/sweeps.smk"


rule sweeps:
    input:
        expand(
            "results/sweeps/{scale}/{sweep}.{suffix}",
            scale=SCALE,
            sweep=SWEEPS,
            suffix=["csv", "png", "pdf"],
        ),


rule sweep_point:
    input:
        images=lambda wildcards: f"results/datasets/{SCALE}/{sweep_choices(wildcards)['dataset']}.pt",
        lut=sweep_lut,
        code=[*TRAINING_CODE, *library("networks/sweep_point.py")],
    output:
        "results/sweeps/{scale}/{sweep}/{point}.json",
    log:
        "results/logs/sweeps/{scale}/{sweep}/{point}.log",
    benchmark:
        "results/benchmarks/sweeps/{scale}/{sweep}/{point}.tsv"
    conda:
        "../../envs/hall2net.yaml"
    threads: lambda wildcards: sweep_network(wildcards.sweep)["threads"]
    resources:
        **TRAINING,
    params:
        training=sweep_training,
        point=sweep_axes,
        # Of the test alone: one training serves every noise.
        noise=lambda wildcards: config["sweeps"][wildcards.sweep]["over"].get("noise"),
        checkpoint="results/checkpoints/{scale}/{sweep}/{point}.pt",
    message:
        "sweep {wildcards.sweep}: {wildcards.point}"
    script:
        "../scripts/sweep_point.py"


rule sweep:
    input:
        points=lambda wildcards: expand(
            "results/sweeps/{scale}/{sweep}/{point}.json",
            scale=wildcards.scale,
            sweep=wildcards.sweep,
            point=SWEEPS[wildcards.sweep].instance_patterns,
        ),
    output:
        table="results/sweeps/{scale}/{sweep}.csv",
        means="results/sweeps/{scale}/{sweep}-means.csv",
        png=report(
            "results/sweeps/{scale}/{sweep}.png",
            category="6 Sweeps",
            caption="../report/sweep.rst",
            labels={"figure": "{sweep}"},
        ),
        pdf="results/sweeps/{scale}/{sweep}.pdf",
    log:
        "results/logs/sweeps/{scale}/{sweep}.log",
    wildcard_constraints:
        sweep="|".join(SWEEPS) or "none",
    conda:
        "../../envs/hall2net.yaml"
    params:
        x=lambda wildcards: config["sweeps"][wildcards.sweep]["x"],
        scale=SCALE,
    message:
        "sweep {wildcards.sweep}: table and figure"
    script:
        "../scripts/sweep.py"
