"""Which trained networks a figure shows, and the words for them."""

from collections.abc import Iterable, Mapping
from typing import Any

from hall2net.errors import Hall2netError
from hall2net.networks.runs import find_run, run_table
from hall2net.synapse.precision import Precision

Runs = Mapping[str, Mapping[str, Any]]

MAPPING_WORDS = {"maxabs": "max-abs", "std": "std", "learned": "learned", "none": ""}
_NETWORKS = {"mlp": "MLP", "resnet18": "ResNet-18"}


def needed_run(runs: Runs, dataset: str, precision: str) -> str:
    """Name of a run, as `hall2net.networks.runs.find_run` finds it.

    Raises
    ------
    Hall2netError
        If there is none.
    """
    name = find_run(run_table(runs), dataset, precision) if runs else None
    if name is None:
        raise Hall2netError(
            f"no run with {precision} weights on {dataset}; found {', '.join(runs) or 'none'}; "
            "add it under `networks` in the configuration"
        )
    return name


def last_epoch(run: Mapping[str, Any]) -> int:
    """The last epoch whose confusion matrix was kept."""
    return max(run["confusions"])


def precision_words(run: Mapping[str, Any]) -> str:
    """Weights and mapping of a run, for a legend."""
    mapping = MAPPING_WORDS[run["metrics"]["mapping"]]
    return ", ".join(filter(None, [states_words(run["metrics"]["precision"]), mapping]))


def states_words(precision: str) -> str:
    """Weights of a precision, for an axis."""
    found = Precision.of(precision)
    words = {"lut": "{} states", "pair": "pairs, {} states", "uniform": "{} even"}
    return words.get(found.kind, precision).format(found.states)


def network_words(run: Mapping[str, Any]) -> str:
    """Model of a run, and its width where that varies."""
    network = run["metrics"]["network"]
    words = _NETWORKS[network["model"]]
    if width := network.get("base_width"):
        words += f" (base width {width})"
    return words


def data_words(runs: Runs, names: Iterable[str], tested: bool = True) -> str:
    """Data sources and scale of the runs shown, and the averaging of what was tested, once each."""
    metrics = [runs[name]["metrics"] for name in names]
    parts = [one["source"] for one in metrics]
    parts += ["laptop scale" for one in metrics if one["scale"] == "laptop"]
    if tested:
        spans = (one["settings"]["average_epochs"] for one in metrics)
        parts += [f"weights averaged over {span:g} epochs" for span in spans if span]
    return "; ".join(dict.fromkeys(parts))
