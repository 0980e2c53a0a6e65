"""What file names, folders and the words above a table tell: conditions, and the sample."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hall2net.units import OERSTED, to_si, unit_spelt

_UNITS = {
    unit.lower(): unit for unit in ("K", "mA", "uA", "nA", "A", "mT", "T", "Oe", "kOe", "G")
} | {unit: unit for unit in ("s", "ms", "us", "ns")}
_NUMBER = r"\d+(?:[.,p]\d+)?(?:e[+-]?\d+)?"
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9.])"
    r"(?P<key>(?:mu0|µ0|μ0)?[hb]x|[hb]|idc|iac|i|read|temp|t|prefield|pre|pw|tau|tp|pulse)?[ _=]?"
    rf"(?P<sign>[+\-−]|[pm](?=\d))?(?P<number>{_NUMBER})"
    r"[ _]?(?P<unit>K|[mun]?A|[µμ]A|mT|T|k?Oe|G|[µμumn]?s)?(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_NEEDS_KEY = {"s", "A", "G", "T"}
_WORDS = {
    "ahe", "hall", "loop", "loops", "shift", "shifts", "sot", "switching", "switch", "vsm", "mh",
    "magnetometry", "moment", "rh", "iv", "rxx", "rxy", "resistivity", "resistance", "transport",
    "train", "trains", "pulse", "pulses", "pulsed", "states", "free", "fieldfree", "field", "hx",
    "sweep", "scan", "run", "meas", "measure", "measurement", "measurements", "data", "raw", "file",
    "files", "test", "versalab", "ppms", "mpms", "dynacool", "lakeshore", "micromag", "squid",
    "mpms3", "lakeshore8600", "qd", "act",
    "oop", "ip", "perp", "inplane", "outofplane", "up", "down", "dn", "fwd", "bwd", "temperature",
    "current", "voltage", "dc", "ac", "read", "write", "in", "plane", "out", "of", "at", "vs",
}  # fmt: skip
_SAMPLE = re.compile(r"(?i)\bsample(?:[ _]?(?:name|id))?(?:\s*[:=]\s*|\s+)([\w.\-]+)")
_NO_SAMPLE = re.compile(r"(?i)settings|position|offset|is|the|no|name|id|\d*")
_NO_CONDITION = re.compile(
    r"(?i)max|min|range|step|amplitude|averag|calib|limit|complian|serial|version|standard|pause|"
    r"expected|rate|delay|wait|dwell|date|file"
)
_IN_WORDS = re.compile(
    r"(?P<before>[^,;:=]{0,40}[:=]?)\s*"
    r"(?<![\w.])(?<!e[+-])(?P<number>[+\-−]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*"
    r"(?P<unit>K|[mun]?A|[µμ]A|mT|T|k?Oe|G|[µμumn]?s)(?![A-Za-z0-9/])"
)
_DIMENSIONS = {
    "width_um": r"(?:\bw|\b[wW]idth)\s*[:=]?\s*([\d.]+)\s*[uµμ]m\b",
    "length_um": r"(?:\bL|\b[lL]ength)\s*[:=]?\s*([\d.]+)\s*[uµμ]m\b",
    "film_area_mm2": r"\b[aA]rea\s*[:=]?\s*([\d.]+)\s*mm(?:2|²|\^2)",
}


@dataclass
class Told:
    """Cells of the sheet that words tell, each with the words it was read from."""

    cells: dict[str, float | str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    unitless: dict[str, float] = field(default_factory=dict)
    """Fields whose number has no unit."""
    rest: str = ""
    """What is left of a name: perhaps the sample."""

    def tell(self, cell: str, value: float | str, words: str) -> None:
        """Keep what is told first.

        Parameters
        ----------
        cell : column of `measurements.csv`
        value : what it holds, in the column's unit
        words : where that was found
        """
        if cell not in self.cells:
            self.cells[cell], self.words[cell] = value, words


def told_by_name(name: str) -> Told:
    """Conditions in one part of a path: `300K`, `im3p0ma`, `hx+100Oe`, `-25mT`, `10us`, `oop`."""
    told = Told()
    rest, last = [], 0
    for match in _TOKEN.finditer(name):
        if _take(told, match):
            rest.append(name[last : match.start()])
            last = match.end()
    rest.append(name[last:])
    left = [word for word in re.split(r"[^A-Za-z0-9.+]+", "_".join(rest)) if word]
    for word in left:
        if word.lower() in ("oop", "perp", "outofplane", "ip", "inplane"):
            told.tell("orientation", "ip" if word.lower().startswith("i") else "oop", word)
        if word.lower() in ("free", "fieldfree"):
            told.tell("field_x_oe", 0.0, word)
    kept: list[str] = []
    for before, word in zip(["", *left], left, strict=False):
        # bar 1 is a sample, scan 1 and 2026 03 02 are none.
        number = word.isdecimal() and not (len(word) < 3 and kept and kept[-1] is before)
        if word.lower() not in _WORDS and not number:
            kept.append(word)
    told.rest = sanitised("_".join(kept))
    return told


def told_by_words(lines: list[str]) -> Told:
    """Conditions, sample and dimensions in the lines above a table."""
    told = Told()
    for line in lines:
        if match := _SAMPLE.search(line):
            if not _NO_SAMPLE.fullmatch(match[1]):
                told.tell("sample", sanitised(match[1]), line)
        elif match := re.match(r"ID:\s*([\w.\- ]*\w)", line):
            told.tell("sample", sanitised(match[1]), line)
        if re.search(r"(?i)field.?free|zero field", line):
            told.tell("field_x_oe", 0.0, line)
        for match in _IN_WORDS.finditer(line):
            number = float(match["number"].replace("−", "-"))
            unit = unit_spelt(match["unit"])
            for cell in _cell_of(match["before"], unit):
                told.tell(cell, in_sheet_units(number, unit, cell), line.strip("#; ,"))
        for cell, pattern in _DIMENSIONS.items():
            if match := re.search(pattern, line):
                told.tell(cell, float(match[1]), line)
    return told


def sanitised(name: str) -> str:
    """Letters a-z, digits and `_` alone: what ids and samples are made of."""
    signed = re.sub(r"(?<![A-Za-z0-9])[-−](?=\d)", "m", name)
    plain = re.sub(r"(?<=\d)[.,](?=\d)", "p", signed.replace("+", "p"))
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def in_sheet_units(value: float, unit: str, cell: str) -> float:
    """A condition in the unit of its column: K, Oe, mA or s.

    Parameters
    ----------
    value : as it was found
    unit : of `value`
    cell : the column of `measurements.csv`
    """
    if cell == "temperature_k":
        return value
    if cell.endswith("_oe"):
        si, factor = to_si(value, unit, "field"), OERSTED
    elif cell == "current_ma":
        si, factor = to_si(value, unit, "current"), 1e-3
    else:
        si, factor = to_si(value, unit, "time"), 1.0
    return float(f"{float(si) / factor:.8g}")


def _take(told: Told, match: re.Match) -> bool:
    """Whether one token of a name is a condition; if so it is told."""
    key = (match["key"] or "").lower()
    unit = _UNITS.get(re.sub("[µμ]", "u", match["unit"] or "").lower(), "")
    sign = -1.0 if (match["sign"] or "") in ("-", "−", "m", "M") else 1.0
    number = sign * float(re.sub("[p,]", ".", match["number"].lower()))
    if match["key"] == "T" and not unit and number > 0 and not match["sign"]:
        unit = "K"
    attached = match["unit"] in ("T", "G") and match[0].endswith(match["number"] + match["unit"])
    if unit in _NEEDS_KEY and not key and not attached:
        return False
    if not unit:
        cell = {"pre": "prefield_x_oe", "prefield": "prefield_x_oe"}.get(key, "field_x_oe")
        if not key.endswith("x") and not key.startswith("pre"):
            return False
        if number == 0:
            told.tell(cell, 0.0, match[0])
        else:
            # A field that was applied before had a sign, which may stand anywhere in the name.
            unknown = key.startswith("pre") and not match["sign"]
            told.unitless.setdefault(cell, float("nan") if unknown else number)
            told.words.setdefault(cell, match[0])
        return True
    if unit == "K":
        cell, number = "temperature_k", abs(number)
    elif unit in ("mA", "uA", "nA", "A"):
        cell = "current_ma"
    elif unit in ("s", "ms", "us", "ns"):
        cell, number = "pulse_width_s", abs(number)
    else:
        cell = "prefield_x_oe" if key.startswith("pre") else "field_x_oe"
    told.tell(cell, in_sheet_units(number, unit, cell), match[0])
    return True


def _cell_of(before: str, unit: str) -> Iterator[str]:
    """The condition that a number with a unit is, by the words before it."""
    if _NO_CONDITION.search(before):
        return
    if unit == "K":
        if re.search(r"\bT\b|(?i:temp)|^\W*$", before):
            yield "temperature_k"
    elif unit in ("mA", "uA", "nA", "A"):
        if re.search(r"\bI\b|(?i:idc|iac|read|probe|sens|bias|current|excit)", before):
            if not re.search(r"(?i)puls|write", before):
                yield "current_ma"
    elif unit in ("s", "ms", "us", "ns"):
        if re.search(r"(?i)puls|width|\btau", before):
            yield "pulse_width_s"
    elif re.search(r"(?i)pre.?field", before):
        yield "prefield_x_oe"
    elif re.search(r"(?i)initial|saturat|preset", before):
        yield "initial_field_z_oe"
    elif re.search(r"(?i)[hb]_?x|in.?plane|assist|bias", before):
        yield "field_x_oe"
