"""Which trained networks a figure shows, and the words for them."""

from collections.abc import Iterable, Sequence

import pandas as pd

from hall2net.errors import Hall2netError
from hall2net.networks.runs import Run, at_every_seed, find_run
from hall2net.synapse.precision import Precision

Runs = Sequence[Run]

MAPPING_WORDS = {"maxabs": "max-abs", "std": "std", "learned": "learned", "none": ""}
_NETWORKS = {"mlp": "MLP", "resnet18": "ResNet-18"}


def needed_run(runs: Runs, dataset: str, kind: str) -> Run:
    """A run, as `hall2net.networks.runs.find_run` finds it.

    Raises
    ------
    Hall2netError
        If there is none.
    """
    run = find_run(runs, dataset, kind)
    if run is None:
        found = ", ".join(str(run.name) for run in runs) or "none"
        words = "" if kind == "float32" else " and the mapping maxabs"
        raise Hall2netError(
            f"no run with {kind} weights{words} on {dataset}; found {found}; "
            "add it under `networks` in the configuration"
        )
    return run


def precision_words(run: Run) -> str:
    """Weights and mapping of a run, for a legend."""
    precision = run.name.precision
    if precision.kind == "float32":
        return "float32"
    words = f"{states_words(precision)}, {MAPPING_WORDS[run.name.mapping]}"
    return f"{words} (diverged)" if diverged(run) else words


def diverged(run: Run) -> bool:
    """Whether a training ended with a larger loss than its first epoch had."""
    loss = run.history.sort_values("epoch")["train_loss"]
    return bool(loss.iloc[-1] > loss.iloc[0])


def mean_history(runs: Runs, run: Run) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """History of a training: mean over its seeds, and their standard deviation where there are two.

    Parameters
    ----------
    runs : where the other seeds are
    run : one of them
    """
    names = at_every_seed([one.name for one in runs], run.name)
    histories = [one.history.set_index("epoch") for one in runs if one.name in names]
    if len(histories) < 2:
        return run.history, None
    rows = pd.concat(histories).groupby("epoch")
    return rows.mean().reset_index(), rows.std().reset_index()


def states_words(precision: Precision) -> str:
    """Weights of a precision, for an axis."""
    count = precision.states
    words = {"lut": f"{count} states", "pair": f"pairs, {count} states", "uniform": f"{count} even"}
    return words.get(precision.kind, str(precision))


def network_words(run: Run) -> str:
    """Model of a run, and its width where that varies."""
    network = run.metrics["network"]
    words = _NETWORKS[network["model"]]
    if width := network.get("base_width"):
        words += f" (base width {width})"
    return words


def data_words(runs: Iterable[Run], tested: bool = True) -> str:
    """Data sources and scale of the runs shown, and the averaging of what was tested, once each."""
    metrics = [run.metrics for run in runs]
    parts = [one["source"] for one in metrics]
    parts += ["laptop scale" for one in metrics if one["scale"] == "laptop"]
    if tested:
        spans = (one["settings"]["average_epochs"] for one in metrics)
        parts += [f"weights averaged over {span:g} epochs" for span in spans if span]
    return "; ".join(dict.fromkeys(parts))
