rule lut:
    input:
        measurement=lambda wildcards: lut_measurement(wildcards.study),
        code=library("lut.py", "plateaus.py", "switching.py"),
    output:
        "results/{study}/lut.csv",
    log:
        "results/logs/{study}/lut.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        settings=study_config("lut"),
    message:
        "{wildcards.study}: look-up table of the measured resistance states"
    script:
        "../scripts/lut.py"
