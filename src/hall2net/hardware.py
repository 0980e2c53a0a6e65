"""What a network costs in devices: their number, the array's area, the energy to write it."""

from collections.abc import Mapping

import pandas as pd

from hall2net.errors import ConfigError

PUBLISHED_SAVING = 0.5
"""Share of the devices that one bipolar device a weight saves against a pair (paper cotb)."""

PUBLISHED_ENERGY_UJ = 87.5
"""Energy of "complete synaptic operation" (paper ruo2): a 1.00 ms pulse of 13.2 mA in 500 ohm."""


def hardware_table(
    weights: Mapping[str, int], *, write_energy_uj: float, cell_area_um2: float
) -> pd.DataFrame:
    """Devices, area and programming energy of networks.

    Parameters
    ----------
    weights : network to the number of its weights that devices hold
    write_energy_uj : of one write, in the mean over the states (`write_energy_mean_uj` of the
        figures of merit); NaN where it was not measured
    cell_area_um2 : of one device with its access transistor and wiring

    Returns
    -------
    DataFrame, one row a network: `network, weights`; for one device a weight (`single`) and for a
    differential pair (`pair`): `devices_*`, `area_*_mm2`, `programming_energy_*_j` (every device
    written once); `device_saving` = 1 - single/pair beside `device_saving_published`;
    `write_energy_uj` beside `write_energy_published_uj`, and their ratio `write_energy_ratio`.

    Raises
    ------
    ConfigError
        If the cell has no positive area, or a network no weights.
    """
    if not cell_area_um2 > 0:
        raise ConfigError(f"hardware: cell area {cell_area_um2} um2; expected more than 0")
    rows = []
    for network, count in weights.items():
        if count < 1:
            raise ConfigError(f"hardware: network {network!r} has {count} weights")
        row = {"network": network, "weights": int(count)}
        for kind, devices in (("single", count), ("pair", 2 * count)):
            row |= {
                f"devices_{kind}": int(devices),
                f"area_{kind}_mm2": devices * cell_area_um2 * 1e-6,
                f"programming_energy_{kind}_j": devices * write_energy_uj * 1e-6,
            }
        row |= {
            "device_saving": 1 - row["devices_single"] / row["devices_pair"],
            "device_saving_published": PUBLISHED_SAVING,
            "write_energy_uj": write_energy_uj,
            "write_energy_published_uj": PUBLISHED_ENERGY_UJ,
            "write_energy_ratio": write_energy_uj / PUBLISHED_ENERGY_UJ,
        }
        rows.append(row)
    return pd.DataFrame(rows)
