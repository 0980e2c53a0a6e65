include: "../inputs/figures.smk"


FIGURES = [
    f"results/{study}/figures/{SCALE}/{name}.{suffix}"
    for study, block in config["studies"].items()
    for name in block["figures"]
    for suffix in ("png", "pdf")
]


rule figure_loops:
    input:
        measurements=measurements_of,
        loops="results/{study}/loops.csv",
        published="reference/published.yaml",
    output:
        png=report(
            "results/{study}/figures/{scale}/{name}.png",
            category="1 Hall loops",
            caption="../report/figure.rst",
            labels={"study": "{study}", "figure": "{name}"},
        ),
        pdf="results/{study}/figures/{scale}/{name}.pdf",
    log:
        "results/logs/{study}/figures/{scale}/{name}.log",
    wildcard_constraints:
        name="|".join(FAMILIES["loops"]),
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=study_config("samples"),
        provenance=provenance,
    message:
        "{wildcards.study}: figure {wildcards.name}"
    script:
        "../scripts/figure_loops.py"


rule figure_torque:
    input:
        loops="results/{study}/loops.csv",
        magnetometry="results/{study}/magnetometry.csv",
        torque="results/{study}/torque.csv",
        published="reference/published.yaml",
    output:
        png=report(
            "results/{study}/figures/{scale}/{name}.png",
            category="2 Torque",
            caption="../report/figure.rst",
            labels={"study": "{study}", "figure": "{name}"},
        ),
        pdf="results/{study}/figures/{scale}/{name}.pdf",
    log:
        "results/logs/{study}/figures/{scale}/{name}.log",
    wildcard_constraints:
        study="|".join(TORQUE_STUDIES["adopted"]) or "none",
        name="|".join(FAMILIES["torque"]),
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=study_config("samples"),
        reference=study_config("reference"),
        convention=lambda wildcards: convention(wildcards.study, "adopted"),
        provenance=provenance,
    message:
        "{wildcards.study}: figure {wildcards.name}"
    script:
        "../scripts/figure_torque.py"


rule figure_switching:
    input:
        measurements=measurements_of,
        switching="results/{study}/switching.csv",
        published="reference/published.yaml",
    output:
        png=report(
            "results/{study}/figures/{scale}/{name}.png",
            category="3 Switching",
            caption="../report/figure.rst",
            labels={"study": "{study}", "figure": "{name}"},
        ),
        pdf="results/{study}/figures/{scale}/{name}.pdf",
    log:
        "results/logs/{study}/figures/{scale}/{name}.log",
    wildcard_constraints:
        name="|".join(FAMILIES["switching"]),
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=study_config("samples"),
        provenance=provenance,
    message:
        "{wildcards.study}: figure {wildcards.name}"
    script:
        "../scripts/figure_switching.py"


rule figure_states:
    input:
        measurement=lambda wildcards: lut_measurement(wildcards.study),
        lut="results/{study}/lut.csv",
        advisor="results/{study}/advisor.csv",
        published="reference/published.yaml",
    output:
        png=report(
            "results/{study}/figures/{scale}/{name}.png",
            category="4 States",
            caption="../report/figure.rst",
            labels={"study": "{study}", "figure": "{name}"},
        ),
        pdf="results/{study}/figures/{scale}/{name}.pdf",
    log:
        "results/logs/{study}/figures/{scale}/{name}.log",
    wildcard_constraints:
        name="|".join(FAMILIES["states"]),
    conda:
        "../../envs/hall2net.yaml"
    params:
        measurement=lambda wildcards: config["studies"][wildcards.study]["lut"][
            "measurement"
        ],
        provenance=provenance,
    message:
        "{wildcards.study}: figure {wildcards.name}"
    script:
        "../scripts/figure_states.py"


rule figure_networks:
    input:
        runs=lambda wildcards: run_files(wildcards.study, wildcards.scale),
        published="reference/published.yaml",
        printed="reference/cotb-confusion-matrices.csv",
    output:
        png=report(
            "results/{study}/figures/{scale}/{name}.png",
            category="5 Networks",
            caption="../report/figure.rst",
            labels={"study": "{study}", "figure": "{name}"},
        ),
        pdf="results/{study}/figures/{scale}/{name}.pdf",
    log:
        "results/logs/{study}/figures/{scale}/{name}.log",
    wildcard_constraints:
        name="|".join(FAMILIES["networks"]),
    conda:
        "../../envs/hall2net.yaml"
    params:
        provenance=provenance,
    message:
        "{wildcards.study}: figure {wildcards.name}"
    script:
        "../scripts/figure_networks.py"


rule figure_variation:
    input:
        attribution=variation_tables("attribution"),
        noise=variation_tables("noise"),
        states=variation_tables("states"),
    output:
        png=report(
            "results/{study}/figures/{scale}/{name}.png",
            category="5 Networks",
            caption="../report/figure.rst",
            labels={"study": "{study}", "figure": "{name}"},
        ),
        pdf="results/{study}/figures/{scale}/{name}.pdf",
    log:
        "results/logs/{study}/figures/{scale}/{name}.log",
    wildcard_constraints:
        name="|".join(FAMILIES["variation"]),
    conda:
        "../../envs/hall2net.yaml"
    params:
        provenance=provenance,
    message:
        "{wildcards.study}: figure {wildcards.name}"
    script:
        "../scripts/figure_variation.py"
