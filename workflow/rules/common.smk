import os
import sys
from pathlib import Path

from hall2net.errors import Hall2netError
from hall2net.files import check_writable
from hall2net.measurement import KINDS
from hall2net.networks.runs import file_names, recorded_epochs, runs_of_networks
from hall2net.sources import LIBRARY, reached
from hall2net.study.check import finished_part, read_config, read_project
from hall2net.study.config import with_numbers
from hall2net.study.decisions import left_out, overrides
from hall2net.study.sheet import has_pulse_widths, has_temperatures

SCHEMA = Path(workflow.basedir, "workflow/schemas/config.schema.yaml")


def stop(error):
    """End before anything runs, with the message alone."""
    sys.exit("\n".join(f"error: {problem}" for problem in error.problems))


try:
    for folder in filter(os.path.isdir, (".snakemake", "results")):
        check_writable(folder)
    for path in workflow.configfiles:
        read_config(path)
    config |= with_numbers(config, SCHEMA)
    PROJECT = read_project(config, ".", SCHEMA)
    PROJECT.require()
except Hall2netError as error:
    stop(error)

# A study with a problem stops its own targets and `all`, and no others.
config |= finished_part(config, PROJECT.unfinished)
SHEETS = {study: PROJECT.studies[study].used for study in config["studies"]}
SAMPLES = {study: PROJECT.studies[study].samples for study in config["studies"]}


def require(*studies):
    """Stop with what is wrong with these studies."""
    try:
        PROJECT.require(*studies)
    except Hall2netError as error:
        stop(error)
    return []


SCALE = config["scale"]
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
    scale="laptop|workstation|published",
    samples="|".join(part for parts in PARTS.values() for part in parts),


def library(*names):
    """Files of the library by name."""
    return [os.path.relpath(LIBRARY / name) for name in names]


def code_of(*scripts):
    """Input function: the library's files that scripts import, found when a job needs them."""
    files = [Path(workflow.basedir, script) for script in scripts]
    return lambda wildcards: [os.path.relpath(path) for path in reached(files)]


def on_retry(amount):
    """A resource that grows with every attempt, for jobs that had too little of it."""
    return lambda wildcards, attempt: amount * attempt


# Of jobs with a network. A training that ran out of time goes on where it was.
TRAINING = {
    "laptop": {"mem_mb": on_retry(3000), "runtime": on_retry(60), "gpu": 0},
    "workstation": {"mem_mb": on_retry(6000), "runtime": on_retry(240), "gpu": 0},
    "published": {"mem_mb": on_retry(16000), "runtime": on_retry(720), "gpu": 1},
}[SCALE]


def decisions_of(wildcards):
    """Decisions of a person on single measurements, as plain values."""
    return [vars(one) for one in PROJECT.studies[wildcards.study].decisions]


def overrides_of(table):
    """Input function of params: settings of single rows of a table, decided by a person."""
    return lambda wildcards: overrides(
        PROJECT.studies[wildcards.study].decisions, SHEETS[wildcards.study], table
    )


def left_out_of(wildcards):
    """Measurements that a person left out, with the reasons."""
    return left_out(PROJECT.studies[wildcards.study].decisions)


def study_config(key):
    """Input function of params: one block of the study's own configuration."""
    return lambda wildcards: config["studies"][wildcards.study].get(key, {})


def samples_of(wildcards):
    """Params: the facts of the study's samples, as its samples.csv gives them."""
    return SAMPLES[wildcards.study]


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


def systematics_tables(study):
    """The tables of a study whose numbers have systematic uncertainties."""
    kinds = set(SHEETS[study]["kind"])
    torque = "loop_shift" in kinds and "conventions" in config["studies"][study]
    wanted = {
        "loops": kinds & {"ahe_loop", "loop_shift"},
        "magnetometry": "vsm_loop" in kinds or torque,
        "resistivity": "resistivity" in kinds or torque,
        "switching": "sot_switching" in kinds or torque,
        "torque": torque,
        "compensation": has_temperatures(SHEETS[study]),
    }
    return [f"results/{study}/{name}.csv" for name, needed in wanted.items() if needed]


def study_tables(study):
    """The tables of a study that its kinds of measurement allow."""
    kinds = sorted(set(SHEETS[study]["kind"]))
    block = config["studies"][study]
    names = [name for kind in kinds for name in KINDS[kind].tables]
    names += ["pulse_widths"] if has_pulse_widths(SHEETS[study]) else []
    names += ["compensation"] if has_temperatures(SHEETS[study]) else []
    names += ["systematics"] if systematics_tables(study) else []
    names += (
        ["lut", "merit", "write_scatter", "updates", "advisor"]
        if "lut" in block
        else []
    )
    names += ["hardware"] if "device" in block and networks_of(study) else []
    if "conventions" not in block:
        names = [name for name in names if name != "torque"]
    elif "torque" in names and "as_printed" in block["conventions"]:
        names += ["magnetometry-as_printed", "torque-as_printed"]
    return [f"results/{study}/{name}.csv" for name in dict.fromkeys(names)]


RUNS = {str(run): run for run in runs_of_networks(config["networks"], config["seeds"])}


def runs_of(study):
    """The trainings whose weights are the states of this study's device."""
    return [run for run in RUNS if network_block(run)["study"] == study]


def network_block(run):
    return config["networks"][RUNS[run].network]


def record_epochs(network):
    """Epochs after which confusion matrix and weights of a network are kept."""
    return recorded_epochs(config["networks"][network]["epochs"][SCALE])


def run_files(study, scale):
    """Everything that a study's trainings wrote, but for the models themselves."""
    return [
        f"results/networks/{scale}/{run}/{name}"
        for run in runs_of(study)
        for name in file_names(record_epochs(RUNS[run].network))
    ]
