"""Trained accuracy of sets of states, beside the quantisation error that the advisor gives."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hall2net.networks.data import Images
from hall2net.networks.train import Recipe, Training, train
from hall2net.synapse.advisor import sets_to_train
from hall2net.synapse.lut import check_lut, levels
from hall2net.synapse.precision import Precision


def train_sets(
    lut: pd.DataFrame,
    advice: pd.DataFrame,
    images: Images,
    *,
    network: Mapping[str, Any],
    recipe: Mapping[str, Any],
    epochs: int,
    best: int,
    seeds: Sequence[int],
    threads: int = 1,
    device: str = "cpu",
) -> pd.DataFrame:
    """Train one network with all states, with the best few sets of fewer, and in float.

    Parameters
    ----------
    lut : look-up table
    advice : its `hall2net.synapse.advisor.advice`
    images, threads, device : as `hall2net.networks.train.train` takes them
    network, epochs : fields of the `Training`
    recipe : fields of the `Recipe`
    best : number of sets
    seeds : one training each

    Returns
    -------
    DataFrame, one row a set and mapping: `states` (`float32` for float weights), `n_states`,
    `mapping`, `quantization_error` (of `std`), `validation_accuracy` and `test_accuracy` (means
    over the seeds) with their `_u` (1 sigma of the mean; empty for one seed), `n_seeds`, `epochs`,
    `source` of the images. Choose by the validation accuracy.
    """
    check_lut(lut)
    error = advice.drop_duplicates("states").set_index("states")["quantization_error"]
    choices: list[tuple[str, str]] = [("float32", "none")]
    choices += [(s, m) for s in sets_to_train(advice, best) for m in ("maxabs", "std")]
    exact = Recipe.of({**recipe, "noise_aware": False})
    rows = []
    for states, mapping in choices:
        precision, measured = Precision("float32"), None
        if states != "float32":
            used = lut["state"].isin([int(state) for state in states.split()])
            measured = levels(lut.loc[used, "resistance_ohm"]).tolist()
            precision = Precision("lut", len(measured))
        last = []
        for seed in seeds:
            training = Training(network, precision, exact, epochs, mapping, measured, seed=seed)
            run, _ = train(images, training, device=device, threads=threads)
            last.append(run.history.iloc[-1])
        row = {
            "states": states,
            "n_states": precision.states,
            "mapping": mapping,
            "quantization_error": 0.0 if measured is None else error[states],
        }
        for name in ("validation_accuracy", "test_accuracy"):
            values = np.array([epoch[name] for epoch in last])
            sigma = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
            row |= {name: values.mean(), f"{name}_u": sigma}
        rows.append(row | {"n_seeds": len(last), "epochs": epochs, "source": images.source})
    return pd.DataFrame(rows).astype({"n_states": "Int64"})
