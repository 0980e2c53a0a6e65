include: "../inputs/torque.smk"


rule magnetometry:
    input:
        measurements=measurements_of,
    output:
        "results/{study}/magnetometry.csv",
    log:
        "results/logs/{study}/magnetometry.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=samples_of,
        systematics=study_config("systematics"),
        settings=lambda wildcards: magnetometry(wildcards.study, "adopted"),
    message:
        "{wildcards.study}: moments and anisotropies from magnetometry"
    script:
        "../scripts/magnetometry.py"


use rule magnetometry as magnetometry_as_printed with:
    output:
        "results/{study}/magnetometry-as_printed.csv",
    log:
        "results/logs/{study}/magnetometry-as_printed.log",
    params:
        samples=samples_of,
        systematics=study_config("systematics"),
        settings=lambda wildcards: magnetometry(wildcards.study, "as_printed"),


rule resistivity:
    input:
        measurements=measurements_of,
    output:
        "results/{study}/resistivity.csv",
    log:
        "results/logs/{study}/resistivity.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=samples_of,
        systematics=study_config("systematics"),
    message:
        "{wildcards.study}: resistivities"
    script:
        "../scripts/resistivity.py"


rule switching:
    input:
        measurements=measurements_of,
        loops="results/{study}/loops.csv",
    output:
        switching="results/{study}/switching.csv",
        heating="results/{study}/joule_heating.csv",
    log:
        "results/logs/{study}/switching.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=samples_of,
        settings=study_config("switching"),
        systematics=study_config("systematics"),
        overrides=overrides_of("switching"),
        left_out=left_out_of,
    message:
        "{wildcards.study}: critical currents, switching ratios and Joule heating"
    script:
        "../scripts/switching.py"


rule pulse_widths:
    input:
        switching="results/{study}/switching.csv",
    output:
        "results/{study}/pulse_widths.csv",
    log:
        "results/logs/{study}/pulse_widths.log",
    conda:
        "../../envs/hall2net.yaml"
    message:
        "{wildcards.study}: critical current against pulse width"
    script:
        "../scripts/pulse_widths.py"


rule switching_map:
    input:
        switching="results/{study}/switching.csv",
    output:
        "results/{study}/switching_map.csv",
    log:
        "results/logs/{study}/switching_map.log",
    conda:
        "../../envs/hall2net.yaml"
    message:
        "{wildcards.study}: polarity, ratio and critical currents against the in-plane field"
    script:
        "../scripts/switching_map.py"


rule torque:
    input:
        loops="results/{study}/loops.csv",
        magnetometry="results/{study}/magnetometry.csv",
        resistivity="results/{study}/resistivity.csv",
        switching="results/{study}/switching.csv",
    output:
        "results/{study}/torque.csv",
    log:
        "results/logs/{study}/torque.log",
    wildcard_constraints:
        study="|".join(TORQUE_STUDIES["adopted"]) or "none",
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=samples_of,
        systematics=study_config("systematics"),
        reference=study_config("reference"),
        convention=lambda wildcards: convention(wildcards.study, "adopted"),
        name="adopted",
    message:
        "{wildcards.study}: torque efficiencies, transparencies and spin Hall angles"
    script:
        "../scripts/torque.py"


use rule torque as torque_as_printed with:
    input:
        loops="results/{study}/loops.csv",
        magnetometry="results/{study}/magnetometry-as_printed.csv",
        resistivity="results/{study}/resistivity.csv",
        switching="results/{study}/switching.csv",
    output:
        "results/{study}/torque-as_printed.csv",
    log:
        "results/logs/{study}/torque-as_printed.log",
    wildcard_constraints:
        study="|".join(TORQUE_STUDIES["as_printed"]) or "none",
    params:
        samples=samples_of,
        systematics=study_config("systematics"),
        reference=study_config("reference"),
        convention=lambda wildcards: convention(wildcards.study, "as_printed"),
        name="as_printed",


rule compensation:
    input:
        loops="results/{study}/loops.csv",
    output:
        "results/{study}/compensation.csv",
    log:
        "results/logs/{study}/compensation.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=samples_of,
        systematics=study_config("systematics"),
    message:
        "{wildcards.study}: compensation temperatures"
    script:
        "../scripts/compensation.py"


rule systematics:
    input:
        tables=lambda wildcards: systematics_tables(wildcards.study),
    output:
        "results/{study}/systematics.csv",
    log:
        "results/logs/{study}/systematics.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        samples=samples_of,
        systematics=study_config("systematics"),
        reference=study_config("reference"),
        convention=lambda wildcards: convention(wildcards.study, "adopted"),
    message:
        "{wildcards.study}: where the systematic uncertainties come from"
    script:
        "../scripts/systematics.py"
