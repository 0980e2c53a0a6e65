"""Folders of instrument files as laboratories make them, drawn at random from stated grammars.

Each folder is of one make: one way to write a table, to call its columns and units, to say what was
held, and to name files, folders and samples. What is true of every file goes with it. The grammar
has what was met in files of laboratories: units in a row below the names or behind each number,
decimal commas, minus signs of word processors, line ends inside quoted cells, columns that do not
change, channels that are not connected, several temperatures or two channels in one file, settings
above the table, words between its rows, and conditions in every usual spelling.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hall2net.measurement import KINDS
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.kinds import Measurement
from hall2net.study.sheet import NUMBERS
from hall2net.units import OERSTED, SI_FACTORS, unit_spelt

FIELD_NAMES = (
    "Field",
    "Magnetic Field",
    "B",
    "H",
    "Bz",
    "Hz",
    "µ0H",
    "Applied field",
    "H_z",
    "mu0H",
    "Hall probe",
    "Out-of-plane field",
    "B_perp",
    "Gaussmeter field",
    "Magnetfeld",
)
RESISTANCE_NAMES = (
    "Rxy",
    "R_xy",
    "Hall resistance",
    "R_H",
    "RHall",
    "R_yx",
    "Resistance",
    "R_AHE",
    "Rh",
    "Hallwiderstand",
)
VOLTAGE_NAMES = (
    "Vxy",
    "V_xy",
    "Hall voltage",
    "Uxy",
    "V_H",
    "Voltage",
    "VHall",
    "Hallspannung",
    "Nanovoltmeter voltage",
)
CURRENT_NAMES = (
    "I_pulse",
    "Write current",
    "Pulse current",
    "Iw",
    "Current",
    "I write",
    "Ipulse",
    "Pulsstrom",
)
JAPANESE = {"field": "磁場", "resistance": "ホール抵抗", "voltage": "ホール電圧", "current": "電流"}
CHINESE = {"field": "磁场", "resistance": "霍尔电阻", "voltage": "霍尔电压", "current": "电流"}
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
CODES = (
    "Pt5_CoTb6_dev{}",
    "A{}",
    "W7D{}",
    "R2C{}",
    "M1{}",
    "W4CoFeB_hb{}",
    "RuO2_5nm_Co_1nm_HB{}",
    "x3y{}",
    "GdCo_{}b",
)
"""Samples as codes of a wafer's map, or as films with their thicknesses."""
NOISE_WORDS = ("", "", "", "hys", "MvsH", "RxxRxy", "4probe", "scan", "2182A", "K2400", "both")
"""What else names hold: what was measured and how, and no sample."""


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
    minus: str = "-"
    quoted: bool = False
    attached: bool = False
    words_between: bool = False
    lower: bool = False
    celsius: bool = False
    together: bool = False
    form: str = "delimited"
    noise: str = ""
    spelling: dict[str, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Make":
        """One make of all that the grammar allows."""
        pick = _picker(rng)
        delimiter = pick([",", ";", "\t", " "])
        extras = [e for e in _EXTRAS if rng.random() < 0.3]
        encoding = pick(["utf-8", "utf-8-sig", "cp1252", "utf-16", "cp932", "gb18030"])
        style = pick([s for s in UNIT_STYLES if delimiter not in _NOT_IN[s]])
        where = pick(["name", "name", "column", "words"])
        return cls(
            rng=rng,
            delimiter=delimiter,
            decimal=pick([".", ","]) if delimiter != "," else ".",
            style=style,
            encoding=encoding,
            newline=pick(["\n", "\r\n"]),
            heading=pick(
                ["none", "none", "hash", "words", "settings", "procedure"]
                + ["lvm"] * (delimiter == "\t")
                + ["comments"] * (style == "below" and delimiter != " ")
            ),
            noise=pick(NOISE_WORDS),
            minus="-" if encoding in _NATIONAL else pick(["-", "-", "\N{MINUS SIGN}"]),
            quoted=delimiter != " " and rng.random() < 0.2,
            attached=delimiter != " " and rng.random() < 0.1,
            words_between=rng.random() < 0.1,
            lower=rng.random() < 0.2,
            celsius=rng.random() < 0.2,
            together=where == "column" and rng.random() < 0.4,
            where=where,
            form=pick(["delimited", "delimited", "multivu", "bridges"])
            if where != "words"
            else "delimited",
            join=pick(["_", "-", " ", "__"]),
            layout=pick(["flat", "flat", "samples", "dates", "tree"]),
            point=pick([".", "p"]),
            spelling={unit: pick(words) for unit, words in SPELLINGS.items()},
            extras=tuple(extras),
        )

    @property
    def multivu(self) -> "Make":
        """The same laboratory at an instrument that writes MultiVu's files."""
        return dataclasses.replace(
            self, delimiter=",", decimal=".", style="round", minus="-", quoted=False,
            attached=False, words_between=False, celsius=False, encoding="utf-8",
            heading=self.form, where="multivu",
            extras=tuple(e for e in self.extras if e in ("std", "initial")),
        )  # fmt: skip

    def unit(self, unit: str) -> str:
        """A unit as this laboratory spells it."""
        word = self.spelling.get(unit, unit)
        if self.encoding in _NATIONAL:
            return word.replace("Ω", "Ohm").replace("µ", "u")
        return word


@dataclass(frozen=True)
class Truth:
    """What is true of a file.

    Attributes
    ----------
    file : its name
    cells : of the sheet; those that nothing says are left out, and `?` is what nobody could know
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
    grammar = pick([BARS, CODES, CODES, [f"{film}_{{}}" for film in FILMS[:4]]])
    template = pick(grammar)
    names = [template.format(k + 1) for k in range(samples)]
    field_unit, signal = pick(["Oe", "mT", "T", "kOe", "G"]), pick(["ohm", "mohm", "mV", "uV", "V"])
    called = {
        "field": pick(FIELD_NAMES),
        "voltage": pick(VOLTAGE_NAMES),
        "resistance": pick(RESISTANCE_NAMES),
        "current": pick(CURRENT_NAMES),
    }
    called |= {"cp932": JAPANESE, "gb18030": CHINESE}.get(make.encoding, {})
    lab = Laboratory(
        make,
        folder,
        field=(called["field"], field_unit),
        signal=(called["voltage" if signal.endswith("V") else "resistance"], signal),
        current=(called["current"], pick(["mA", "uA", "A"])),
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
        if self.make.together:
            self._hall_loop(name, [float(t) for t in temperatures], 0.1, None)
        for temperature in () if self.make.together else temperatures:
            self._hall_loop(name, [float(temperature)], 0.1, None)
        hx = float(rng.choice([100, 250, 400, 900]))
        hx *= float(rng.choice([-1, 1]))
        for current in _picker(rng)([(-1.5, 1.5), (-3.0, -1.0, 2.0), (-1.6, -0.2, 0.5, 1.9)]):
            self._hall_loop(name, [300.0], current, hx)
        self._switching(name, 300.0, hx)
        self._train(name)
        self._aging(name)
        self._vsm(name, str(rng.choice(["oop", "ip"])))
        self._resistance(name)

    def _hall_loop(
        self, sample: str, temperatures: list[float], current: float, hx: float | None
    ) -> None:
        """Hall loops of one file; with a field in the plane it is one of a loop-shift series."""
        oersted = np.concatenate([np.linspace(-800, 800, 81), np.linspace(800, -800, 81)])
        rising = np.arange(162) < 81
        resistance = 0.4 * np.tanh((oersted - np.where(rising, 120, -120)) / 8)
        held: dict[str, Any] = {"temperature_k": temperatures, "current_ma": current}
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
            np.tile(_in_unit(oersted, self.field[1], "field"), len(temperatures)),
            np.tile(resistance, len(temperatures)),
            current,
        )

    def _switching(self, sample: str, temperature: float, hx: float) -> None:
        """A switching loop."""
        sweep = np.concatenate([np.arange(0, 20), np.arange(20, -20, -1), np.arange(-20, 1)]) * 0.5
        rising = np.gradient(sweep) > 0
        resistance = 0.4 * np.tanh((sweep - np.where(rising, 5, -5)) / 0.8)
        held: dict[str, Any] = {
            "temperature_k": [temperature],
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
        held: dict[str, Any] = {"temperature_k": [300.0]}
        if self.signal[1].endswith("V"):
            held["current_ma"] = 0.2
        x = _in_unit(current * 1e-3, self.current[1], "current", 1.0)
        self._hall("pulse_train", "train", sample, held, self.current, x, resistance, 0.2, pulses)

    def _aging(self, sample: str) -> None:
        """Retention of a state, and an endurance test."""
        seconds = np.geomspace(1, 1e4, 50)
        name = _picker(self.make.rng)(["Time after write", "Retention time", "Time since pulse"])
        held: dict[str, Any] = {"temperature_k": [300.0]}
        if self.signal[1].endswith("V"):
            held["current_ma"] = 0.2
        self._hall(
            "retention", "retention", sample, dict(held), (name, "s"), seconds, np.full(50, 0.4),
            0.2,
        )  # fmt: skip
        cycles, current = np.arange(1, 121), np.tile([8.0, -8.0], 60)
        x = _in_unit(current * 1e-3, self.current[1], "current", 1.0)
        self._hall(
            "endurance", "endurance", sample, held, self.current, x, np.tile([0.4, -0.4], 60), 0.2,
            np.repeat(cycles[:60], 2), "Cycle",
        )  # fmt: skip

    def _vsm(self, sample: str, orientation: str) -> None:
        """A magnetometer's loop."""
        oersted = np.concatenate([np.linspace(-5000, 5000, 61), np.linspace(5000, -5000, 61)])
        moment = 2e-4 * np.tanh(oersted / 700) + self._noise(122, 1e-7)
        x = _in_unit(oersted, self.field[1], "field")
        columns = [(self.field, x), (self.moment, moment)]
        held = {"temperature_k": [300.0], "orientation": orientation}
        make = self.make
        if make.form != "delimited":
            columns, make = [(_MULTIVU_FIELD, oersted), (("Moment", "emu"), moment)], make.multivu
        self._write("vsm_loop", "vsm", sample, held, columns, "moment", make)

    def _resistance(self, sample: str) -> None:
        """A current-voltage curve along the bar."""
        milliampere = np.linspace(-1, 1, 41)
        volt = milliampere * 1e-3 * 512 + self._noise(41, 1e-6)
        x = _in_unit(milliampere * 1e-3, self.current[1], "current", 1.0)
        y = volt / SI_FACTORS["voltage"][self.along[1]]
        columns = [((("I"), self.current[1]), x), (self.along, y)]
        held = {"temperature_k": [300.0]}
        self._write("resistivity", "iv", sample, held, columns, "voltage", self.make)

    def _hall(
        self, kind: str, word: str, sample: str, held: dict[str, float], x: tuple[str, str],
        values: np.ndarray, resistance: np.ndarray, current_ma: float,
        pulses: np.ndarray | None = None, counter: str = "Pulse number",
    ) -> None:  # fmt: skip
        resistance = 1.3 + resistance + self._noise(len(values), 2e-3)
        if self.make.form != "delimited" and KINDS[kind].x == "field":
            field = values * SI_FACTORS["field"][x[1]] / OERSTED
            number = 2 if self.make.form == "bridges" else 1
            bridge = (f"Bridge {number} Resistance", "Ohms")
            columns = [(_MULTIVU_FIELD, field), (bridge, resistance)]
            self._write(kind, word, sample, held, columns, "resistance", self.make.multivu)
            return
        quantity = "voltage" if self.signal[1].endswith("V") else "resistance"
        si = resistance * current_ma * 1e-3 if quantity == "voltage" else resistance
        signal = si / SI_FACTORS[quantity][self.signal[1]]
        columns = [(x, values), (self.signal, signal)]
        if pulses is not None:
            columns.insert(0, ((counter, ""), pulses))
        self._write(kind, word, sample, held, columns, quantity, self.make)

    def _noise(self, count: int, sigma: float) -> np.ndarray:
        return sigma * self.make.rng.standard_normal(count)

    def _write(
        self, kind: str, word: str, sample: str, held: dict[str, Any],
        columns: list[tuple[tuple[str, str], np.ndarray]], y_quantity: str, make: Make,
    ) -> None:  # fmt: skip
        columns, signal = list(columns), columns[-1][0]
        (x_name, x_unit), x = columns[-2]
        y_column = _make_name(make, *signal)
        if "channels" in make.extras and kind in ("ahe_loop", "loop_shift"):
            columns.append(((f"{signal[0]} 2", signal[1]), 0.7 * columns[-1][1][::-1]))
            y_column = UNKNOWN
        temperatures = held.pop("temperature_k")
        parts = len(x) // len(temperatures)
        said = {"temperature_k": temperatures[0], **held}
        if make.where == "multivu":
            columns += _multivu_columns(np.repeat(temperatures, parts), held)
            if make.form == "bridges" and kind != "vsm_loop":
                along = 512 + self._noise(len(x), 1e-2)
                columns += _other_bridge(along, 1e3 * held.get("current_ma", 0.1))
            said = {k: v for k, v in said.items() if k not in ("temperature_k", "current_ma")}
        elif make.where == "column":
            columns += _held_columns(
                make, {"temperature_k": np.repeat(temperatures, parts), **held}
            )
            said = {k: v for k, v in said.items() if k not in _HELD_COLUMNS}
        elif "dead" in make.extras:
            dead = 1700 + make.rng.standard_normal(len(x))
            columns.append((("Temperature", "K"), dead))
        columns += self._extra_columns(make, x, kind)
        words = said if make.where == "words" else {}
        spoken = {k: v for k, v in said.items() if k not in words or k == "orientation"}
        file = self._file_name(make, word, sample, spoken, kind)
        self._table(self.folder / file, make, columns, words)
        cells: dict[str, Any] = {
            "format": "multivu" if make.where == "multivu" else "delimited", "kind": kind,
            "sample": _sanitise(sample),
            "x_column": _make_name(make, x_name, x_unit), "x_unit": x_unit, "y_column": y_column,
            "y_unit": unit_spelt(signal[1]), "y_quantity": y_quantity, **held,
        }  # fmt: skip
        quantity = {"field": "field", "time": "time"}.get(KINDS[kind].x, "current")
        largest = float(np.abs(x).max()) * SI_FACTORS[quantity][x_unit]
        for temperature in temperatures:
            own = cells | {"temperature_k": temperature}
            self.truths.append(Truth(file, own, parts, largest))

    def _extra_columns(
        self, make: Make, x: np.ndarray, kind: str
    ) -> list[tuple[tuple[str, str], np.ndarray]]:
        rng, count = make.rng, len(x)
        made = {
            "time": (("Time", "s"), 0.7 * np.arange(count)),
            "index": (("Index", ""), np.arange(1, count + 1)),
            "std": (("Voltage std", "V"), 1e-7 * rng.random(count)),
            "initial": (("Initial resistance", "ohm"), np.full(count, 1416.6)),
            "phase": (("Phase", "deg"), 0.1 * rng.standard_normal(count)),
            "averages": (("Averages", ""), np.full(count, 20)),
            "along": (("Rxx", "ohm"), 512 + 1e-2 * rng.standard_normal(count)),
            "magnet": (("Magnet current", "A"), 0.01 * x + 1e-4 * rng.standard_normal(count)),
        }
        wanted = [name for name in make.extras if name in made]
        if kind not in ("ahe_loop", "loop_shift", "vsm_loop"):
            wanted = [name for name in wanted if name != "magnet"]
        if kind in ("vsm_loop", "resistivity"):
            wanted = [name for name in wanted if name != "along"]
        if kind == "pulse_train":
            wanted = [name for name in wanted if name != "index"]
        return [made[name] for name in wanted]

    def _file_name(
        self, make: Make, word: str, sample: str, held: dict[str, Any], kind: str
    ) -> str:
        rng = make.rng
        said = [_spelt(make, cell, value) for cell, value in held.items()]
        place = [sample, *said] if make.layout == "tree" else []
        parts = [word, *([] if place else said), *([make.noise] if make.noise else [])]
        number = len({truth.file for truth in self.truths if truth.cells["kind"] == kind})
        if make.where != "name" or place:
            parts.append(f"run{number + 1}")
        if make.layout not in ("samples", "tree"):
            parts.insert(int(rng.integers(0, 2)), sample)
        name = make.join.join(parts) + str(rng.choice([".txt", ".dat", ".csv"]))
        name = name.lower() if make.lower else name
        if place:
            return "/".join([*place, name])
        if make.layout == "samples":
            return f"{sample}/{name}"
        return f"2026-03-{1 + number:02d}/{name}" if make.layout == "dates" else name

    def _table(
        self, path: Path, make: Make, columns: list[tuple[tuple[str, str], np.ndarray]],
        held: dict[str, Any],
    ) -> None:  # fmt: skip
        names = [_make_name(make, name, unit) for (name, unit), _ in columns]
        lines = _heading(make, [_said(make.rng, *one) for one in held.items() if one[0] in _SAID])
        lines.append(make.delimiter.join(names))
        if make.style == "below":
            lines.append(make.delimiter.join(make.unit(unit) or "-" for (_, unit), _ in columns))
        if make.heading == "comments":
            # The third line of Origin's tables.
            lines.append(make.delimiter.join(["magnet", *["" for _ in columns[1:]]]))
        rows = list(zip(*(values for _, values in columns), strict=True))
        for number, row in enumerate(rows):
            if make.words_between and number == len(rows) // 2:
                lines.append("second half")
            cells = [
                _cell(make, value, unit, place)
                for place, (((_, unit), _), value) in enumerate(zip(columns, row, strict=True))
            ]
            lines.append(make.delimiter.join(cells))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((make.newline.join(lines) + make.newline).encode(make.encoding))


def _other_bridge(along: np.ndarray, excitation: float) -> list[tuple[tuple[str, str], np.ndarray]]:
    """The channel along the bar, which the head of the file calls so."""
    held = np.full(len(along), excitation)
    return [
        (("Bridge 1 Resistance", "Ohms"), along),
        (("Bridge 1 Excitation", "uA"), held),
        (("Bridge 2 Excitation", "uA"), held),
    ]


def _cell(make: Make, value: float, unit: str, place: int) -> str:
    """A number as this laboratory writes it."""
    cell = f"{value:.7g}".replace(".", make.decimal).replace("-", make.minus)
    if make.attached and unit in ("V", "mV", "s", "A", "mA", "K"):
        cell += unit
    # The answer of a serial port, stored with its line end.
    return f'"{cell}\n"' if make.quoted and place == 1 else cell


def _multivu_columns(
    temperature: np.ndarray, held: Mapping[str, Any]
) -> list[tuple[tuple[str, str], np.ndarray]]:
    """What MultiVu writes beside field and signal."""
    place = np.arange(len(temperature))
    columns = [
        (("Time Stamp", "sec"), 3.5e9 + 1.7 * place),
        (("Temperature", "K"), temperature + 1e-3 * np.sin(place)),
    ]
    if "current_ma" in held:
        excitation = np.full(len(place), 1e3 * held["current_ma"])
        columns.append((("Bridge 1 Excitation", "uA"), excitation))
    return columns


_NATIONAL = ("cp1252", "cp932", "gb18030")
"""Encodings without the sign of the ohm, or with a minus sign of their own."""
_MULTIVU_FIELD = "Magnetic Field", "Oe"
_EXTRAS = (
    "time", "index", "std", "initial", "phase", "magnet", "along", "dead", "channels", "averages",
)  # fmt: skip
_NOT_IN: dict[str, str] = {style: "" for style in UNIT_STYLES} | {"comma": ", ", "slash": " "}
"""Delimiters that a style of names does not go with."""
_HELD_COLUMNS = {
    "temperature_k": (("Temperature", "T", "Sample temperature", "Temp."), "K", 1.0),
    "current_ma": (("Read current", "I_read", "Bias current", "I dc"), "mA", 1.0),
    "field_x_oe": (("In-plane field", "Hx", "H_x", "Bx", "In-plane bias field"), "Oe", 1.0),
    "pulse_width_s": (("Pulse width", "Pulse duration", "Write pulse width"), "ms", 1e3),
}
_SAID = {
    "temperature_k": ("Temperature: {:g} K", "T = {:g} K", "Sample temperature {:g} K"),
    "current_ma": ("read current = {:g} mA", "I: {:g} mA", "Idc = {:g} mA"),
    "field_x_oe": ("Hx = {:g} Oe", "in-plane field: {:g} Oe", "H_x: {:g} Oe"),
    "pulse_width_s": (
        "pulse width: {:g} s",
        "pulse duration = {:g} s",
        "Write pulse width: {:g} s",
    ),
}
_NAMED = {
    "temperature_k": ("{}K", "T{}K", "T={}K", "{} K", "T_{}K", "{}Kelvin", "temp{}K"),
    "current_ma": ("I={}mA", "{}mA", "I{}mA", "Idc{}mA", "I_{}mA", "{} mA"),
    "field_x_oe": ("Hx{}Oe", "Hx={}Oe", "Hx_{}Oe", "hx {} Oe", "Hip{}Oe", "mu0Hx={}Oe"),
}
_PULSES = {
    1e-5: ("10us", "10µs", "tp=10us", "pw10us", "tau10us", "10 us", "0.01ms", "10usec"),
    1e-3: ("1ms", "1000us", "pulse1ms", "pw_1ms", "1 ms"),
    0.1: ("0.1s", "0p1s", "100ms", "tp100ms"),
}


def row_of(truth: Truth, measurements: Iterable[Measurement]) -> Measurement | None:
    """The drafted row that a truth is of: of its file and, where there are several, temperature.

    Parameters
    ----------
    truth : what is true
    measurements : of the draft
    """
    rows = [one for one in measurements if one.file == truth.file]
    own = [one for one in rows if one.cells.get("temperature_k") == truth.cells["temperature_k"]]
    return next(iter(own or rows), None)


def judged(truth: Truth, cells: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Cells of a drafted row that are open, and cells that are wrong.

    Parameters
    ----------
    truth : what is true
    cells : of the draft; `?` is open, but where nobody could know it
    """
    if cells.get("kind") == UNKNOWN:
        return ["kind"], []
    opened: list[str] = []
    wrong: list[str] = []
    for cell, value in truth.cells.items():
        found = cells.get(cell)
        same = found == value
        if isinstance(value, float) and isinstance(found, float):
            same = abs(found - value) <= 1e-6 * max(abs(value), 1e-9)
        if not same:
            (opened if found == UNKNOWN else wrong).append(cell)
    wrong += [c for c in NUMBERS if c not in truth.cells and cells.get(c, UNKNOWN) != UNKNOWN]
    return opened, wrong


def _heading(make: Make, said: list[str]) -> list[str]:
    """Lines above the names."""
    lines = {
        "multivu": ["[Header]", "TITLE,loop", "BYAPP,Resistivity,2.0,1.0", "[Data]"],
        "bridges": [
            "[Header]",
            "TITLE,loop",
            "BYAPP, Resistivity, 2.0, 1.0",
            "INFO, Rxx, Sample1 Name",
            "INFO, Rxy, Sample2 Name",
            "INFO, , Sample3 Name",
            "[Data]",
        ],
        "lvm": [
            "LabVIEW Measurement",
            "Separator\tTab",
            "Time\t14:11:21",
            "***End_of_Header***",
            "",
            "Channels\t2",
            "Samples\t162\t162",
            "X0\t0.0E+0\t0.0E+0",
            "Delta_X\t1.0\t1.0",
            "***End_of_Header***",
        ],
        "comments": [],
        "settings": [make.delimiter.join(pair) for pair in (("Points", "162"), ("Averages", "10"))],
        "procedure": ["Procedure: <lab.Hall>", "Parameters:", "\tDelay: 0.2 s", "Data:"],
        "none": ["Measurement program 3.1"] if said else [],
    }.get(make.heading, ["Measurement program 3.1"])
    lines = [*lines[:-1], *said, *lines[-1:]] if make.heading != "comments" else said
    hashed = make.heading in ("hash", "procedure") or said
    return [f"# {line}" for line in lines] if hashed else lines


def _held_columns(make: Make, held: Mapping[str, Any]) -> list[tuple[tuple[str, str], np.ndarray]]:
    """What was held, as columns of the table."""
    columns, count = [], len(held["temperature_k"])
    for cell, value in held.items():
        if cell in _HELD_COLUMNS:
            names, unit, factor = _HELD_COLUMNS[cell]
            name = names[len(make.extras) % len(names)]
            values = np.broadcast_to(np.asarray(value, dtype=float) * factor, (count,))
            if cell == "temperature_k" and make.celsius and make.encoding not in _NATIONAL:
                unit, values = "°C", values - 273.15
            columns.append(((name, unit), values))
    return columns


def _make_name(make: Make, name: str, unit: str) -> str:
    """A column's name with its unit, as the make writes it."""
    name = name.replace(" ", "_") if make.delimiter == " " else name
    return UNIT_STYLES[make.style](name, make.unit(unit)) if unit else name


def _said(rng: np.random.Generator, cell: str, value: float) -> str:
    """A condition in words above the table."""
    return str(rng.choice(_SAID[cell])).format(value)


def _spelt(make: Make, cell: str, value: Any) -> str:  # noqa: ANN401
    """A condition as part of a name."""
    pick = _picker(make.rng)
    if cell == "orientation":
        return str(value)
    if cell == "pulse_width_s":
        return pick(_PULSES[value]).replace(".", make.point)
    number = f"{abs(value):g}".replace(".", make.point)
    if cell == "temperature_k":
        return pick(_NAMED[cell]).format(number)
    form = pick(_NAMED[cell])
    plus, minus = pick([("+", "-"), ("", "-"), ("p", "m")] if form[0] != "{" else [("", "-")])
    return form.format((plus if value > 0 else minus) + number)


def _sanitise(name: str) -> str:
    """A sample's name as the sheet has it."""
    return name.lower()


def _in_unit(values: np.ndarray, unit: str, quantity: str, to_si: float = OERSTED) -> np.ndarray:
    return values * to_si / SI_FACTORS[quantity][unit]


def _picker(rng: np.random.Generator) -> Callable[[Sequence[Any]], Any]:
    return lambda options: options[int(rng.integers(len(options)))]
