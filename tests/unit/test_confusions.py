"""The test of confusion matrices against scipy, and on counts of known origin."""

from pathlib import Path

import made_tables
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, kstest

from hall2net.networks.confusions import confusion_comparison, confusion_summary

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


def square(rows):
    return rows.set_index("true")[made_tables.CLASSES]


def confusions_of(runs, name):
    return next(run for run in runs if str(run.name) == name).confusions


def test_a_matrix_against_itself_shows_no_difference():
    runs, _ = printed_run("S1a")
    cells = confusion_comparison(PRINTED, runs).query("matrix == 'S1a'")
    assert len(cells) == 100
    assert (cells["difference"] == 0).all() and not cells["beyond_noise"].any()
    assert cells["p_row"].to_numpy() == pytest.approx(1.0)


def test_cells_are_the_exact_binomial_test():
    cells = confusion_comparison(PRINTED, made_tables.cotb_runs())
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


def test_counting_noise_alone_is_seldom_a_difference():
    rng = np.random.default_rng(5)
    rows = PRINTED[PRINTED["matrix"] == "S1a"]
    counts = rows[made_tables.CLASSES].to_numpy()
    false_alarms = []
    for _ in range(40):
        draws = rng.poisson(counts), rng.poisson(counts)
        printed, ours = (
            rows.assign(**dict(zip(made_tables.CLASSES, d.T, strict=True))) for d in draws
        )
        runs = made_tables.cotb_runs()
        confusions_of(runs, FLOAT)[25] = square(ours)
        false_alarms.append(confusion_comparison(printed, runs)["beyond_noise"].any())
    assert np.mean(false_alarms) < 0.15


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
    counts = rows[made_tables.CLASSES].to_numpy()
    p_matrix = []
    for _ in range(60):
        printed, ours = (
            rows.assign(**dict(zip(made_tables.CLASSES, rng.poisson(counts).T, strict=True)))
            for _ in range(2)
        )
        runs = made_tables.cotb_runs()
        confusions_of(runs, FLOAT)[25] = square(ours)
        p_matrix.append(confusion_summary(confusion_comparison(printed, runs))["p_matrix"].iloc[0])
    # From counting alone, a p-value is evenly spread.
    assert kstest(p_matrix, "uniform").pvalue > 1e-3

    confusions_of(runs, FLOAT)[25].loc["cat", ["cat", "dog"]] += [-150, 150]
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
