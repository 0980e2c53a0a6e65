"""The test of confusion matrices against scipy, and on counts of known origin."""

from dataclasses import replace
from pathlib import Path

import made_tables
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from hall2net.networks.confusions import (
    confusion_comparison,
    confusion_summary,
    dispersion_of_seeds,
)

ROOT = Path(__file__).parents[2]
FLOAT = "resnet18-cifar10-float32-none-paper-seed0"
PRINTED = pd.read_csv(ROOT / "reference/cotb-confusion-matrices.csv")


def printed_run(matrix, epochs=100):
    """A run whose confusion matrix is a printed one."""
    rows = PRINTED[PRINTED["matrix"] == matrix]
    network = rows["network_inferred"].iloc[0]
    weights = "float32-none" if network == "ideal_float" else "lut32-maxabs"
    name = f"resnet18-cifar10-{weights}-paper-seed0"
    runs = made_tables.cotb_runs(epochs)
    confusions_of(runs, name)[int(rows["epoch_printed"].iloc[0])] = square(rows)
    return runs, rows


def with_seed(runs, name, matrix, epoch=25):
    """The same runs, and one more seed of one of them with this confusion matrix."""
    run = next(run for run in runs if str(run.name) == name)
    metrics = run.metrics | {"run": name.replace("seed0", "seed1")}
    more = replace(run, confusions={**run.confusions, epoch: matrix}, metrics=metrics)
    return [*runs, more]


def drawn(rng, counts, spread=0.0):
    """Counts of a network: Poisson, and each cell off by a random factor of this spread."""
    return rng.poisson(counts * np.exp(rng.normal(0, spread, counts.shape)))


def as_rows(rows, counts):
    return rows.assign(**dict(zip(made_tables.CLASSES, counts.T, strict=True)))


def square(rows):
    return rows.set_index("true")[made_tables.CLASSES]


def confusions_of(runs, name):
    return next(run for run in runs if str(run.name) == name).confusions


def test_a_matrix_against_itself_shows_no_difference():
    runs, rows = printed_run("S1a")
    runs = with_seed(runs, FLOAT, square(rows))
    cells = confusion_comparison(PRINTED, runs).query("matrix == 'S1a'")
    assert len(cells) == 100 and set(cells["pairs"]) == {1}
    assert (cells["difference"] == 0).all() and not cells["beyond_noise"].any()
    assert cells["p_row"].to_numpy() == pytest.approx(1.0)


def test_one_seed_judges_nothing():
    cells = confusion_comparison(PRINTED, made_tables.cotb_runs())
    assert set(cells["pairs"]) == {0} and (cells["difference"] != 0).any()
    judged = ["dispersion", "p_value", "p_adjusted", "beyond_noise", "p_row"]
    assert cells[judged].isna().all(axis=None)
    summary = confusion_summary(cells)
    assert summary[["cells_beyond_noise", "p_matrix", "largest_p"]].isna().all(axis=None)
    assert summary["largest"].str.contains("classified as").all()


def test_cells_of_networks_that_scatter_like_counts_are_the_exact_binomial_test():
    runs = made_tables.cotb_runs()
    # The same matrix again: a dispersion below that of counting is taken as 1.
    runs = with_seed(runs, FLOAT, confusions_of(runs, FLOAT)[25])
    cells = confusion_comparison(PRINTED, runs).query("matrix == 'S1a'")
    assert set(cells["dispersion"]) == {0.0}
    for _, cell in cells.sample(12, random_state=0).iterrows():
        trials = int(cell["printed"] + cell["ours"])
        if trials:
            # By symmetry at probability 1/2, scipy's two-sided test is the same.
            expected = binomtest(int(cell["ours"]), trials, _share(cells, cell)).pvalue
            assert cell["p_value"] == pytest.approx(expected, rel=0.05)
    assert cells["beyond_noise"].any()


def _share(cells, cell):
    row = cells[(cells["matrix"] == cell["matrix"]) & (cells["true"] == cell["true"])]
    return row["ours"].sum() / (row["ours"].sum() + row["printed"].sum())


@pytest.mark.parametrize("spread", [0.0, 0.2, 0.4])
def test_what_two_seeds_differ_by_is_seldom_a_difference_to_the_paper(spread):
    rng = np.random.default_rng(5)
    rows = PRINTED[PRINTED["matrix"] == "S1a"]
    counts = rows[made_tables.CLASSES].to_numpy(float)
    beyond, runs = [], made_tables.cotb_runs()
    for _ in range(10):
        printed, ours, other = (as_rows(rows, drawn(rng, counts, spread)) for _ in range(3))
        confusions_of(runs, FLOAT)[25] = square(ours)
        both = with_seed(runs, FLOAT, square(other))
        beyond.append(confusion_comparison(printed, both)["beyond_noise"].sum())
    # Counting alone frames 3 and 15 cells of a hundred at the larger spreads.
    assert np.mean(beyond) < 1


def test_the_dispersion_of_independent_counts_is_one():
    rng = np.random.default_rng(11)
    expected = np.full((10, 10), 60.0)
    matrices = [pd.DataFrame(rng.poisson(expected)) for _ in range(8)]
    pairs, dispersion = dispersion_of_seeds(matrices)
    assert pairs == 28 and dispersion == pytest.approx(1.0, abs=0.12)
    _, wider = dispersion_of_seeds([pd.DataFrame(drawn(rng, expected, 0.3)) for _ in range(8)])
    # A factor of spread s adds (s n)^2 to the variance n of a count.
    assert wider == pytest.approx(1 + 0.3**2 * 60, rel=0.25)
    assert np.isnan(dispersion_of_seeds(matrices[:1])[1])


def test_other_classes_are_not_compared():
    runs = made_tables.cotb_runs()
    shapes = [f"shape {number}" for number in range(10)]
    for run in runs:
        for epoch, table in run.confusions.items():
            index = pd.Index(shapes, name="true")
            run.confusions[epoch] = table.set_axis(shapes, axis=1).set_axis(index)
    assert confusion_comparison(PRINTED, runs).empty


@pytest.mark.parametrize(
    "change", [{"stand_in": True}, {"network": {"model": "resnet18", "base_width": 16}}]
)
def test_other_images_or_another_width_are_not_compared(change):
    runs = made_tables.cotb_runs()
    assert set(confusion_comparison(PRINTED, runs)["epoch_printed"]) == {25, 75}
    for run in runs:
        run.metrics.update(change)
    assert confusion_comparison(PRINTED, runs).empty


def test_another_epoch_is_not_compared():
    # The matrices of a short training are those of its own epochs, 2 of 10 for 25 of 100.
    assert confusion_comparison(PRINTED, made_tables.cotb_runs(10)).empty


def test_the_summary_tells_chance_from_difference():
    rng = np.random.default_rng(7)
    rows = PRINTED[PRINTED["matrix"] == "S1a"]
    counts = rows[made_tables.CLASSES].to_numpy(float)
    p_matrix, first = [], made_tables.cotb_runs()
    for _ in range(15):
        printed, ours, other = (as_rows(rows, drawn(rng, counts)) for _ in range(3))
        confusions_of(first, FLOAT)[25] = square(ours)
        runs = with_seed(first, FLOAT, square(other))
        p_matrix.append(confusion_summary(confusion_comparison(printed, runs))["p_matrix"].iloc[0])
    # Two seeds that scatter by chance alone: small p are no more frequent than their value.
    assert np.mean(np.array(p_matrix) < 0.2) < 0.4

    confusions_of(runs, FLOAT)[25].loc["cat", ["cat", "dog"]] += [-150, 150]
    runs[-1].confusions[25].loc["cat", ["cat", "dog"]] += [-150, 150]
    one = confusion_summary(confusion_comparison(printed, runs)).iloc[0]
    assert one["p_matrix"] < 1e-6 and one["largest_p"] < 1e-6
    assert one["largest"].startswith("cat classified as dog") and one["cells_beyond_noise"] >= 1


def test_printed_accuracies_are_those_of_the_printed_matrices():
    summary = confusion_summary(confusion_comparison(PRINTED, made_tables.cotb_runs()))
    for _, row in summary.iterrows():
        rows = PRINTED[PRINTED["matrix"] == row["matrix"]].set_index("true")
        expected = np.trace(rows[rows.index]) / rows["row_sum"].sum()
        assert row["accuracy_printed"] == pytest.approx(expected)
    assert confusion_summary(confusion_comparison(PRINTED, [])).empty
