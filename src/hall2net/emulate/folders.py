"""Folders of instrument files as laboratories make them, drawn at random from stated grammars.

Each folder is of one make: one way to write a table, to call its columns and units, to say what was
held, and to name files, folders and samples. What is true of every file goes with it.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hall2net.measurement import KINDS
from hall2net.units import OERSTED, SI_FACTORS

FIELD_NAMES = ("Field", "Magnetic Field", "B", "H", "Bz", "Hz", "µ0H", "Applied field", "H_z")
RESISTANCE_NAMES = ("Rxy", "R_xy", "Hall resistance", "R_H", "RHall", "R_yx", "Resistance")
VOLTAGE_NAMES = ("Vxy", "V_xy", "Hall voltage", "Uxy", "V_H", "Voltage")
CURRENT_NAMES = ("I_pulse", "Write current", "Pulse current", "Iw", "Current", "I write")
MOMENT_NAMES = ("Moment", "m", "Long Moment", "Magnetic moment")
ALONG_NAMES = ("Vxx", "V_xx", "U_long", "Voltage 4p")
UNIT_STYLES: dict[str, Callable[[str, str], str]] = {
    "round": lambda name, unit: f"{name} ({unit})",
    "round, attached": lambda name, unit: f"{name}({unit})",
    "square": lambda name, unit: f"{name} [{unit}]",
    "slash": lambda name, unit: f"{name} / {unit}",
    "comma": lambda name, unit: f"{name}, {unit}",
    "below": lambda name, unit: name,
}
SPELLINGS = {
    "ohm": ("Ohm", "ohm", "Ω", "Ohms"), "mohm": ("mOhm", "mΩ"), "uV": ("uV", "µV"),
    "uA": ("uA", "µA"),
}  # fmt: skip
BARS = ("bar{}", "hb{}", "dev_{}", "device{}", "chip{}", "S{}", "hallbar_{}")
FILMS = ("pt", "w", "ta_cofeb", "cotb", "film_a", "wafer3", "irmn", "ruo2_0p5nm")


@dataclass
class Make:
    """How one laboratory writes its files."""

    rng: np.random.Generator
    delimiter: str = ","
    decimal: str = "."
    style: str = "round"
    encoding: str = "utf-8"
    newline: str = "\n"
    heading: str = "none"
    where: str = "name"
    join: str = "_"
    layout: str = "flat"
    point: str = "."
    spelling: dict[str, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Make":
        """One make of all that the grammar allows."""
        pick = _picker(rng)
        delimiter = pick([",", ";", "\t"])
        extras = [
            e
            for e in ("time", "index", "std", "initial", "phase", "magnet", "along")
            if rng.random() < 0.3
        ]
        return cls(
            rng=rng,
            delimiter=delimiter,
            decimal=pick([".", ","]) if delimiter != "," else ".",
            style=pick([s for s in UNIT_STYLES if s != "comma" or delimiter != ","]),
            encoding=pick(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
            newline=pick(["\n", "\r\n"]),
            heading=pick(["none", "none", "hash", "words"]),
            where=pick(["name", "name", "column", "words"]),
            join=pick(["_", "-", " ", "__"]),
            layout=pick(["flat", "flat", "samples", "dates"]),
            point=pick([".", "p"]),
            spelling={unit: pick(words) for unit, words in SPELLINGS.items()},
            extras=tuple(extras),
        )

    def unit(self, unit: str) -> str:
        """A unit as this laboratory spells it."""
        word = self.spelling.get(unit, unit)
        return word.replace("Ω", "Ohm") if self.encoding == "cp1252" else word


@dataclass(frozen=True)
class Truth:
    """What is true of a file.

    Attributes
    ----------
    file : its name
    cells : of the sheet; those that nothing says are left out
    points : rows of its table
    largest_x : largest size of what is swept, in SI
    """

    file: str
    cells: dict[str, Any]
    points: int
    largest_x: float


def write_folder(folder: Path, seed: int, samples: int = 2) -> list[Truth]:
    """Write a folder of one make.

    Parameters
    ----------
    folder : that gets the files
    seed : of everything that is drawn
    samples : how many
    """
    rng = np.random.default_rng(seed)
    make = Make.drawn(rng)
    pick = _picker(rng)
    grammar = pick([BARS, [f"{film}_{{}}" for film in FILMS[:4]]])
    template = pick(grammar)
    names = [template.format(k + 1) for k in range(samples)]
    field_unit, signal = pick(["Oe", "mT", "T", "kOe", "G"]), pick(["ohm", "mohm", "mV", "uV", "V"])
    lab = Laboratory(
        make,
        folder,
        field=(pick(FIELD_NAMES), field_unit),
        signal=(pick(VOLTAGE_NAMES if signal.endswith("V") else RESISTANCE_NAMES), signal),
        current=(pick(CURRENT_NAMES), pick(["mA", "uA", "A"])),
        moment=(pick(MOMENT_NAMES), "emu"),
        along=(pick(ALONG_NAMES), pick(["V", "mV"])),
    )
    for name in names:
        lab.sample(name)
    return lab.truths


@dataclass
class Laboratory:
    """A folder in the making."""

    make: Make
    folder: Path
    field: tuple[str, str]
    signal: tuple[str, str]
    current: tuple[str, str]
    moment: tuple[str, str]
    along: tuple[str, str]
    truths: list[Truth] = dataclasses.field(default_factory=list)

    def sample(self, name: str) -> None:
        """All measurements of a sample."""
        rng = self.make.rng
        temperatures = rng.choice([4, 77, 150, 200, 250, 290, 300, 320], 2, replace=False)
        for temperature in temperatures:
            self._hall_loop(name, float(temperature), 0.1, None)
        hx = float(rng.choice([100, 250, 400, 900]))
        hx *= float(rng.choice([-1, 1]))
        for current in _picker(rng)([(-1.5, 1.5), (-3.0, -1.0, 2.0), (-1.6, -0.2, 0.5, 1.9)]):
            self._hall_loop(name, 300.0, current, hx)
        self._switching(name, 300.0, hx)
        self._train(name)
        self._vsm(name, str(rng.choice(["oop", "ip"])))
        self._resistance(name)

    def _hall_loop(self, sample: str, temperature: float, current: float, hx: float | None) -> None:
        """A Hall loop; with a field in the plane it is one of a loop-shift series."""
        oersted = np.concatenate([np.linspace(-800, 800, 81), np.linspace(800, -800, 81)])
        rising = np.arange(162) < 81
        resistance = 0.4 * np.tanh((oersted - np.where(rising, 120, -120)) / 8)
        held = {"temperature_k": temperature, "current_ma": current}
        if hx is not None:
            held["field_x_oe"] = hx
        kind = "ahe_loop" if hx is None else "loop_shift"
        word = "ahe" if hx is None else "shift"
        self._hall(
            kind,
            word,
            sample,
            held,
            self.field,
            _in_unit(oersted, self.field[1], "field"),
            resistance,
            current,
        )

    def _switching(self, sample: str, temperature: float, hx: float) -> None:
        """A switching loop."""
        sweep = np.concatenate([np.arange(0, 20), np.arange(20, -20, -1), np.arange(-20, 1)]) * 0.5
        rising = np.gradient(sweep) > 0
        resistance = 0.4 * np.tanh((sweep - np.where(rising, 5, -5)) / 0.8)
        held = {
            "temperature_k": temperature,
            "field_x_oe": hx,
            "pulse_width_s": float(self.make.rng.choice([1e-5, 1e-3, 0.1])),
        }
        if self.signal[1].endswith("V"):
            held["current_ma"] = 0.2
        self._hall(
            "sot_switching",
            "sot",
            sample,
            held,
            self.current,
            _in_unit(sweep * 1e-3, self.current[1], "current", 1.0),
            resistance,
            0.2,
        )

    def _train(self, sample: str) -> None:
        """A pulse train."""
        pulses = np.repeat(np.arange(1, 49), 4)
        current = np.repeat(np.tile([-9.0, 4.0, 5.0, 6.0], 12), 4)
        resistance = np.repeat(np.tile([-0.4, -0.1, 0.1, 0.4], 12), 4)
        held = {"temperature_k": 300.0}
        if self.signal[1].endswith("V"):
            held["current_ma"] = 0.2
        x = _in_unit(current * 1e-3, self.current[1], "current", 1.0)
        self._hall("pulse_train", "train", sample, held, self.current, x, resistance, 0.2, pulses)

    def _vsm(self, sample: str, orientation: str) -> None:
        """A magnetometer's loop."""
        oersted = np.concatenate([np.linspace(-5000, 5000, 61), np.linspace(5000, -5000, 61)])
        moment = 2e-4 * np.tanh(oersted / 700) + self._noise(122, 1e-7)
        x = _in_unit(oersted, self.field[1], "field")
        columns = [(self.field, x), (self.moment, moment)]
        held = {"temperature_k": 300.0, "orientation": orientation}
        self._write("vsm_loop", "vsm", sample, held, columns, y_quantity="moment")

    def _resistance(self, sample: str) -> None:
        """A current-voltage curve along the bar."""
        milliampere = np.linspace(-1, 1, 41)
        volt = milliampere * 1e-3 * 512 + self._noise(41, 1e-6)
        x = _in_unit(milliampere * 1e-3, self.current[1], "current", 1.0)
        y = volt / SI_FACTORS["voltage"][self.along[1]]
        columns = [((("I"), self.current[1]), x), (self.along, y)]
        self._write(
            "resistivity", "iv", sample, {"temperature_k": 300.0}, columns, y_quantity="voltage"
        )

    def _hall(
        self, kind: str, word: str, sample: str, held: dict[str, float], x: tuple[str, str],
        values: np.ndarray, resistance: np.ndarray, current_ma: float,
        pulses: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        resistance = 1.3 + resistance + self._noise(len(values), 2e-3)
        quantity = "voltage" if self.signal[1].endswith("V") else "resistance"
        si = resistance * current_ma * 1e-3 if quantity == "voltage" else resistance
        signal = si / SI_FACTORS[quantity][self.signal[1]]
        columns = [(x, values), (self.signal, signal)]
        if pulses is not None:
            columns.insert(0, (("Pulse number", ""), pulses))
        self._write(kind, word, sample, held, columns, y_quantity=quantity)

    def _noise(self, count: int, sigma: float) -> np.ndarray:
        return sigma * self.make.rng.standard_normal(count)

    def _write(
        self, kind: str, word: str, sample: str, held: dict[str, Any],
        columns: list[tuple[tuple[str, str], np.ndarray]], y_quantity: str,
    ) -> None:  # fmt: skip
        make = self.make
        columns, signal = list(columns), columns[-1][0]
        (x_name, x_unit), x = columns[-2]
        in_columns = held if make.where == "column" else {}
        for cell, value in in_columns.items():
            if cell in _HELD_COLUMNS:
                name, unit, factor = _HELD_COLUMNS[cell]
                columns.append(((name, unit), np.full(len(x), value * factor)))
        columns += self._extra_columns(x, kind)
        said = (
            dict(held)
            if make.where != "column"
            else {k: v for k, v in held.items() if k not in _HELD_COLUMNS}
        )
        words = said if make.where == "words" else {}
        spoken = {k: v for k, v in said.items() if k not in words or k == "orientation"}
        file = self._file_name(word, sample, spoken, kind)
        self._table(self.folder / file, columns, words)
        names = {name: _make_name(make, name, unit) for (name, unit), _ in columns}
        cells: dict[str, Any] = {
            "format": "delimited", "kind": kind, "sample": _sanitise(sample),
            "x_column": names[x_name], "x_unit": x_unit, "y_column": names[signal[0]],
            "y_unit": signal[1], "y_quantity": y_quantity, **held,
        }  # fmt: skip
        quantity = "field" if KINDS[kind].x == "field" else "current"
        largest = float(np.abs(x).max()) * SI_FACTORS[quantity][x_unit]
        self.truths.append(Truth(file, cells, len(x), largest))

    def _extra_columns(self, x: np.ndarray, kind: str) -> list[tuple[tuple[str, str], np.ndarray]]:
        rng, count = self.make.rng, len(x)
        made = {
            "time": (("Time", "s"), 0.7 * np.arange(count)),
            "index": (("Index", ""), np.arange(1, count + 1)),
            "std": (("Voltage std", "V"), 1e-7 * rng.random(count)),
            "initial": (("Initial resistance", "ohm"), np.full(count, 1416.6)),
            "phase": (("Phase", "deg"), 0.1 * rng.standard_normal(count)),
            "along": (("Rxx", "ohm"), 512 + 1e-2 * rng.standard_normal(count)),
            "magnet": (("Magnet current", "A"), 0.01 * x + 1e-4 * rng.standard_normal(count)),
        }
        wanted = [name for name in self.make.extras if name in made]
        if kind not in ("ahe_loop", "loop_shift", "vsm_loop"):
            wanted = [name for name in wanted if name != "magnet"]
        if kind in ("vsm_loop", "resistivity"):
            wanted = [name for name in wanted if name != "along"]
        if kind == "pulse_train":
            wanted = [name for name in wanted if name != "index"]
        return [made[name] for name in wanted]

    def _file_name(self, word: str, sample: str, held: dict[str, Any], kind: str) -> str:
        make, rng = self.make, self.make.rng
        parts = [word, *(_spelt(make, cell, value) for cell, value in held.items())]
        number = sum(truth.cells["kind"] == kind for truth in self.truths)
        if make.where != "name":
            parts.append(f"run{number + 1}")
        if make.layout != "samples":
            parts.insert(int(rng.integers(0, 2)), sample)
        name = make.join.join(parts) + str(rng.choice([".txt", ".dat", ".csv"]))
        if make.layout == "samples":
            return f"{sample}/{name}"
        return f"2026-03-{1 + number:02d}/{name}" if make.layout == "dates" else name

    def _table(
        self, path: Path, columns: list[tuple[tuple[str, str], np.ndarray]], held: dict[str, Any]
    ) -> None:
        make = self.make
        names = [_make_name(make, name, unit) for (name, unit), _ in columns]
        lines = [] if make.heading == "none" and not held else ["Measurement program 3.1"]
        lines += [_said(cell, value) for cell, value in held.items() if cell in _SAID]
        if make.heading == "hash" or held:
            lines = [f"# {line}" for line in lines]
        lines.append(make.delimiter.join(names))
        if make.style == "below":
            lines.append(make.delimiter.join(make.unit(unit) for (_, unit), _ in columns))
        for row in zip(*(values for _, values in columns), strict=True):
            cells = (f"{value:.7g}".replace(".", make.decimal) for value in row)
            lines.append(make.delimiter.join(cells))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((make.newline.join(lines) + make.newline).encode(make.encoding))


_HELD_COLUMNS = {
    "temperature_k": ("Temperature", "K", 1.0), "current_ma": ("Read current", "mA", 1.0),
    "field_x_oe": ("In-plane field", "Oe", 1.0), "pulse_width_s": ("Pulse width", "s", 1.0),
}  # fmt: skip
_SAID = {
    "temperature_k": "Temperature: {:g} K", "current_ma": "read current = {:g} mA",
    "field_x_oe": "Hx = {:g} Oe", "pulse_width_s": "pulse width: {:g} s",
}  # fmt: skip


def _make_name(make: Make, name: str, unit: str) -> str:
    """A column's name with its unit, as the make writes it."""
    return UNIT_STYLES[make.style](name, make.unit(unit)) if unit else name


def _said(cell: str, value: float) -> str:
    """A condition in words above the table."""
    return _SAID[cell].format(value)


def _spelt(make: Make, cell: str, value: Any) -> str:  # noqa: ANN401
    """A condition as part of a name."""
    pick = _picker(make.rng)
    if cell == "orientation":
        return str(value)
    if cell == "temperature_k":
        return pick(["{:g}K", "T{:g}K", "T={:g}K", "{:g} K"]).format(value)
    if cell == "current_ma":
        plus = pick(["+", ""]) if value > 0 else "-"
        number = f"{abs(value):g}".replace(".", make.point)
        return pick([f"I={plus}{number}mA", f"{plus}{number}mA", f"I{plus}{number}mA"])
    if cell == "field_x_oe":
        if pick([True, False]):
            return f"Hx{value:+g}Oe"
        return f"Hx={value / 10:+g}mT".replace(".", make.point)
    micro = {1e-5: ["10us", "10µs"], 1e-3: ["1ms", "1000us"], 0.1: ["0.1s", "0p1s", "100ms"]}
    return pick(micro[value])


def _sanitise(name: str) -> str:
    """A sample's name as the sheet has it."""
    return name.lower()


def _in_unit(values: np.ndarray, unit: str, quantity: str, to_si: float = OERSTED) -> np.ndarray:
    return values * to_si / SI_FACTORS[quantity][unit]


def _picker(rng: np.random.Generator) -> Callable[[Sequence[Any]], Any]:
    return lambda options: options[int(rng.integers(len(options)))]
