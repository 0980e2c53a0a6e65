include: "../inputs/lut.smk"


rule lut:
    input:
        measurement=lambda wildcards: lut_measurement(wildcards.study),
        repeats=lambda wildcards: measurement_files(
            wildcards.study, repeats(wildcards.study)
        ),
        others=lambda wildcards: measurement_files(
            wildcards.study, other_devices(wildcards.study)
        ),
    output:
        "results/{study}/lut.csv",
    log:
        "results/logs/{study}/lut.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        settings=study_config("lut"),
        repeats=lambda wildcards: repeats(wildcards.study),
        others=lambda wildcards: other_devices(wildcards.study),
    message:
        "{wildcards.study}: look-up table of the measured resistance states"
    script:
        "../scripts/lut.py"


rule merit:
    input:
        lut="results/{study}/lut.csv",
        measurement=lambda wildcards: lut_measurement(wildcards.study),
        resistivity=lambda wildcards: write_resistance(wildcards.study),
    output:
        merit="results/{study}/merit.csv",
        write_scatter="results/{study}/write_scatter.csv",
        updates="results/{study}/updates.csv",
    log:
        "results/logs/{study}/merit.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        settings=study_config("lut"),
        device=study_config("device"),
    message:
        "{wildcards.study}: figures of merit of the device as a synapse"
    script:
        "../scripts/merit.py"


rule retention:
    input:
        measurements=measurements_of,
    output:
        "results/{study}/retention.csv",
    log:
        "results/logs/{study}/retention.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        left_out=left_out_of,
    message:
        "{wildcards.study}: resistance of the states against the time since their write"
    script:
        "../scripts/retention.py"


rule endurance:
    input:
        measurements=measurements_of,
    output:
        "results/{study}/endurance.csv",
    log:
        "results/logs/{study}/endurance.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        left_out=left_out_of,
    message:
        "{wildcards.study}: levels and window against the number of write cycles"
    script:
        "../scripts/endurance.py"


rule advisor:
    input:
        lut="results/{study}/lut.csv",
    output:
        "results/{study}/advisor.csv",
    log:
        "results/logs/{study}/advisor.log",
    conda:
        "../../envs/hall2net.yaml"
    message:
        "{wildcards.study}: which states serve best, and what better ones would bring"
    script:
        "../scripts/advisor.py"


rule advisor_training:
    # Minutes of training: a target of its own, which `all` does not ask for.
    input:
        lut="results/{study}/lut.csv",
        advisor="results/{study}/advisor.csv",
        images=lambda wildcards: f"results/datasets/{SCALE}/{advisor_training(wildcards.study)['dataset']}.pt",
    output:
        "results/{study}/advisor_training-{scale}.csv",
    log:
        "results/logs/{study}/advisor_training-{scale}.log",
    wildcard_constraints:
        study="|".join(
            s for s, block in config["studies"].items() if "advisor" in block
        ),
    conda:
        "../../envs/hall2net.yaml"
    threads: lambda wildcards: advisor_training(wildcards.study)["threads"]
    resources:
        **TRAINING,
    params:
        training=lambda wildcards: advisor_training(wildcards.study),
    message:
        "{wildcards.study}: training with the best few sets of states"
    script:
        "../scripts/advisor_training.py"


rule hardware:
    input:
        lut="results/{study}/lut.csv",
        measurement=lambda wildcards: lut_measurement(wildcards.study),
        loops=lambda wildcards: loops_of(wildcards.study),
        merit="results/{study}/merit.csv",
        published="reference/published.yaml",
    output:
        "results/{study}/hardware.csv",
    log:
        "results/logs/{study}/hardware.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        networks=lambda wildcards: networks_of(wildcards.study),
        lut=study_config("lut"),
        device=study_config("device"),
    message:
        "{wildcards.study}: devices, area and energy of the networks"
    script:
        "../scripts/hardware.py"


rule exports:
    input:
        lut="results/{study}/lut.csv",
        merit="results/{study}/merit.csv",
        measurement=lambda wildcards: lut_measurement(wildcards.study),
        schema="workflow/schemas/lut.schema.json",
    output:
        lut="results/{study}/lut.json",
        aihwkit="results/{study}/exports/aihwkit.json",
        crosssim="results/{study}/exports/crosssim.json",
        neurosim="results/{study}/exports/neurosim.txt",
    log:
        "results/logs/{study}/exports.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        settings=study_config("lut"),
        data_source=lambda wildcards: config["studies"][wildcards.study]["data_source"],
    message:
        "{wildcards.study}: look-up table for other programs"
    script:
        "../scripts/exports.py"
