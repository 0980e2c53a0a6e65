rule verify_raw:
    input:
        sums="raw/{study}/SHA256SUMS",
        files=lambda wildcards: raw_files(wildcards.study),
    output:
        "results/{study}/raw_verified.csv",
    log:
        "results/logs/{study}/verify_raw.log",
    conda:
        "../../envs/hall2net.yaml"
    message:
        "{wildcards.study}: checking the raw files against their checksums"
    script:
        "../scripts/verify_raw.py"


rule read_measurements:
    input:
        verified="results/{study}/raw_verified.csv",
        files=lambda wildcards: raw_files(wildcards.study, wildcards.sample),
        code=library("readers/*.py", "units.py"),
    output:
        "results/{study}/measurements/{sample}.nc",
    log:
        "results/logs/{study}/read_{sample}.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        # The sample's own rows: a change of another sample's rows reads nothing anew.
        rows=lambda wildcards: sheet_rows(wildcards.study, wildcards.sample),
        folder="raw/{study}",
    message:
        "{wildcards.study}: reading {wildcards.sample}"
    script:
        "../scripts/read_measurements.py"
