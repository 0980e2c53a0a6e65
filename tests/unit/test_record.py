"""The record of a study's trainings has what the trainings gave."""

import json

import made_tables
import pandas as pd

from hall2net.networks.record import write_record


def test_nothing_is_lost_but_empty_cells_and_layers_on_the_way(tmp_path):
    runs = made_tables.cotb_runs()
    write_record(runs, tmp_path)
    history = pd.read_csv(tmp_path / "history.csv")
    confusion = pd.read_csv(tmp_path / "confusion.csv", dtype={"true": str, "predicted": str})
    histogram = pd.read_csv(tmp_path / "weight_histogram.csv")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    for run in runs:
        name = str(run.name)
        assert metrics[name]["test_accuracy"] == run.metrics["test_accuracy"]
        rows = history[history["run"] == name].drop(columns="run").reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, run.history, check_dtype=False, rtol=1e-9)
        for epoch, square in run.confusions.items():
            cells = confusion[(confusion["run"] == name) & (confusion["epoch"] == epoch)]
            assert cells["count"].sum() == square.to_numpy().sum()
            for _, cell in cells.iterrows():
                assert square.loc[cell["true"], cell["predicted"]] == cell["count"]
        rows = histogram[(histogram["run"] == name) & (histogram["layer"] == "all")]
        whole = run.histogram.query("layer == 'all'").groupby("epoch")["count"].sum()
        assert rows.groupby("epoch")["count"].sum().to_dict() == whole.to_dict()
        last = run.histogram["epoch"].max()
        layers = run.histogram.query("epoch == @last")["layer"].unique()
        at_the_end = histogram[(histogram["run"] == name) & (histogram["epoch"] == last)]
        assert set(at_the_end["layer"]) == set(layers)
