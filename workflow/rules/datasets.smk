include: "../inputs/datasets.smk"


rule dataset:
    output:
        "results/datasets/{scale}/{dataset}.pt",
    log:
        "results/logs/datasets/{scale}/{dataset}.log",
    conda:
        "../../envs/hall2net.yaml"
    resources:
        mem_mb=on_retry(4000),
    params:
        folders=image_folders,
    message:
        "images: {wildcards.dataset} at {wildcards.scale} scale"
    script:
        "../scripts/dataset.py"
