rule fit_loops:
    input:
        measurements=measurements_of,
    output:
        "results/{study}/loops.csv",
    log:
        "results/logs/{study}/fit_loops.log",
    benchmark:
        "results/benchmarks/{study}/fit_loops.tsv"
    conda:
        "../../envs/hall2net.yaml"
    params:
        settings=study_config("loops"),
        overrides=overrides_of("loops"),
        left_out=left_out_of,
    message:
        "{wildcards.study}: fitting the Hall loops"
    script:
        "../scripts/fit_loops.py"
