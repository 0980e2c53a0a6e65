include: "../inputs/raw.smk"


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
        files=lambda wildcards: raw_files(wildcards.study, wildcards.samples),
    output:
        "results/{study}/measurements/{samples}.nc",
    log:
        "results/logs/{study}/read_{samples}.log",
    benchmark:
        "results/benchmarks/{study}/read_{samples}.tsv"
    conda:
        "../../envs/hall2net.yaml"
    params:
        # The samples' own rows: a change in another sample's rows reads nothing again.
        rows=lambda wildcards: sheet_rows(wildcards.study, wildcards.samples),
        folder="raw/{study}",
    message:
        "{wildcards.study}: reading {wildcards.samples}"
    script:
        "../scripts/read_measurements.py"


if PROJECT.unfinished:

    rule unfinished:
        input:
            lambda wildcards: require(wildcards.unfinished),
        output:
            "results/{unfinished}/{anything}",
        log:
            "results/logs/{unfinished}/unfinished/{anything}.log",
        wildcard_constraints:
            unfinished="|".join(PROJECT.unfinished),
        conda:
            "../../envs/hall2net.yaml"
        message:
            "{wildcards.unfinished}: its sheets have open cells"
        shell:
            "exit 1"
