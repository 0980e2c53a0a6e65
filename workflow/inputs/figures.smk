from hall2net.study.figures import STAGES, all_figures, figure_of


def provenance(wildcards):
    """What is printed at a figure's lower edge: where its data come from."""
    return config["studies"][wildcards.study]["data_source"]


def variation_tables(name):
    """Input function: one of the tables of `rule variation` for every network of the study."""
    return lambda wildcards: [
        f"results/networks/{wildcards.scale}/{run}/{name}.csv"
        for run in DEVICE_RUNS
        if network_block(run)["study"] == wildcards.study
    ]


FIGURE_FILES = {
    "datasets": measurements_of,
    "measurement": lambda wildcards: lut_measurement(wildcards.study),
    **{
        table: f"results/{{study}}/{table}.csv"
        for table in (
            "loops",
            "compensation",
            "torque",
            "harmonic",
            "torque_methods",
            "switching",
            "switching_map",
            "pulse_widths",
            "lut",
            "merit",
            "write_scatter",
            "updates",
            "advisor",
            "retention",
            "endurance",
            "hardware",
        )
    },
    "runs": lambda wildcards: run_files(wildcards.study, wildcards.scale),
    **{table: variation_tables(table) for table in ("attribution", "noise", "states")},
    "published": "reference/published.yaml",
    "printed": "reference/cotb-confusion-matrices.csv",
}
"""Where a figure's inputs come from, by the names of its arguments."""

FIGURE_SETTINGS = {
    "samples": samples_of,
    "reference": study_config("reference"),
    "convention": lambda wildcards: convention(wildcards.study, "adopted"),
}
"""The same for what comes from the configuration."""

CATEGORIES = {
    family: f"{list(dict.fromkeys(STAGES.values())).index(stage) + 1} {stage}"
    for family, stage in STAGES.items()
}
"""Pages of Snakemake's report, by the family of a figure."""


def figure_files(wildcards):
    """Input function: the files that a figure's function takes."""
    paths = {
        name: FIGURE_FILES[name]
        for name in figure_of(wildcards.name).inputs
        if name in FIGURE_FILES
    }
    return {
        name: path(wildcards) if callable(path) else path.format(**wildcards)
        for name, path in paths.items()
    }


def figure_code(wildcards):
    """Input function: what the adapter and the figure's function import."""
    drawn = figure_of(wildcards.name)
    return code_of("workflow/scripts/figure.py", drawn.source)(wildcards)


def figure_settings(wildcards):
    """What a figure's function takes of the configuration."""
    return {
        name: FIGURE_SETTINGS[name](wildcards)
        for name in figure_of(wildcards.name).inputs
        if name in FIGURE_SETTINGS
    }


def figure_measurement(wildcards):
    """The measurement that gives the look-up table, for the figures that show it."""
    if "measurement" in figure_of(wildcards.name).inputs:
        return config["studies"][wildcards.study]["lut"]["measurement"]
    return None
