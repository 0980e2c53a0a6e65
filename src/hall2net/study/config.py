"""The configuration of the workflow, checked whole before anything runs."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from hall2net.errors import ConfigError
from hall2net.synapse.precision import Precision

FAMILIES: dict[str, tuple[str, ...]] = {
    "loops": (
        "ahe_loops",
        "fig3a_ahe_as_grown",
        "fig3c_ahe_freestanding",
        "temperature",
        "fit_residuals",
        "fig2a_loop_pair",
    ),
    "torque": (
        "torque_against_thickness",
        "fig2b_torque_against_field",
        "fig2c_efficiency_anisotropy",
        "fig2d_transparency_conductivity",
        "fig2e_resistivity_spin_hall_angle",
        "fig2f_critical_current",
        "fig3c_zero_field_shift",
    ),
    "switching": (
        "switching_loops",
        "fig4b_switching_fields",
        "fig3a_switching_fields",
        "fig3b_field_free_switching",
        "fig3ef_polarity_reversal",
    ),
    "states": (
        "lut_states",
        "fig4c_states_on_loop",
        "fig4a_states",
        "state_separation",
        "potentiation_depression",
        "state_choice",
    ),
    "networks": (
        "fig5bc_device_count",
        "fig5d_accuracy_loss",
        "fig5e_confusion_float32",
        "fig5f_confusion_device",
        "fig5g_weight_histograms",
        "figS1_confusion_epoch25",
        "figS2_confusion_epoch75",
        "figS3_layer_histograms",
        "fig4c_accuracy_mnist",
        "fig4d_accuracy_fashion_mnist",
        "fig4e_confusion_mnist",
        "figS6_training_loss",
        "figS7_final_accuracies",
        "figS8_confusion_mnist",
        "figS9_confusion_fashion_mnist",
        "mapping_comparison",
    ),
    "variation": ("loss_attribution", "accuracy_states_noise"),
}
"""Every figure by the stage it belongs to; those without a number are for any device."""

_LUT_KINDS = {"train": "pulse_train", "loop": "sot_switching"}
_LAYERS = {"stack": "stack_nm", "heavy_metal": "heavy_metal_nm"}


def check_config(config: Mapping[str, Any], schema: str | Path) -> None:
    """Check a configuration against its JSON schema.

    Parameters
    ----------
    config : the configuration as read from YAML and the command line
    schema : path of the schema, a YAML file

    Raises
    ------
    ConfigError
        One line for every problem: key, what was found, what is allowed, the nearest match.
    """
    _raise(problem for error in _errors(config, schema) for problem in _describe(error))


def check_references(
    config: Mapping[str, Any], sheets: Mapping[str, pd.DataFrame], figures: Iterable[str]
) -> None:
    """Check that what the configuration names is there, and that the facts it needs are given.

    Parameters
    ----------
    config : a configuration that its schema allows; keys that the schema requires may be missing,
        as `allowed_part` leaves it
    sheets : study to its `measurements.csv`, as `hall2net.study.sheet.read_sheet` gives it; what a
        study without a sheet says of its measurements is not checked
    figures : names of all figures that can be drawn

    Raises
    ------
    ConfigError
        One line for every name that stands for nothing: a sample of a sheet without its facts, a
        reference that is no sample, a measurement of a LUT or of another device, a figure, a
        network's study or recipe; and one for every fact of a sample, block or kind of
        measurement that is missing where another needs it.
    """
    unknown = (
        f"config, {where}: no {kind} {found!r}{_nearest(found, known)}"
        for where, kind, found, known in _references(config, sheets, sorted(figures))
        if found not in known
    )
    _raise([*unknown, *_missing(config, sheets)])


def allowed_part(config: Mapping[str, Any], schema: str | Path) -> dict[str, Any]:
    """A copy of a configuration without the values that its schema refuses.

    So that one mistake does not hide what `check_references` finds in the rest.
    """
    part = copy.deepcopy(dict(config))
    # The last item of a list first, so that the places of the others stay.
    for error in sorted(_errors(config, schema), key=lambda e: list(map(str, e.path)))[::-1]:
        path, keys = list(error.absolute_path), []
        if error.validator == "additionalProperties":
            keys = [key for key in error.instance if key not in error.schema.get("properties", {})]
        elif "propertyNames" in error.absolute_schema_path:
            keys = [error.instance]
        elif error.validator != "required" and path:
            keys = [path.pop()]
        place: Any = part
        try:
            for key in path:
                place = place[key]
            for key in keys:
                del place[key]
        except (KeyError, IndexError, TypeError):
            pass  # Within a value that went before.
    return part


def needed_facts(block: Mapping[str, Any], kinds: set[str]) -> dict[str, str]:
    """The facts of a sample that its kinds of measurement need, and what for.

    Parameters
    ----------
    block : of the study in the configuration; its settings decide which layers count
    kinds : of the sample's measurements
    """
    needed: dict[str, str] = {}
    if "sot_switching" in kinds:
        layer = _LAYERS.get(block.get("switching", {}).get("current_layer", "stack"), "stack_nm")
        for fact in ("width_um", layer):
            needed.setdefault(fact, "current density of its sot_switching measurements")
    if "vsm_loop" in kinds:
        needed.setdefault("film_area_mm2", "magnetisation of its vsm_loop measurements")
        # A number there is the thickness of all samples.
        sets = block.get("conventions", {}).values()
        if not sets or any(chosen.get("t_fm", "sample") == "sample" for chosen in sets):
            needed.setdefault("ferromagnet_nm", "magnetisation of its vsm_loop measurements")
    if "resistivity" in kinds:
        for fact in ("width_um", "length_um", "stack_nm"):
            needed.setdefault(fact, "resistivity of its resistivity measurement")
    if "loop_shift" in kinds and "conventions" in block:
        for fact in ("thickness_nm", "width_um", "stack_nm", "heavy_metal_nm"):
            needed.setdefault(fact, "torque of its loop_shift measurements")
    return needed


def _errors(config: Mapping[str, Any], schema: str | Path) -> list[ValidationError]:
    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    found = Draft202012Validator(rules).iter_errors(config)
    return sorted(found, key=lambda error: list(map(str, error.path)))


def _raise(problems: Iterable[str]) -> None:
    if lines := list(problems):
        raise ConfigError("\n".join(lines))


def _references(
    config: Mapping[str, Any], sheets: Mapping[str, pd.DataFrame], figures: list[str]
) -> Iterator[tuple[str, str, str, Iterable[str]]]:
    studies, networks = config.get("studies", {}), config.get("networks", {})
    for study, block in studies.items():
        where = f"studies.{study}"
        samples = block.get("samples", {})
        if "reference" in block:
            yield f"{where}.reference", "sample", block["reference"], samples
        if study in sheets:
            for sample in sheets[study]["sample"].unique():
                yield f"{where}.samples", "facts of sample", sample, samples
            known = set(sheets[study]["id"])
            if measurement := block.get("lut", {}).get("measurement"):
                yield f"{where}.lut.measurement", "measurement", measurement, known
            for other in block.get("device", {}).get("others", []):
                yield f"{where}.device.others", "measurement", other, known
        if network := block.get("advisor", {}).get("network"):
            yield f"{where}.advisor.network", "network", network, networks
        for figure in block.get("figures", []):
            yield f"{where}.figures", "figure", figure, figures
    for network, block in networks.items():
        where = f"networks.{network}"
        if "study" in block:
            yield f"{where}.study", "study", block["study"], studies
        if "recipe" in block:
            yield f"{where}.recipe", "recipe", block["recipe"], block.get("recipes", {})
    for sweep, block in config.get("sweeps", {}).items():
        where = f"sweeps.{sweep}"
        over, network = block.get("over", {}), block.get("network")
        if network is not None:
            yield f"{where}.network", "network", network, networks
        if "x" in block:
            yield f"{where}.x", "axis", block["x"], [*over, "states"]
        recipes = networks.get(network, {}).get("recipes", {})
        for recipe in over.get("recipe", []):
            yield f"{where}.over.recipe", "recipe", recipe, recipes


def _missing(config: Mapping[str, Any], sheets: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """What a measurement, a figure or a network needs and the study does not have."""
    studies, networks = config.get("studies", {}), config.get("networks", {})
    for study, block in studies.items():
        where = f"config, studies.{study}"
        needs = {"states": "lut", "torque": "conventions"}
        for family, key in needs.items():
            for figure in block.get("figures", []):
                if figure in FAMILIES[family] and key not in block:
                    yield f"{where}.figures: {figure!r} needs a block {key!r} of the study"
        if study not in sheets:
            continue
        sheet = sheets[study]
        for sample, own in sheet.groupby("sample"):
            facts = block.get("samples", {}).get(sample)
            for fact, reason in needed_facts(block, set(own["kind"])).items():
                if facts is not None and facts.get(fact) is None:
                    number = "0 or above" if fact == "thickness_nm" else "above 0"
                    yield (
                        f"{where}.samples.{sample}.{fact}: is empty; "
                        f"expected a number {number} ({reason})"
                    )
        kinds = sheet.set_index("id")["kind"]
        if "conventions" in block and "reference" not in block and "loop_shift" in set(kinds):
            yield f"{where}: key 'reference' is missing; 'conventions' needs it"
        lut = block.get("lut", {})
        kind, wanted = kinds.get(lut.get("measurement")), _LUT_KINDS.get(lut.get("source"))
        if kind is not None and wanted not in (None, kind):
            yield (
                f"{where}.lut.measurement: {lut['measurement']!r} is of kind {kind}; "
                f"expected one of kind {wanted} (source: {lut['source']})"
            )
        for figure in block.get("figures", []):
            if figure in FAMILIES["switching"] and "sot_switching" not in set(kinds):
                yield f"{where}.figures: {figure!r} needs measurements of kind sot_switching"
    for network, block in networks.items():
        study = studies.get(block.get("study"), {"lut": None})
        for precision in block.get("weights", {}):
            if Precision.of(precision).measured and "lut" not in study:
                yield (
                    f"config, networks.{network}.weights: {precision!r} needs a block 'lut' of "
                    f"study {block['study']!r}"
                )


def _describe(error: ValidationError) -> Iterator[str]:
    where = ".".join(map(str, error.absolute_path)) or "top level"
    if error.validator == "additionalProperties":
        allowed = list(error.schema.get("properties", {}))
        for key in (key for key in error.instance if key not in allowed):
            yield f"config, {where}: unknown key {key!r}{_nearest(key, allowed)}"
    elif "propertyNames" in error.absolute_schema_path:
        yield (
            f"config, {where}: name {error.instance!r}; expected letters a-z, 0-9 and _, "
            "a letter first"
        )
    elif error.validator == "enum":
        allowed = [str(value) for value in error.validator_value]
        yield (
            f"config, {where}: found {error.instance!r}, expected one of "
            f"{', '.join(allowed)}{_nearest(str(error.instance), allowed)}"
        )
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        yield f"config, {where}: key {missing[0]!r} is missing"
    else:
        yield f"config, {where}: {error.message}"


def _nearest(found: str, allowed: Iterable[str]) -> str:
    names = sorted(allowed)
    near = get_close_matches(found, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"; allowed: {', '.join(names[:12])}{more}"
