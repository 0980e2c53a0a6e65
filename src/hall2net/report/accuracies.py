"""What trained networks have beside the numbers of the papers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from hall2net.networks.runs import Run, at_every_seed, find_run, run_table
from hall2net.report.verdict import AMBIGUOUS, INPUT, NOT_MEASURED, QUOTED, STAND_IN, Ours


def cotb_accuracies(runs: Sequence[Run]) -> dict[str, Ours]:
    """Quantity of the paper cotb to what the networks here have beside it."""
    block, entries = "resnet18_cifar10", {}
    ideal, device = (find_run(runs, "cifar10", kind) for kind in ("float32", "lut"))
    for network, run in {"ideal": ideal, "device": device}.items():
        if run is None:
            continue
        for epoch in (25, 75):
            words = f"Ours at epoch {run.recorded_epoch(epoch / 100)}."
            entries[f"{block}.epoch{epoch}.{network}"] = _result(
                run, runs, 100, partial(_accuracy_at, fraction=epoch / 100), words
            )
        for true in ("airplane", "cat"):
            if true in run.confusions[run.last_epoch]:
                entries[f"{block}.epoch100_correct.{network}.{true}"] = _result(
                    run, runs, 100, partial(_right, true=true)
                )
    if device is not None:
        accuracy = _final_accuracy(device, runs, 100)
        entries[f"{block}.epochs"] = _setting(device.metrics["epochs"], device)
        entries[f"{block}.accuracy_device"] = accuracy
        for other in ("irnet_binary", "vc_sot_mram_cim", "flash_blocks"):
            quoted = accuracy if accuracy.verdict == STAND_IN else replace(accuracy, verdict=QUOTED)
            entries[f"{block}.compared_with.{other}"] = replace(quoted, remark="")
    return entries


def ruo2_accuracies(runs: Sequence[Run]) -> dict[str, Ours]:
    """Quantity of the paper ruo2 to what the networks here have beside it."""
    entries: dict[str, Ours] = {"mlp.weight_decay": Ours(None, verdict=AMBIGUOUS)}
    keys = {"float32": "float32", "six_state": "lut", "binary": "binary"}
    for dataset in ("mnist", "fashion_mnist"):
        for quantity, kind in keys.items():
            run = find_run(runs, dataset, kind)
            if run is not None:
                entries[f"mlp.{dataset}.{quantity}"] = _final_accuracy(run, runs, 50)
    run = find_run(runs, "mnist", "float32")
    if run is not None:
        metrics = run.metrics
        entries["mlp.epochs"] = _setting(metrics["epochs"], run)
        for number, size in enumerate(metrics["network"]["layers"], start=1):
            entries[f"mlp.layers.{number}"] = _setting(size, run)
        for key in ("batch", "optimizer", "learning_rate"):
            entries[f"mlp.{key}"] = _setting(metrics["settings"][key], run)
    return entries


def _setting(value: float | str, run: Run) -> Ours:
    return Ours(value, source=_source(run), verdict=INPUT)


def _source(run: Run) -> str:
    return f"{run.name} ({run.metrics['source']})"


def _result(
    run: Run,
    runs: Sequence[Run],
    epochs: int,
    measure: Callable[[Run], tuple[float, float]],
    remark: str = "",
) -> Ours:
    """A result over all seeds of a run; none that stands beside a paper for stand-in images.

    Parameters
    ----------
    run : the run of the lowest seed
    runs : where its other seeds are
    epochs : of the paper; a shorter training is no verdict on it
    measure : value and counting error of one run
    remark : what else is said
    """
    if run.metrics["stand_in"]:
        return Ours(None, source=_source(run), verdict=STAND_IN)
    names = at_every_seed([one.name for one in runs], run.name)
    seeds = [one for one in runs if one.name in names and not one.metrics["stand_in"]]
    values = [measure(one) for one in seeds]
    value, spread = values[0]
    words = "Counting error only, one seed."
    if len(values) > 1:
        value, spread = np.mean(values, axis=0)[0], np.std(values, axis=0, ddof=1)[0]
        words = f"Mean and standard deviation of {len(values)} seeds."
    comparable = all(one.metrics["epochs"] >= epochs and one.full_size for one in seeds)
    return Ours(
        float(value), float(spread), _source(run), f"{remark} {words}".strip(),
        None if comparable else NOT_MEASURED,
    )  # fmt: skip


def _accuracy_at(run: Run, fraction: float) -> tuple[float, float]:
    square = run.confusions[run.recorded_epoch(fraction)].to_numpy()
    accuracy = np.trace(square) / square.sum()
    return float(accuracy), float(np.sqrt(accuracy * (1 - accuracy) / square.sum()))


def _right(run: Run, true: str) -> tuple[float, float]:
    table = run.confusions[run.last_epoch]
    right, total = table.at[true, true], table.loc[true].sum()
    return float(right), float(np.sqrt(right * (total - right) / total))


def _final_accuracy(run: Run, runs: Sequence[Run], epochs: int) -> Ours:
    """Accuracy of the papers' mapping, with what another mapping reaches in the remark."""
    table = run_table(runs).set_index("run")
    row = table.loc[str(run.name)]

    def final(one: Run) -> tuple[float, float]:
        found: pd.Series = table.loc[str(one.name)]
        return found["test_accuracy"], found["test_accuracy_u"]

    same = ["dataset", "precision", "seed", "recipe"]
    others = table[(table[same] == row[same]).all(axis=1) & (table["mapping"] != row["mapping"])]
    remarks = ["Mapping maxabs, as in the paper."] if row["mapping"] == "maxabs" else []
    remarks += [
        f"Mapping {mapping}: {accuracy:.4f}."
        for mapping, accuracy in zip(others["mapping"], others["test_accuracy"], strict=True)
    ]
    if span := run.metrics["settings"]["average_epochs"]:
        remarks.append(f"Weights averaged over {span:g} epochs, which is ours.")
    return _result(run, runs, epochs, final, " ".join(remarks))
