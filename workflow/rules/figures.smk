include: "../inputs/figures.smk"


FIGURES = [
    f"results/{study}/figures/{SCALE}/{name}.{suffix}"
    for study, block in config["studies"].items()
    for name in block["figures"]
    for suffix in ("png", "pdf")
]


rule figure:
    input:
        unpack(figure_files),
        code=figure_code,
    output:
        png=report(
            "results/{study}/figures/{scale}/{name}.png",
            category=lambda wildcards: CATEGORIES[figure_of(wildcards.name).family],
            caption="../report/figure.rst",
            labels={"study": "{study}", "figure": "{name}"},
        ),
        pdf="results/{study}/figures/{scale}/{name}.pdf",
    log:
        "results/logs/{study}/figures/{scale}/{name}.log",
    wildcard_constraints:
        name="|".join(all_figures()),
    conda:
        "../../envs/hall2net.yaml"
    params:
        family=lambda wildcards: figure_of(wildcards.name).family,
        caption=lambda wildcards: figure_of(wildcards.name).caption,
        files=lambda wildcards: [
            name for name in figure_of(wildcards.name).inputs if name in FIGURE_FILES
        ],
        settings=figure_settings,
        measurement=figure_measurement,
        provenance=provenance,
    message:
        "{wildcards.study}: figure {wildcards.name}"
    script:
        "../scripts/figure.py"
