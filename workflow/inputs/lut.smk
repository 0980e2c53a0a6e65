from hall2net.networks.runs import model_of
from hall2net.study.devices import other_bars, repeats_of


def measurement_file(study, name):
    """The file with the parsed data of a measurement."""
    sample = SHEETS[study].set_index("id").at[name, "sample"]
    part = next(part for part, samples in PARTS[study].items() if sample in samples)
    return f"results/{study}/measurements/{part}.nc"


def lut_measurement(study):
    """The parsed data of the sample whose measurement gives the look-up table."""
    return measurement_file(study, config["studies"][study]["lut"]["measurement"])


def measurement_files(study, names):
    """The files with the parsed data of several measurements."""
    return [measurement_file(study, name) for name in names]


def repeats(study):
    """Measurements that repeat the one of the look-up table, for the scatter of writes."""
    return repeats_of(SHEETS[study], config["studies"][study]["lut"]["measurement"])


def other_devices(study):
    """Measurements of further devices, for the variation between them."""
    block = config["studies"][study]
    found = other_bars(SHEETS[study], SAMPLES[study], block["lut"]["measurement"])
    return block.get("device", {}).get("others", found)


def loops_of(study):
    """The table of Hall loops, where the study has any: it gives the Hall offset."""
    measured = SHEETS[study]["kind"].isin(
        [kind for kind in KINDS if "loops" in KINDS[kind].tables]
    )
    return f"results/{study}/loops.csv" if measured.any() else []


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


def networks_of(study):
    """Names and shape of every network that is made of this study's device, at every scale."""
    return [
        (
            {"network": network, "dataset": dataset, "scale": scale},
            model_of(block, scale),
        )
        for network, block in config["networks"].items()
        if block["study"] == study
        for dataset in block["datasets"]
        for scale in block["shape"]
    ]


def advisor_training(study):
    """What is trained with the advisor's sets of states."""
    settings = config["studies"][study]["advisor"]
    block = config["networks"][settings["network"]]
    return {
        "network": model_of(block, SCALE),
        "recipe": block["recipes"][block["recipe"]],
        "threads": block["threads"],
        "seeds": config["seeds"],
        **{key: settings[key] for key in ("dataset", "epochs", "best")},
    }
