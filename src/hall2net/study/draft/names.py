"""What file names, folders and the words above a table say: conditions, and the sample."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from hall2net.study.draft.sample_words import NOUNS, SETTING, naming_words
from hall2net.units import OERSTED, to_si, unit_spelt

_UNITS = {
    unit.lower(): unit for unit in ("K", "mA", "uA", "nA", "A", "mT", "T", "Oe", "kOe", "G")
} | {
    "s": "s", "ms": "ms", "us": "us", "ns": "ns", "sec": "s", "msec": "ms", "usec": "us",
    "nsec": "ns", "tesla": "T", "kelvin": "K", "oersted": "Oe", "gauss": "G",
}  # fmt: skip
_UNIT = r"K(?:elvin)?|[mun]?A|[µμ]A|mT|T(?:esla)?|k?Oe(?:rsted)?|G(?:auss)?|[µμumn]?s(?:ec)?"
_NUMBER = r"\d+(?:[.,p]\d+)?(?:e[+-]?\d+)?"
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9.])"
    r"(?:±|\+-|pm(?=\d))?"
    r"(?P<key>(?:mu0|µ0|μ0)?[hb][_ ]?(?:x|ip|inplane)|[hb]|idc|iac|i|read|temp|t|prefield|pre|pw|"
    r"tau|tp|pulse|width|current|field)?[ _=]{0,2}"
    rf"(?P<sign>[+\-−]|(?:minus|neg|plus|pos)[ _]?(?=\d)|[pm](?=\d))?(?P<number>{_NUMBER})"
    rf"[ _]?(?P<unit>{_UNIT})?(?![A-Za-z0-9=])",
    re.IGNORECASE,
)
_NEEDS_KEY = {"A", "G", "T"}
# What a sweep runs to, in what steps and how fast, is no condition: to_9kOe, max 5T, 10K_min.
_LIMITS = r"up ?to|to|from|range|steps?|rate|wait|delay|[hbitv]?_?m(?:ax|in)"
_LIMIT_BEFORE = re.compile(rf"(?:^|[^A-Za-z])(?:{_LIMITS})[_ =]*$", re.IGNORECASE)
_LIMIT_AFTER = re.compile(r"[_ \-]*(?:to|per|range|steps?|rate|max|min)(?![A-Za-z])", re.IGNORECASE)
_BOTH_WAYS = re.compile(r"±|\+-|pm", re.IGNORECASE)
# In K: a small k alone is kelvin within these, and may stand for kilo (Oe, ohm, Hz) elsewhere.
_SMALL_K = 50.0, 400.0
_SURE_T = 20.0  # in K; T4 may be a temperature or the number of a sample
_WORDS = frozenset(
    """
    1f 1w 2f 2w ac act address ageing aging ahe all alpha amr and ann anneal annealed anomalous
    antisym ascii asrl at average avg b backup backward bar bars bias bis bmax bmin book both
    boucle bridge buffer bwd cell ch channel chip coarse coil com comma cool cooling copy corr
    corrected cross csv current cycle cycles cycling dat data dataset dc default deg delay demod
    demods dev device devices die dl dn down dynacool effect effet end endur endurance eto excel
    export fatigue fc field fieldfree file files film filter final fine first fl for forward four
    free freq frequency from full fwd gain gate gpib h hall hall2 hallbar hallcross hallkurve
    hallmessung harm harmonic harmonics hb hc hi high hmax hmin hx hys hyst hysteresis i iac ic
    idc imag imax imin in initial inplane instr ip ipulse iread iv iwrite jc keithley kennlinie
    kerr labone lakeshore lakeshore8600 lia lo lock lockin log long loop loops low m magnet
    magnetisation magnetization magnetometry major map maps max mean meas measure measurement
    measurements mem memory messung mesure mfli mh mht micromag min minor moke moment mpms mpms3
    mt mvsh mvst name neg negative new newfile noise of old oop origin out outofplane output pad
    perp phi piece plane pm point polar pos positive ppms probe pulse pulsed pulses qd r rahe
    range rate raw read recorded rep repeat resistance resistivity result results ret retention rh
    rhall rht rms room rt run rvsh rvst rxx rxxrxy rxy rxyrxx sample samples saved scan scans
    schalten second sens sensitivity series set sheet shift shifts signal smu sot spannung squid
    state states step steps stt sttfmr sweep switch switching sym t tab table tabs tc tcpip temp
    temperature ter test the theta tmax tmin to train trains transport try txt untitled up upto
    usb v versalab vg vhall virgin visa voltage vs vsm vsmloop vxx vxy wafer wait warm warming
    widerstand width with without write zfc zi
    """.split()
)
"""Words that say what was measured, how and where: no names of samples."""
_INDEX = re.compile(r"(?i)[a-z]{0,2}\d{1,4}[a-z]?|[a-z]")
_INSTRUMENT = re.compile(
    r"(?i)(?:k|ke|sr|ls|hp|ag)?(?:24[0-7]\d|2182a?|200[0-2]|622[01]|6517b?|7265|7270|74\d\d|8[36]0|844|"
    r"86[05]a?|33[46]|340|350|4[27]5|455|735|860[047])"
)
"""Numbers of current sources, meters, lock-in amplifiers, controllers and magnetometers."""
_ANGLE = re.compile(r"(?i)(?<![a-z0-9])(?:phi|theta|angle)?[_ =]?[+-]?\d+(?:[.p]\d+)?[_ ]?deg")
_SAMPLE = re.compile(r"(?i)\bsample(?:[ _]?(?:name|id))?(?:\s*[:=]\s*|\s+)([\w.\-]+)")
# Other words for a sample; what follows counts if it looks like a sample's name.
_PIECE = re.compile(
    r"(?i)(?:\b(?:device|specimen|(?:hall ?)?bar|wafer|chip|probe|[ée]chantillon|muestra|campione)|"
    r"試料|样品|样本)(?:[ _]?(?:name|id|label|no\.?|nr\.?|number|名))?\s*[:=：\t;,]\s*([^;,\t]+)"
)
_INFO = re.compile(
    r"(?i)INFO[,;\t]\s*(?P<text>[^,;\t]+)[,;\t]\s*(?:SAMPLE\d*[ _])?(?:NAME|MATERIAL)\b"
)
"""A line of the head of a MultiVu file."""
_NO_SAMPLE = re.compile(
    r"(?i)settings|position|offset|is|the|no|name|id|\d*|temp(?:erature)?|stage|holder|rod|space|"
    r"rate|size|mass|volume|area|thickness|width|length|type|description|comment|info|and|at|with"
)
_NO_CONDITION = re.compile(
    r"(?i)max|min|range|step|amplitude|averag|calib|limit|complian|serial|version|standard|pause|"
    r"expected|rate|delay|wait|dwell|date|file|interval|settling|start|stop|anneal|bake|deposit"
)
_IN_WORDS = re.compile(
    r"(?P<before>[^,;:=]{0,40}[:=]?)\s*"
    r"(?<![\w.])(?<!e[+-])(?P<number>[+\-−]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*"
    r"(?P<unit>K|[°º]C|deg ?C|[mun]?A|[µμ]A|mT|T|k?Oe|G|[µμumn]?s)(?![A-Za-z0-9/])"
)
_DIMENSIONS = {
    "width_um": r"(?:\bw|\b[wW]idth)\s*[:=]?\s*([\d.]+)\s*[uµμ]m\b",
    "length_um": r"(?:\bL|\b[lL]ength)\s*[:=]?\s*([\d.]+)\s*[uµμ]m\b",
    "film_area_mm2": r"\b[aA]rea\s*[:=]?\s*([\d.]+)\s*mm(?:2|²|\^2)",
}


@dataclass
class Hints:
    """Cells of the sheet that words say, each with the words it was read from."""

    cells: dict[str, float | str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    unitless: dict[str, float] = field(default_factory=dict)
    """Numbers whose unit is not sure: cell to value, NaN where that is not sure either."""
    rest: str = ""
    """What is left of a name: perhaps the sample."""

    def add(self, cell: str, value: float | str, words: str) -> None:
        """Keep what comes first.

        Parameters
        ----------
        cell : column of `measurements.csv`
        value : what it holds, in the column's unit
        words : where that was found
        """
        if cell not in self.cells:
            self.cells[cell], self.words[cell] = value, words


def hints_of_name(name: str) -> Hints:
    """Conditions in one part of a path: `300K`, `im3p0ma`, `hx+100Oe`, `-25mT`, `10us`, `oop`."""
    hints = Hints()
    rest, last = [], 0
    claims: dict[str, list[_Claim]] = {}
    has_kelvin = any(_says_kelvin(match) for match in _TOKEN.finditer(name))
    for match in _TOKEN.finditer(name):
        claim = _claim(match)
        if has_kelvin and _is_bare_t(match):
            continue  # T6_300K: a film's number
        limit = _LIMIT_BEFORE.search(name, last, match.start())
        limit = limit or _LIMIT_AFTER.match(name, match.end()) or _BOTH_WAYS.match(match[0])
        if claim is None:
            continue
        # R=10k: the word before an equals sign says that it is something else.
        other = limit or name[: match.start()].endswith("=")
        rest.append(name[last : match.start()])
        last = match.end()
        if not other:
            claims.setdefault(claim.cell, []).append(claim)
    rest.append(name[last:])
    for cell, found in claims.items():
        _settle(hints, cell, found)
    left = re.split(r"[^A-Za-z0-9.+]+", _ANGLE.sub("_", "_".join(rest)))
    left = [word for word in left if word]
    for word in left:
        if word.lower() in ("oop", "perp", "outofplane", "ip", "inplane"):
            hints.add("orientation", "ip" if word.lower().startswith("i") else "oop", word)
        if word.lower() in ("free", "fieldfree"):
            hints.add("field_x_oe", 0.0, word)
    hints.rest = sanitised("_".join(_naming(left)))
    return hints


def _naming(words: list[str]) -> list[str]:
    """Words that do not say what was measured, how, where or when."""
    kept: list[str] = []
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        plain = word.lower().strip("0123456789")
        is_noun = plain in NOUNS
        if word.isdecimal():
            # bar 1 is a sample; scan 1 and 2026 03 02 are none.
            if len(word) < 3 and kept and kept[-1] is before:
                kept.append(word)
        elif word.lower() in _WORDS:
            if is_noun and _INDEX.fullmatch(after):
                kept.append(word)
        elif not (_INSTRUMENT.fullmatch(word) or SETTING.fullmatch(word)) and (
            plain not in _WORDS or len(plain) < 2 or is_noun
        ):
            kept.append(word)
    return kept


def hints_of_words(lines: list[str]) -> Hints:
    """Conditions, sample and dimensions in the lines above a table."""
    hints = Hints()
    info = {naming_words(hints_of_name(m["text"]).rest) for m in map(_INFO.match, lines) if m}
    if len(info - {""}) == 1:
        hints.add("sample", (info - {""}).pop(), "the head of the file")
    for line in lines:
        if match := _PIECE.search(line):
            if named := naming_words(hints_of_name(match[1]).rest):
                hints.add("sample", named, line)
        if match := _SAMPLE.search(line):
            if not _INFO.match(line) and not _NO_SAMPLE.fullmatch(match[1]):
                hints.add("sample", sanitised(match[1]), line)
        elif match := re.match(r"ID:\s*([\w.\- ]*\w)", line):
            hints.add("sample", sanitised(match[1]), line)
        if re.search(r"(?i)field.?free|zero field", line):
            hints.add("field_x_oe", 0.0, line)
        for match in _IN_WORDS.finditer(line):
            number = float(match["number"].replace("−", "-"))
            unit = unit_spelt(match["unit"])
            for cell in _cell_of(match["before"], unit):
                hints.add(cell, in_sheet_units(number, unit, cell), line.strip("#; ,"))
        for cell, pattern in _DIMENSIONS.items():
            if match := re.search(pattern, line):
                hints.add(cell, float(match[1]), line)
    return hints


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
        return float(f"{float(to_si(value, unit, 'temperature')):.8g}")
    if cell.endswith("_oe"):
        si, factor = to_si(value, unit, "field"), OERSTED
    elif cell == "current_ma":
        si, factor = to_si(value, unit, "current"), 1e-3
    else:
        si, factor = to_si(value, unit, "time"), 1.0
    return float(f"{float(si) / factor:.8g}")


@dataclass(frozen=True)
class _Claim:
    """A condition that part of a name may say; `unit` is False where its number has none."""

    cell: str
    value: float
    words: str
    keyed: bool
    unit: bool = True


def _claim(match: re.Match) -> _Claim | None:
    """The condition that a token of a name is; None if it is none."""
    key = re.sub("[_ ]", "", (match["key"] or "").lower())
    unit = _UNITS.get(re.sub("[µμ]", "u", match["unit"] or "").lower(), "")
    sign = -1.0 if (match["sign"] or "").lower()[:3] in ("-", "−", "m", "min", "neg") else 1.0
    number = sign * float(re.sub("[p,]", ".", match["number"].lower()))
    words = match[0].strip("_ ")
    if _is_bare_t(match):
        sure = number >= _SURE_T
        return _Claim("temperature_k", number if sure else np.nan, words, True, sure)
    attached = bool(match["unit"]) and match[0].endswith(match["number"] + match["unit"])
    if unit in _NEEDS_KEY and not key and not (attached and match["unit"] in ("T", "G")):
        return None
    # "bar 2 s" may be anything, "0.1s" and "2s" are a time.
    if unit == "s" and not key and not attached:
        return None
    if not unit:
        return _without_unit(match, key, number)
    keyed = bool(key)
    if unit == "K":
        low, high = _SMALL_K
        sure = keyed or match["unit"] != "k" or low <= number <= high
        return _Claim("temperature_k", abs(number) if sure else np.nan, words, keyed, sure)
    if unit in ("mA", "uA", "nA", "A"):
        cell = "current_ma"
    elif unit in ("s", "ms", "us", "ns"):
        cell, number = "pulse_width_s", abs(number)
    else:
        cell = "prefield_x_oe" if key.startswith("pre") else "field_x_oe"
    return _Claim(cell, in_sheet_units(number, unit, cell), words, keyed)


def _is_bare_t(match: re.Match) -> bool:
    """Whether a number stands behind a T alone: `T300`."""
    return match["key"] == "T" and not match["unit"] and not match["sign"]


def _says_kelvin(match: re.Match) -> bool:
    claim = _claim(match)
    return claim is not None and claim.cell == "temperature_k" and bool(match["unit"])


def _without_unit(match: re.Match, key: str, number: float) -> _Claim | None:
    """A field whose unit must come from elsewhere."""
    in_plane = key.endswith(("x", "ip", "inplane")) and key != "x"
    if not in_plane and not key.startswith("pre"):
        return None
    cell = "prefield_x_oe" if key.startswith("pre") else "field_x_oe"
    # A field that was applied before had a sign, which may stand anywhere in the name.
    unknown = key.startswith("pre") and not match["sign"] and number != 0
    return _Claim(cell, np.nan if unknown else number, match[0], True, number == 0)


def _settle(hints: Hints, cell: str, claims: list[_Claim]) -> None:
    """Of several claims on a cell those with a word before them count; two that differ are none."""
    known = [claim for claim in claims if claim.unit]
    known = [claim for claim in known if claim.keyed] or known
    if len({claim.value for claim in known}) == 1:
        hints.add(cell, known[0].value, known[0].words)
    elif not known:
        hints.unitless.setdefault(cell, claims[0].value)
        hints.words.setdefault(cell, claims[0].words)


def _cell_of(before: str, unit: str) -> Iterator[str]:
    """The condition that a number with a unit is, by the words before it."""
    if _NO_CONDITION.search(before):
        return
    if unit in ("K", "degC"):
        if re.search(r"\bT\b|(?i:temp)|^\W*$|\bat\W*$", before):
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
