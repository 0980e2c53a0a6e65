"""Devices of a network: their number, the area of the array, the energy to write it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hall2net.errors import ConfigError

_DEVICES = {"bipolar": 1, "unipolar": 2, "cannot tell": np.nan, "not measured": np.nan}
"""Devices that a weight takes, by the polarity of their states."""


def hardware_table(
    networks: Sequence[Mapping[str, Any]],
    *,
    polarity: str,
    cell_area_um2: float,
    write_energy_uj: float,
    write_energy_u_uj: float,
    published_saving: float,
    published_energy_uj: float,
) -> pd.DataFrame:
    """Devices, area and programming energy of networks.

    Parameters
    ----------
    networks : of each the number of weights on devices, `weights`, and its names, such as
        `network, dataset, scale`
    polarity : of the states, `hall2net.synapse.polarity.polarity_of`
    cell_area_um2 : of one device with its access transistor and wiring
    write_energy_uj, write_energy_u_uj : of one write, mean over the states (`write_energy_mean` of
        the figures of merit), and its 1 sigma; NaN if not measured
    published_saving : fraction of the devices that paper cotb saves with one bipolar device a
        weight in place of a pair
    published_energy_uj : of "complete synaptic operation" in paper ruo2

    Returns
    -------
    DataFrame, one row a network: its names, `weights`, `polarity`; for one device a weight
    (`single`) and for a differential pair (`pair`): `devices_*`, `area_*_mm2`,
    `programming_energy_*_j` (every device written once) with `_u`; `device_saving` =
    1 - single/pair; `write_energy_uj` with `_u`; the numbers of the papers, `*_published`. One
    device holds weights of both signs if its states do: the numbers for `single` are those of the
    pair for `unipolar` states, and empty where the signs are not known.

    Raises
    ------
    ConfigError
        If the area of the cell is not positive, a network has no weights, or there is no such
        polarity.
    """
    if polarity not in _DEVICES:
        raise ConfigError(f"hardware: polarity {polarity!r}; expected {', '.join(_DEVICES)}")
    if not cell_area_um2 > 0:
        raise ConfigError(f"hardware: cell area {cell_area_um2} um2; expected more than 0")
    rows = []
    for network in networks:
        weights = int(network["weights"])
        if weights < 1:
            raise ConfigError(f"hardware: network {network.get('network')!r} has {weights} weights")
        row = {**network, "polarity": polarity}
        for circuit, devices in (("single", _DEVICES[polarity] * weights), ("pair", 2 * weights)):
            row |= {
                f"devices_{circuit}": devices,
                f"area_{circuit}_mm2": devices * cell_area_um2 * 1e-6,
                f"programming_energy_{circuit}_j": devices * write_energy_uj * 1e-6,
                f"programming_energy_{circuit}_u_j": devices * write_energy_u_uj * 1e-6,
            }
        row |= {
            "device_saving": 1 - row["devices_single"] / row["devices_pair"],
            "device_saving_published": published_saving,
            "cell_area_um2": cell_area_um2,
            "write_energy_uj": write_energy_uj,
            "write_energy_u_uj": write_energy_u_uj,
            "write_energy_published_uj": published_energy_uj,
        }
        rows.append(row)
    return pd.DataFrame(rows)
