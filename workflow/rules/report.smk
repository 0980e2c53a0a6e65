rule report:
    input:
        FIGURES,
        comparison="results/comparison-{scale}.csv",
    output:
        "results/report-{scale}.html",
    log:
        "results/logs/report-{scale}.log",
    conda:
        "../../envs/hall2net.yaml"
    message:
        "the report"
    script:
        "../scripts/report.py"
