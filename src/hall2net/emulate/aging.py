"""Files of how states age: reads long after one write, and levels after many write cycles."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hall2net.emulate.bar import Bar
from hall2net.emulate.domains import Magnet
from hall2net.emulate.instruments import keithley_csv
from hall2net.emulate.study import Study, rounded

_READS = 50
"""Averaged for one row, current reversed each time: the voltmeter's drift and spikes fall out."""
_LAST_S = 1e5
_LAST_CYCLE = 1e6
_PER_DECADE = 8


def averaging(contacts: Bar) -> Bar:
    """The contacts of a sample, read as here.

    Parameters
    ----------
    contacts : read once
    """
    noise = contacts.noise_v / _READS**0.5
    return replace(contacts, noise_v=noise, drift_ohm=0.0, spike_fraction=0.0)


def record_retention(
    study: Study,
    identifier: str,
    contacts: Bar,
    still_ohm: float,
    drift_ohm: float,
    *,
    read_ma: float,
    **row: Any,  # noqa: ANN401
) -> None:
    """Write the reads of one state from 1 s to a day after its write.

    Parameters
    ----------
    study : gets the row
    identifier : of the measurement
    contacts : of the sample
    still_ohm, drift_ohm : resistance after 1 s, and its change per decade of time
    read_ma : current of the reads
    row : further cells of the sheet
    """
    rng = study.rng(identifier)
    time = np.geomspace(1.0, _LAST_S, round(_PER_DECADE * np.log10(_LAST_S)) + 1).round(1)
    still = still_ohm + drift_ohm * np.log10(time)
    voltage = averaging(contacts).recorded(still, read_ma=read_ma, rng=rng)
    path = study.add(
        id=identifier, file=f"aging/{identifier}.csv", format="delimited", kind="retention",
        temperature_k=300, current_ma=read_ma, x_column="t (s)", x_unit="s", y_column="Vxy (V)",
        y_unit="V", y_quantity="voltage", **row,
    )  # fmt: skip
    comments = _comments("retention", row["sample"], read_ma, row["field_x_oe"])
    keithley_csv(path, comments, {"t (s)": (time, ".1f"), "Vxy (V)": (voltage, ".6e")})
    study.truth.setdefault("retention", {})[identifier] = {
        "resistance_1s_ohm": rounded(still_ohm),
        "drift_per_decade_ohm": rounded(drift_ohm),
    }


def record_endurance(
    study: Study,
    identifier: str,
    contacts: Bar,
    magnet: Magnet,
    lost_per_decade: float,
    pulses_ma: Sequence[float],
    *,
    read_ma: float,
    field_x_oe: float = 0.0,
    **row: Any,  # noqa: ANN401
) -> None:
    """Write both levels after 1 to a million write cycles.

    Domains are pinned one after the other, so that the window shrinks with the logarithm of the
    cycles.

    Parameters
    ----------
    study : gets the row
    identifier : of the measurement
    contacts, magnet : of the sample, as it is before the first cycle
    lost_per_decade : fraction of the window that each decade of cycles takes
    pulses_ma : of a cycle, one of either sign
    read_ma : current of the reads
    field_x_oe : in-plane field during the pulses
    row : further cells of the sheet
    """
    rng = study.rng(identifier)
    steps = round(_PER_DECADE * np.log10(_LAST_CYCLE)) + 1
    number = np.unique(np.geomspace(1, _LAST_CYCLE, steps).round())
    current = np.tile(pulses_ma, number.size)
    m = magnet.pulse(current, field_x_oe=field_x_oe).reshape(-1, len(pulses_ma))
    middle = m.mean(axis=1, keepdims=True)
    left = 1 - lost_per_decade * np.log10(number)[:, None]
    still = contacts.still(
        (middle + left * (m - middle)).ravel(), read_ma=read_ma, write_ma=current
    )
    voltage = averaging(contacts).recorded(still, read_ma=read_ma, rng=rng)
    path = study.add(
        id=identifier, file=f"aging/{identifier}.csv", format="delimited", kind="endurance",
        temperature_k=300, field_x_oe=field_x_oe, current_ma=read_ma, pulse_width_s=1e-3,
        x_column="Ipulse (mA)", x_unit="mA", y_column="Vxy (V)", y_unit="V", y_quantity="voltage",
        pulse_column="cycle", **row,
    )  # fmt: skip
    keithley_csv(
        path,
        _comments("endurance", row["sample"], read_ma, field_x_oe),
        {
            "cycle": (np.repeat(number, len(pulses_ma)), ".0f"),
            "Ipulse (mA)": (current, ".2f"),
            "Vxy (V)": (voltage, ".6e"),
        },
    )
    window = contacts.r_ahe_ohm * float(np.ptp(m, axis=1).mean())
    study.truth.setdefault("endurance", {})[identifier] = {
        "window_1_ohm": rounded(window),
        "window_per_decade_ohm": rounded(-lost_per_decade * window),
    }


def _comments(what: str, sample: str, read_ma: float, field_x_oe: float) -> list[str]:
    return [
        f"{what}, sample {sample}",
        f"read {read_ma:g} mA, {_READS} reads a row",
        f"mu0 Hx = {field_x_oe / 10:g} mT",
    ]
