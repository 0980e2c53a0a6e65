import numpy as np
import pytest

from hall2net.errors import ConfigError
from hall2net.synapse.hardware import hardware_table

SETTINGS = {
    "polarity": "bipolar",
    "cell_area_um2": 150,
    "write_energy_uj": 87.5,
    "write_energy_u_uj": 0.5,
    "published_saving": 0.5,
    "published_energy_uj": 87.5,
}


def test_hardware_of_the_published_perceptron():
    weights = 784 * 256 + 256 * 128 + 128 * 10
    found = hardware_table([{"network": "mlp", "scale": "laptop", "weights": weights}], **SETTINGS)
    row = found.iloc[0]
    assert row["scale"] == "laptop"
    assert row["devices_single"] == weights == 234_752
    assert row["devices_pair"] == 2 * weights
    assert row["device_saving"] == row["device_saving_published"] == 0.5
    assert row["area_single_mm2"] == pytest.approx(234_752 * 150e-6)
    assert row["programming_energy_single_j"] == pytest.approx(20.54, rel=1e-3)
    assert row["programming_energy_pair_u_j"] == pytest.approx(2 * 20.54 * 0.5 / 87.5, rel=1e-3)


@pytest.mark.parametrize("polarity", ["unipolar", "cannot tell", "not measured"])
def test_one_device_is_not_assumed(polarity):
    settings = SETTINGS | {"polarity": polarity}
    row = hardware_table([{"network": "mlp", "weights": 100}], **settings).iloc[0]
    assert row["polarity"] == polarity and row["devices_pair"] == 200
    single = row[["devices_single", "area_single_mm2", "programming_energy_single_j"]]
    if polarity == "unipolar":
        assert single["devices_single"] == 200 and row["device_saving"] == 0
    else:
        assert single.isna().all() and np.isnan(row["device_saving"])


def test_an_unknown_polarity_is_refused():
    with pytest.raises(ConfigError, match="polarity 'ok'; expected bipolar"):
        hardware_table([{"network": "mlp", "weights": 1}], **SETTINGS | {"polarity": "ok"})


@pytest.mark.parametrize(
    ("weights", "area", "message"),
    [(1, 0, "cell area 0 um2"), (1, float("nan"), "cell area nan um2"), (0, 1, "has 0 weights")],
)
def test_hardware_settings_are_checked(weights, area, message):
    with pytest.raises(ConfigError, match=message):
        hardware_table(
            [{"network": "mlp", "weights": weights}], **SETTINGS | {"cell_area_um2": area}
        )
