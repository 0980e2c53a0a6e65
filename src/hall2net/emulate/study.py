"""What both emulated studies share: random numbers by measurement, the sheet, checksums, truth."""

import csv
import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hall2net.study.checksums import checksums

SHEET_COLUMNS = [
    "id", "file", "format", "kind", "sample", "temperature_k", "field_x_oe", "prefield_x_oe",
    "initial_field_z_oe", "current_ma", "pulse_width_s", "orientation", "x_column", "x_unit",
    "y_column", "y_unit", "y_quantity", "pulse_column", "time_column", "time_unit",
]  # fmt: skip


LOCK_IN_COLUMNS = [
    "direction_deg", "field_oe", "current_amplitude", "voltage_amplitude", "first_y_column",
    "second_x_column", "second_y_column",
]  # fmt: skip
"""Columns that only a study with harmonic measurements has."""


@dataclass
class Study:
    """A folder of raw files in the making: its sheets and its truth."""

    folder: Path
    seed: int
    truth: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)

    def rng(self, name: str) -> np.random.Generator:
        """Random numbers of one measurement, whatever the order in which files are written."""
        return random_numbers(self.seed, name)

    def add(self, **row: Any) -> Path:  # noqa: ANN401
        """Add a row to the sheet; return the path of its file."""
        self.rows.append(row)
        return self.folder / row["file"]

    def close(self) -> None:
        """Write measurements.csv, samples.csv, truth.json and SHA256SUMS."""
        lock_in = [name for name in LOCK_IN_COLUMNS if any(name in row for row in self.rows)]
        self._write("measurements.csv", SHEET_COLUMNS + lock_in, self.rows)
        self._write("samples.csv", list(self.samples[0]), self.samples)
        truth = json.dumps(self.truth, sort_keys=True, indent=1) + "\n"
        (self.folder / "truth.json").write_bytes(truth.encode())
        names = {"measurements.csv", *(row["file"] for row in self.rows)}
        (self.folder / "SHA256SUMS").write_bytes(checksums(self.folder, names).encode())

    def _write(self, name: str, columns: list[str], rows: list[dict[str, Any]]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        (self.folder / name).write_bytes(text.getvalue().encode())


def random_numbers(seed: int, name: str) -> np.random.Generator:
    """Random numbers that belong to a name."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "big")))


def sweep(maximum: float, step: float) -> np.ndarray:
    """0 to +maximum to -maximum to +maximum, without the repeated corners."""
    n = round(maximum / step)
    corners = np.concatenate([np.arange(0, n), np.arange(n, -n, -1), np.arange(-n, n + 1)])
    return corners * step


def rounded(value: float, digits: int = 10) -> float:
    """A value with so many significant digits, as `truth.json` states it."""
    return float(f"{value:.{digits}g}")
