"""Files of two lock-in amplifiers at a Hall bar: harmonics against a field, and under a rotation.

The macrospin of `hall2net.emulate.harmonic` gives the voltages.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hall2net.emulate.harmonic import Device, field_at, lock_in
from hall2net.emulate.instruments import keithley_csv
from hall2net.emulate.study import Study

_ROOT_2 = float(np.sqrt(2))
_NOISE_V = {1: 2e-8, 2: 1e-9}
"""Of a reading of each harmonic, rms: the range of the first one is the larger."""
_POINTS = 61  # of a sweep of the field
_STEP_DEG = 5.0  # of a rotation


@dataclass(frozen=True)
class Run:
    """How a sample is measured.

    Attributes
    ----------
    current_rms_ma : of the lock-in's sine
    small_oe : largest field of the sweeps, which leave the magnetisation near its normal
    large_oe : fields of the rotations, which hold it in the plane
    """

    current_rms_ma: float
    small_oe: float
    large_oe: tuple[float, ...]

    @property
    def peak_ma(self) -> float:
        """Amplitude of the current."""
        return _ROOT_2 * self.current_rms_ma


def record(study: Study, sample: str, device: Device, run: Run, saturation_oe: float) -> None:
    """Write a sweep for each direction and state, and a rotation for each field.

    Parameters
    ----------
    study : gets the rows
    sample : its name
    device : as it is mounted
    run : currents and fields
    saturation_oe : field along z that sets the state before a sweep
    """
    for direction in (0, 90):
        for state, word in ((1, "up"), (-1, "down")):
            field = np.linspace(-run.small_oe, run.small_oe, _POINTS)
            vectors = field_at(device, field, np.full(_POINTS, float(direction)))
            _write(
                study, f"har_{sample}_{direction}deg_{word}", device, run, vectors, state,
                {"Field (Oe)": (field, ".1f")}, sample=sample, kind="harmonic_field",
                x_column="Field (Oe)", x_unit="Oe", direction_deg=direction,
                initial_field_z_oe=state * saturation_oe,
            )  # fmt: skip
    for size in run.large_oe:
        angle = np.arange(0, 360 + _STEP_DEG, _STEP_DEG)
        vectors = field_at(device, np.full(angle.size, size), angle)
        _write(
            study, f"rot_{sample}_{size:.0f}oe", device, run, vectors, 1,
            {"Angle (deg)": (angle, ".1f")}, sample=sample, kind="harmonic_angle",
            x_column="Angle (deg)", x_unit="deg", field_oe=size,
        )  # fmt: skip


def _write(
    study: Study,
    identifier: str,
    device: Device,
    run: Run,
    vectors: np.ndarray,
    state: int,
    swept: dict[str, tuple[np.ndarray, str]],
    **row: Any,  # noqa: ANN401
) -> None:
    rng = study.rng(identifier)
    voltages = lock_in(device, vectors, run.peak_ma, state)
    columns = dict(swept)
    for harmonic in (1, 2):
        for part in ("x", "y"):
            noise = _NOISE_V[harmonic] * rng.standard_normal(len(vectors))
            value = voltages[f"{part}{harmonic}"] / _ROOT_2 + noise
            columns[f"{part.upper()}{harmonic} (V)"] = (value, ".5e")
    path = study.add(
        id=identifier, file=f"harmonics/{identifier}.csv", format="delimited", temperature_k=300,
        current_ma=run.current_rms_ma, current_amplitude="rms", voltage_amplitude="rms",
        y_column="X1 (V)", y_unit="V", y_quantity="voltage", first_y_column="Y1 (V)",
        second_x_column="X2 (V)", second_y_column="Y2 (V)", **row,
    )  # fmt: skip
    comments = [
        f"two SR830, sample {row['sample']}",
        f"I = {run.current_rms_ma:g} mA rms, 133.7 Hz, amplitudes rms",
    ]
    keithley_csv(path, comments, columns)
