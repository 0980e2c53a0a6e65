TORQUE_STUDIES = {
    convention: [
        study
        for study, block in config["studies"].items()
        if convention in block.get("conventions", {})
    ]
    for convention in ("adopted", "as_printed")
}


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
