# hall2net: from raw Hall-transport files to networks made of measured resistance states.
# Read it from top to bottom: this is the study. `snakemake --cores 2 all` runs it.


configfile: "config.yaml"


report: "workflow/report/study.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/raw.smk"
include: "workflow/rules/loops.smk"
include: "workflow/rules/torque.smk"
include: "workflow/rules/harmonic.smk"
include: "workflow/rules/lut.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/sweeps.smk"
include: "workflow/rules/variation.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/caching.smk"


rule all:
    default_target: True
    input:
        lambda wildcards: require(*PROJECT.unfinished),
        FIGURES,
        [path for study in config["studies"] for path in study_tables(study)],
        [path for study in config["studies"] for path in run_files(study, SCALE)],
        [path for study in config["studies"] for path in exports_of(study)],
        [f"results/{study}/inspector.html" for study in config["studies"]],
        f"results/comparison-{SCALE}.csv",
        f"results/provenance-{SCALE}.json",
        f"results/report-{SCALE}.html",
