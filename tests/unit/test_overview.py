"""The overview page shows values with their uncertainty, and escapes what it did not write."""

from pathlib import Path

import pandas as pd

from hall2net.overview import overview_page

TEMPLATE = Path(__file__).parents[2] / "workflow/report/overview.html.j2"


def test_the_page_says_what_was_found_and_where_from():
    lut = pd.DataFrame(
        {"state": [1, 2], "resistance_ohm": [0.33, 0.57], "resistance_u_ohm": [4e-4, 7e-4],
         "level": [-1.0, 1.0]}
    )  # fmt: skip
    torque = pd.DataFrame(
        {"sample": ["a"], "theta_sh": [0.3581], "theta_sh_u": [0.0013], "j_c_a_m2": [7.36e10],
         "j_c_u_a_m2": [2e8]}
    )  # fmt: skip
    comparison = pd.DataFrame(
        {"study": ["s", "s"], "quantity": ["q", "r"], "published": ["0.36", "1"],
         "ours": ["0.358", "2"], "ours_u": [0.001, None], "verdict": ["agrees", "differs"],
         "source": ["torque.csv", ""], "remark": ["", ""]}
    )  # fmt: skip
    run = {
        "run": "mlp-mnist-lut6-std-paper-seed0", "network": {"model": "mlp"}, "source": "MNIST",
        "precision": "lut6", "mapping": "std", "seed": 0, "epochs": 50, "test_accuracy": 0.97612,
    }  # fmt: skip
    page = overview_page(
        TEMPLATE.read_text(encoding="utf-8"),
        {"s": {"raw_data": "emulated raw data", "samples": {"a": {"label": "<b>film</b>"}}}},
        {"s": {"lut": lut, "torque": torque}},
        comparison,
        [run],
        "laptop",
    )
    for words in (
        "emulated raw data", "0.358(1)", "0.736(2)", "0.3300(4)", "97.61", "1 of 2", "MNIST",
        "&lt;b&gt;film&lt;/b&gt;", "laptop",
    ):  # fmt: skip
        assert words in page, words
