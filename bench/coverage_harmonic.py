"""Coverage of the harmonic Hall methods on emulated devices with known truth.

Each set is one device, drawn over the ranges that laboratories report: planar Hall ratio, thermal
part, misalignment, tilt, phase, offsets and noise are drawn at random, and so are the errors of
everything that a method takes from elsewhere (R_AHE, H_k, planar Hall ratio, thermal part). The
emulator relaxes a macrospin and shares no function with the fits.

    python bench/coverage_harmonic.py [sets]

prints the table of docs/harmonic.md.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from hall2net.emulate.harmonic import Device, field_at, lock_in
from hall2net.physics.harmonic import harmonic_table
from hall2net.tables import systematic_column, uncertainty_column
from hall2net.units import OERSTED

QUANTITIES = ("h_dl_per_ma_oe", "h_fl_per_ma_oe", "thermal_uohm_per_ma")
FACTS = {"width_um": 5.0, "stack_nm": 8.0, "heavy_metal_nm": 5.0, "ferromagnet_nm": 1.0}
EMPTY = pd.DataFrame(columns=["sample", "kind", "status", "r_ahe_ohm", "h_k_oe"])
Read = Callable[..., dict[str, np.ndarray]]
DEGREE = np.pi / 180
AROUND = np.arange(0.0, 360.0, 7.5)
"""Angles of a rotation."""
ACROSS = np.linspace(-1, 1, 61)
"""Fields of a sweep, over the largest."""


@dataclass(frozen=True)
class Truth:
    """A device, how it is measured, and what the laboratory believes of it."""

    device: Device
    amplitude_ma: float
    noise: float
    """Of R of either harmonic, ohm."""
    facts: dict[str, float]


def drawn(rng: np.random.Generator) -> Truth:
    """One device and its laboratory."""
    r_ahe = rng.choice([-1, 1]) * np.exp(rng.uniform(np.log(0.1), np.log(3)))
    ratio = rng.uniform(-0.35, 0.35)
    h_k = np.exp(rng.uniform(np.log(1500), np.log(9000)))
    h_dl = rng.choice([-1, 1]) * np.exp(rng.uniform(np.log(0.5), np.log(8)))
    layer = FACTS["heavy_metal_nm"] / FACTS["stack_nm"]
    # Of the heavy metal below, and of the cap: no one knows on which side it conducts.
    left = 1 - layer - FACTS["ferromagnet_nm"] / FACTS["stack_nm"]
    sheet = 1e-3 / (2 * FACTS["width_um"] * 1e-6) / OERSTED
    oersted = -sheet * (layer + left / np.sqrt(3) * rng.standard_normal())
    device = Device(
        r_ahe_ohm=r_ahe,
        r_phe_ohm=ratio * r_ahe,
        h_k_oe=h_k,
        h_dl_per_ma_oe=h_dl,
        h_fl_per_ma_oe=h_dl * rng.uniform(-1, 1),
        h_oersted_per_ma_oe=oersted,
        thermal_uohm_per_ma=1e6 * r_ahe * h_dl / (2 * h_k) * rng.uniform(-0.5, 0.5),
        r_offset_ohm=0.3 * r_ahe * rng.standard_normal(),
        second_offset_ohm=1e-3 * r_ahe * rng.standard_normal(),
        misalignment_deg=rng.standard_normal(),
        tilt_deg=0.5 * rng.standard_normal(),
        phase_deg=5 * rng.standard_normal(),
    )
    amplitude = rng.uniform(0.5, 3)
    signal = abs(r_ahe * h_dl) * amplitude / (2 * h_k)
    given = {"planar_hall_ratio": (ratio, 0.01), "r_ahe_ohm": (r_ahe, 0.01 * abs(r_ahe)),
             "h_k_oe": (h_k, 0.01 * h_k),
             "thermal_uohm_per_ma": (device.thermal_uohm_per_ma,
                                     0.02e6 * abs(r_ahe * h_dl) / (2 * h_k))}  # fmt: skip
    facts = dict(FACTS)
    for name, (value, sigma) in given.items():
        facts |= {name: value + sigma * rng.standard_normal(), uncertainty_column(name): sigma}
    return Truth(
        device, amplitude, signal * np.exp(rng.uniform(np.log(0.003), np.log(0.03))), facts
    )


def measurements(
    truth: Truth, kind: str, rng: np.random.Generator, read: Read
) -> Iterator[tuple[dict[str, float], dict[str, np.ndarray]]]:
    """Conditions and points of each measurement of a kind."""
    device = truth.device
    if kind == "harmonic_field":
        reach = device.h_k_oe * rng.uniform(0.1, 0.4)
        size = reach * ACROSS
        for direction in (0.0, 90.0):
            for state in (1, -1):
                volts = read(
                    device,
                    field_at(device, size, np.full(size.size, direction)),
                    truth.amplitude_ma,
                    state,
                )
                held = {"direction": direction * DEGREE, "initial_field_z": state * 1e6}
                yield held, {"field": size * OERSTED, **_noisy(volts, truth, rng)}
        return
    lowest = rng.uniform(1.4, 2.0)
    for size in device.h_k_oe * np.linspace(lowest, lowest * rng.uniform(2, 4), 6):
        volts = read(
            device, field_at(device, np.full(AROUND.size, size), AROUND), truth.amplitude_ma
        )
        held = {"field_in_plane": size * OERSTED, "direction": 0.0}
        yield held, {"angle": AROUND * DEGREE, **_noisy(volts, truth, rng)}


def _noisy(
    volts: dict[str, np.ndarray], truth: Truth, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    names = {
        "resistance": "x1",
        "resistance_1y": "y1",
        "resistance_2x": "x2",
        "resistance_2y": "y2",
    }
    return {
        name: volts[part] / (truth.amplitude_ma * 1e-3)
        + truth.noise * rng.standard_normal(volts[part].size)
        for name, part in names.items()
    }


def dataset(
    truth: Truth, kinds: tuple[str, ...], rng: np.random.Generator, read: Read = lock_in
) -> xr.Dataset:
    """All measurements of one sample, as the readers give them.

    Parameters
    ----------
    truth : of the sample
    kinds : of its measurements
    rng : of the noise and of the fields
    read : gives what lock-in amplifiers show, as `hall2net.emulate.harmonic.lock_in` does
    """
    held, points, names = [], [], []
    for kind in kinds:
        for condition, table in measurements(truth, kind, rng, read):
            names.append(kind)
            held.append({"current": truth.amplitude_ma * 1e-3, "temperature": 300.0} | condition)
            points.append(pd.DataFrame(table))
    counts = np.array([len(table) for table in points])
    conditions = pd.DataFrame(held).reindex(
        columns=["current", "temperature", "direction", "initial_field_z", "field_in_plane"]
    )
    merged = pd.concat(points, ignore_index=True).reindex(
        columns=["field", "angle", "resistance", "resistance_1y", "resistance_2x", "resistance_2y"]
    )
    identifiers = [f"m{number}" for number in range(len(names))]
    variables = {
        "id": ("measurement", np.array(identifiers, dtype=object)),
        "kind": ("measurement", np.array(names, dtype=object)),
        "start": ("measurement", np.cumsum(counts) - counts),
        "count": ("measurement", counts),
    }
    variables |= {name: ("measurement", conditions[name].to_numpy()) for name in conditions}
    variables |= {name: ("point", merged[name].to_numpy()) for name in merged}
    return xr.Dataset(variables, attrs={"sample": "emulated"})


def coverage(sets: int, kinds: tuple[str, ...], seed: int = 0) -> pd.DataFrame:
    """Errors over statistical and over total uncertainties, one row a set and method.

    Parameters
    ----------
    sets : how many devices
    kinds : that each of them is measured by; what the other one would give is in samples.csv
    seed : of all that is drawn
    """
    rows = []
    for number in range(sets):
        rng = np.random.default_rng([seed, number])
        truth = drawn(rng)
        table = harmonic_table(
            [dataset(truth, kinds, rng)], EMPTY, EMPTY, EMPTY, {"emulated": truth.facts},
            settings={}, convention={},
        )  # fmt: skip
        for _, row in table.iterrows():
            rows.append({"number": number, **_pulls(row, truth)})
    return pd.DataFrame(rows)


def _pulls(row: pd.Series, truth: Truth) -> dict[str, object]:
    pulls: dict[str, object] = {name: row[name] for name in ("kind", "status", "reason")}
    for name in QUANTITIES:
        error = row[name] - getattr(truth.device, name)
        u, sys = row[uncertainty_column(name)], row[systematic_column(name)]
        pulls |= {name: error / u, f"{name}_total": error / np.hypot(np.nan_to_num(u), sys)}
        pulls[f"{name}_share"] = np.hypot(np.nan_to_num(u), sys) / abs(row[name])
    return pulls


def report(pulls: pd.DataFrame) -> None:
    """Print the coverage of one run, a row a method and quantity."""
    for kind, own in pulls.groupby("kind", sort=False):
        statuses = own["status"].value_counts()
        words = ", ".join(
            f"{statuses[s]} {s}" for s in ("ok", "flagged", "refused") if s in statuses
        )
        for name in QUANTITIES:
            z, total = own[name].dropna(), own[f"{name}_total"].dropna()
            if not np.isfinite(z).any() or name == QUANTITIES[2] and kind == "harmonic_field":
                continue
            inside = [100 * (one.abs() < 1.96).mean() for one in (z, total)]
            share = 100 * own[f"{name}_share"].median()
            print(
                f"| `{kind}` | `{name}` | {words} | {inside[0]:.1f} | {inside[1]:.1f} | "
                f"{total.mean():+.2f} | {total.std():.2f} | {share:.2g} |"
            )


def main(sets: int) -> None:
    for kinds, what in (
        (("harmonic_field",), "fields alone, the rest from samples.csv"),
        (("harmonic_angle",), "rotations alone, the rest from samples.csv"),
        (("harmonic_field", "harmonic_angle"), "both on each device"),
    ):
        print(f"\n{sets} devices, {what}:\n")
        print(
            "| kind | quantity | status | inside 95 %, stat alone (%) | inside 95 %, total (%) | "
            "mean pull | spread of pulls | median total uncertainty (%) |"
        )
        print("|---|---|---|---|---|---|---|---|")
        report(coverage(sets, kinds))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
