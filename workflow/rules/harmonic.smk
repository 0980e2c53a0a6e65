include: "../inputs/harmonic.smk"


rule harmonic:
    input:
        measurements=measurements_of,
        loops="results/{study}/loops.csv",
        magnetometry="results/{study}/magnetometry.csv",
        resistivity="results/{study}/resistivity.csv",
    output:
        "results/{study}/harmonic.csv",
    log:
        "results/logs/{study}/harmonic.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=samples_of,
        settings=study_config("harmonic"),
        convention=lambda wildcards: convention(wildcards.study, "adopted"),
    message:
        "{wildcards.study}: torques from harmonic Hall voltages"
    script:
        "../scripts/harmonic.py"


rule torque_methods:
    input:
        harmonic="results/{study}/harmonic.csv",
        torque=lambda wildcards: torque_of_shifts(wildcards.study),
        magnetometry="results/{study}/magnetometry.csv",
        resistivity="results/{study}/resistivity.csv",
    output:
        "results/{study}/torque_methods.csv",
    log:
        "results/logs/{study}/torque_methods.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=samples_of,
        systematics=study_config("systematics"),
        convention=lambda wildcards: convention(wildcards.study, "adopted"),
    message:
        "{wildcards.study}: torque efficiencies by every method"
    script:
        "../scripts/torque_methods.py"
