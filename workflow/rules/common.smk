import os
import re
import sys
from pathlib import Path

from hall2net.study.check import read_config, read_sheets
from hall2net.study.config import FAMILIES
from hall2net.errors import Hall2netError
from hall2net.files import check_writable
from hall2net.synapse.precision import Precision
from hall2net.networks.sweeps import AXES, grid
from snakemake.utils import Paramspace


def stop(error):
    """End before anything runs, with the message alone."""
    sys.exit("\n".join(f"error: {line}" for line in str(error).splitlines()))


try:
    for folder in filter(os.path.isdir, (".snakemake", "results")):
        check_writable(folder)
    for path in workflow.configfiles:
        read_config(path)
    SHEETS = read_sheets(
        config, ".", Path(workflow.basedir, "workflow/schemas/config.schema.yaml")
    )
except Hall2netError as error:
    stop(error)

SCALE = config["scale"]
TORQUE_STUDIES = {
    convention: [
        study
        for study, block in config["studies"].items()
        if convention in block.get("conventions", {})
    ]
    for convention in ("adopted", "as_printed")
}
config["data_root"] = os.environ.get("HALL2NET_DATA", config["data_root"])


READING_JOBS = 16
"""At most, of a study: starting one takes longer than reading hundreds of files."""


def parts_of(study):
    """Samples that are read by one job: each by its own, or many together where there are more."""
    samples = sorted(SHEETS[study]["sample"].unique())
    size = -(-len(samples) // READING_JOBS)
    parts = (samples[first : first + size] for first in range(0, len(samples), size))
    return {"-".join(dict.fromkeys([part[0], part[-1]])): part for part in parts}


PARTS = {study: parts_of(study) for study in SHEETS}


wildcard_constraints:
    study="|".join(config["studies"]),
    scale="laptop|published",
    samples="|".join(part for parts in PARTS.values() for part in parts),


def library(*modules):
    """Files of the library as inputs, so that editing one makes what it gave anew."""
    root = Path(workflow.basedir, "src/hall2net")
    files = [path for module in modules for path in sorted(root.glob(module))]
    return [os.path.relpath(path) for path in files]


TRAINING_CODE = [
    "synapse/model.py",
    "synapse/precision.py",
    *(
        f"networks/{part}.py"
        for part in ("average", "data", "evaluate", "models", "quantize", "train")
    ),
]
"""What the numbers of a training depend on."""


def on_retry(amount):
    """A resource that grows with every attempt, for jobs that had too little of it."""
    return lambda wildcards, attempt: amount * attempt


# Of jobs with a network. A training that ran out of time goes on where it was.
TRAINING = {
    "laptop": {"mem_mb": on_retry(3000), "runtime": on_retry(60), "gpu": 0},
    "published": {"mem_mb": on_retry(16000), "runtime": on_retry(720), "gpu": 1},
}[SCALE]


def image_folders(wildcards):
    """Folders and archives of `data_root` that may hold a data set: what a result depends on is
    which of them are there, not where they lie on this machine."""
    wanted = wildcards.dataset.replace("_", "")
    root = Path(config["data_root"]).expanduser()
    names = os.listdir(root) if config["data_root"] and root.is_dir() else []
    return sorted(
        name
        for name in names
        if re.sub("[^a-z0-9]", "", name.lower()).startswith(wanted)
    )


def study_config(key):
    """Input function of params: one block of the study's own configuration."""
    return lambda wildcards: config["studies"][wildcards.study].get(key, {})


def measurements_of(wildcards):
    """The parsed data of all samples of a study."""
    return expand(
        "results/{study}/measurements/{samples}.nc",
        study=wildcards.study,
        samples=PARTS[wildcards.study],
    )


def sheet_of(study, samples=None):
    """measurements.csv, or the rows of a part of the samples."""
    sheet = SHEETS[study]
    return (
        sheet if samples is None else sheet[sheet["sample"].isin(PARTS[study][samples])]
    )


def raw_files(study, samples=None):
    """Paths of the instrument files of a study, or of a part of its samples."""
    cells = sheet_of(study, samples)["file"]
    names = (name.strip() for cell in cells for name in cell.split(";"))
    return sorted({f"raw/{study}/{name}" for name in names})


def sheet_rows(study, samples):
    """Rows of measurements.csv as plain values, columns without entries left out."""
    rows = sheet_of(study, samples).dropna(axis="columns", how="all")
    return rows.astype(object).where(rows.notna(), None).to_dict("list")


ANISOTROPY = ("keff_sign", "keff_integrand", "t_fm")
"""Conventions of magnetometry; all others are those of the torque."""


def convention(study, name):
    block = config["studies"][study].get("conventions", {}).get(name, {})
    return {key: value for key, value in block.items() if key not in ANISOTROPY}


def magnetometry(study, name):
    """Settings of magnetometry under a set of conventions."""
    block = config["studies"][study]
    chosen = block.get("conventions", {}).get(name, {})
    chosen = {key: value for key, value in chosen.items() if key in ANISOTROPY}
    return block.get("magnetometry", {}) | chosen


def measurement_file(study, name):
    """The file with the parsed data of a measurement."""
    sample = SHEETS[study].set_index("id").at[name, "sample"]
    part = next(part for part, samples in PARTS[study].items() if sample in samples)
    return f"results/{study}/measurements/{part}.nc"


def lut_measurement(study):
    """The parsed data of the sample whose measurement gives the look-up table."""
    return measurement_file(study, config["studies"][study]["lut"]["measurement"])


def other_devices(study):
    """The parsed data of further devices, for the variation between them."""
    others = config["studies"][study].get("device", {}).get("others", [])
    return [measurement_file(study, name) for name in others]


def write_resistance(study):
    """The table of resistances, where one was measured on the device and none is given."""
    sheet = SHEETS[study].set_index("id")
    sample = sheet.at[config["studies"][study]["lut"]["measurement"], "sample"]
    measured = sheet.query("kind == 'resistivity' and sample == @sample")
    given = "write_resistance_ohm" in config["studies"][study].get("device", {})
    return [] if given or measured.empty else f"results/{study}/resistivity.csv"


def exports_of(study):
    """The look-up table of a study in the formats of other programs."""
    if "lut" not in config["studies"][study]:
        return []
    names = (
        "lut.json",
        *(f"exports/{n}" for n in ("aihwkit.json", "crosssim.json", "neurosim.txt")),
    )
    return [f"results/{study}/{name}" for name in names]


def study_tables(study):
    """The tables of a study that its kinds of measurement allow."""
    kinds = set(SHEETS[study]["kind"])
    block = config["studies"][study]
    names = ["loops"] if kinds & {"ahe_loop", "loop_shift"} else []
    names += ["lut", "merit", "advisor"] if "lut" in block else []
    names += ["hardware"] if "device" in block and networks_of(study) else []
    names += ["switching"] if "sot_switching" in kinds else []
    names += ["magnetometry"] if "vsm_loop" in kinds else []
    names += ["resistivity"] if "resistivity" in kinds else []
    if "loop_shift" in kinds and "conventions" in block:
        names += ["torque"]
        if "as_printed" in block["conventions"]:
            names += ["magnetometry-as_printed", "torque-as_printed"]
    return [f"results/{study}/{name}.csv" for name in names]


RUNS = {
    f"{network}-{dataset}-{precision}-{mapping}-{block['recipe']}-seed{seed}": {
        "network": network,
        "dataset": dataset,
        "precision": precision,
        "mapping": mapping,
        "seed": seed,
    }
    for network, block in config["networks"].items()
    for dataset in block["datasets"]
    for precision, mappings in block["weights"].items()
    for mapping in mappings
    for seed in config["seeds"]
}


def runs_of(study):
    """The trainings whose weights are the states of this study's device."""
    return [run for run, parts in RUNS.items() if network_block(run)["study"] == study]


def device_runs():
    """One training with measured states for each network and data set, beside one in float32."""
    chosen = {}
    for run, parts in RUNS.items():
        block = config["networks"][parts["network"]]
        if parts["precision"].startswith("lut") and "float32" in block["weights"]:
            best = "std" if "std" in block["weights"][parts["precision"]] else None
            if parts["mapping"] == (best or parts["mapping"]):
                chosen.setdefault((parts["network"], parts["dataset"]), run)
    return list(chosen.values())


DEVICE_RUNS = device_runs()


def network_block(run):
    return config["networks"][RUNS[run]["network"]]


def networks_of(study):
    """Names and shape of every network that is made of this study's device, at both scales."""
    return [
        (
            {"network": network, "dataset": dataset, "scale": scale},
            {"model": block["model"], **shape},
        )
        for network, block in config["networks"].items()
        if block["study"] == study
        for dataset in block["datasets"]
        for scale, shape in block["shape"].items()
    ]


def advisor_training(study):
    """What is trained with the advisor's sets of states."""
    settings = config["studies"][study]["advisor"]
    block = config["networks"][settings["network"]]
    return {
        "network": {"model": block["model"], **block["shape"][SCALE]},
        "recipe": block["recipes"][block["recipe"]],
        "threads": block["threads"],
        "seeds": config["seeds"],
        **{key: settings[key] for key in ("dataset", "epochs", "best")},
    }


def record_epochs(network):
    """Epochs after which confusion matrix and weights are kept: every quarter of the training."""
    epochs = config["networks"][network]["epochs"][SCALE]
    return sorted({round(epochs * quarter / 4) for quarter in range(5)})


def lut_of(wildcards):
    """The look-up table, for the runs whose weights are measured states."""
    if Precision.of(RUNS[wildcards.run]["precision"]).measured:
        return f"results/{network_block(wildcards.run)['study']}/lut.csv"
    return []


def training(wildcards):
    """What one run is: its network at this scale, weights, recipe, epochs and seed."""
    block = network_block(wildcards.run)
    parts = RUNS[wildcards.run]
    return {
        "network": {"model": block["model"], **block["shape"][SCALE]},
        "precision": parts["precision"],
        "mapping": parts["mapping"],
        "recipe": block["recipes"][block["recipe"]],
        "epochs": block["epochs"][SCALE],
        "record_epochs": record_epochs(parts["network"]),
        "seed": parts["seed"],
    }


SWEEPS = {
    name: Paramspace(
        grid(
            {axis: values for axis, values in block["over"].items() if axis != "noise"}
        ),
        filename_params="*",
        filename_sep=",",
        single_wildcard="point",
    )
    for name, block in config.get("sweeps", {}).items()
}


def sweep_network(sweep):
    return config["networks"][config["sweeps"][sweep]["network"]]


def sweep_axes(wildcards):
    """Values of the axes at one point of a sweep."""
    point = SWEEPS[wildcards.sweep].instance(wildcards)
    return {
        axis: value.item() if hasattr(value, "item") else value
        for axis, value in point.items()
    }


def sweep_choices(wildcards):
    """Settings of one point of a sweep: its axes, and the network's own where it has no axis."""
    block = sweep_network(wildcards.sweep)
    own = {
        "dataset": block["datasets"][0],
        "precision": "float32",
        "mapping": "none",
        "recipe": block["recipe"],
        "epochs": block["epochs"][SCALE],
        "seed": config["seeds"][0],
    }
    return own | sweep_axes(wildcards)


def sweep_training(wildcards):
    """What is trained at one point of a sweep."""
    block = sweep_network(wildcards.sweep)
    choices = sweep_choices(wildcards)
    recipe = block["recipes"][choices["recipe"]]
    keys = ("precision", "mapping", "epochs", "seed")
    return {
        "network": {"model": block["model"], **block["shape"][SCALE]},
        "recipe": recipe
        | {key: value for key, value in choices.items() if key not in AXES},
        **{key: choices[key] for key in keys},
    }


def sweep_lut(wildcards):
    """The look-up table, for the points whose weights are measured states."""
    if Precision.of(sweep_choices(wildcards)["precision"]).measured:
        return f"results/{sweep_network(wildcards.sweep)['study']}/lut.csv"
    return []


HIGHLIGHTS = {
    "ahe_loops",
    "switching_loops",
    "torque_against_thickness",
    "lut_states",
    "temperature",
    "fig4b_switching_fields",
    "fig4c_states_on_loop",
    "fig5d_accuracy_loss",
    "fig2c_efficiency_anisotropy",
    "fig3c_zero_field_shift",
    "fig4a_states",
    "fig4c_accuracy_mnist",
}
"""Figures on the overview page, of those that a study has."""


def highlights(wildcards):
    return [
        f"results/{study}/figures/{wildcards.scale}/{name}.png"
        for study, block in config["studies"].items()
        for name in block["figures"]
        if name in HIGHLIGHTS
    ]


def provenance(wildcards):
    """What is printed at a figure's lower edge: where its data come from."""
    return config["studies"][wildcards.study]["raw_data"]


def run_files(study, scale):
    """Everything that a study's trainings wrote, but for the models themselves."""
    return [
        f"results/networks/{scale}/{run}/{name}"
        for run in runs_of(study)
        for name in (
            "history.csv",
            "metrics.json",
            "weight_histogram.csv",
            *(
                f"confusion_epoch{epoch:03d}.csv"
                for epoch in record_epochs(RUNS[run]["network"])
            ),
        )
    ]


def seeds_of(wildcards, **other):
    """Metrics of a run at every seed, or of the runs that differ from it in a part."""
    parts = RUNS[wildcards.run] | other
    return [
        f"results/networks/{wildcards.scale}/{run}/metrics.json"
        for run, found in RUNS.items()
        if {**found, "seed": 0} == {**parts, "seed": 0}
    ]


def float_run(wildcards):
    """The float32 network of the same data set and seed."""
    parts = RUNS[wildcards.run] | {"precision": "float32", "mapping": "none"}
    run = next(run for run, found in RUNS.items() if found == parts)
    return f"results/networks/{wildcards.scale}/{run}/model.pt"


def variation_tables(name):
    """Input function: one of the tables of `rule variation` for every network of the study."""
    return lambda wildcards: [
        f"results/networks/{wildcards.scale}/{run}/{name}.csv"
        for run in DEVICE_RUNS
        if network_block(run)["study"] == wildcards.study
    ]
