"""Words that look like the name of a sample: a number of a bar or wafer, a code, a film."""

import re

NOUNS = frozenset(
    """
    bar hb hallbar dev device sample smp chip die wafer film piece cell pad hallcross cross
    specimen probe ech echantillon muestra campione
    """.split()
)
"""What laboratories call their samples, before a number or a letter."""
DEVICE = re.compile(rf"(?:^|_)(?:{'|'.join(sorted(NOUNS))}|s|d|w)_?(?:\d+[a-z]?|[a-z]\d*)(?:_|$)")
_METAL = (
    "pt|ta|co|fe|ni|tb|gd|mn|ir|ru|cu|mg|al|hf|pd|au|ag|ti|cr|mo|nb|bi|sm|dy|ho|er|nd|zr|sn|ga|rh|"
    "la|sr|zn|py"
)
_FORMULA = re.compile(
    rf"(?=[a-z\d]*(?:{_METAL}|\bw|w\d))(?:(?:{_METAL}|si|te|sb|se|ge|w|b|o|n|v|y|p|s|c|x)"
    r"(?:\d+(?:p\d+)?)?)+"
)
_MATERIAL = re.compile(
    r"(?:lsmo|sto|bto|yig|tmig|tig|gig|bfo|lao|lsat|nfo|sro|cfb|cfa|cfs|pmn|fgt|wte2)+\d*"
)
"""Short names of compounds."""
_SIZE = re.compile(r"[a-z]?\d+(?:p\d+)?(?:x\d+(?:p\d+)?)?(?:nm|um|ang)2?")
"""A thickness, or the width of a bar: it tells one from the next."""
SETTING = re.compile(
    r"(?:[a-z]{1,5})?\d+(?:[.p]\d+)?(?:e\d+)?"
    r"(?:[mun]v|hz|[km]hz|[mun]s|min|m?torr|m?bar|k?pa|deg|db|[km]?ohm|[km]?a_?cm2|sccm|rpm|oe|mt|ma)"
    r"|\d+(?:[.p]\d+)?[vhws]|[a-z]{0,3}\d{2,}c",
    re.IGNORECASE,
)
"""A number with its unit: how something was set, and no name."""
_CODE = re.compile(r"(?:[a-z]{1,4}\d+){1,3}[a-z]?|\d{1,2}[a-z]\d*|[a-z]{1,2}\d+[a-z]{1,2}\d*")
_INDEX = re.compile(r"\d+[a-z]?|[a-z]\d*")
_LETTERS = re.compile(r"[a-z]{1,3}")
_NO_CODE = re.compile(r"(?:v|r|n|no|nr|ch|rev|ver|part|set|fig)\d+|\d(?:st|nd|rd|th|d|x)|\d+e\d+")
"""Version, run, channel, a number with its exponent and the like."""


def naming_words(rest: str) -> str:
    """Those words of a name that look like a sample's, joined; empty if none.

    Parameters
    ----------
    rest : what is left of a name beside its conditions, words joined by `_`
    """
    words = rest.split("_")
    kept: list[str] = []
    k = 0
    while k < len(words):
        word, after = words[k], words[k + 1] if k + 1 < len(words) else ""
        numbered = after.isdecimal() and (_LETTERS.fullmatch(word) or _is_formula(word))
        if numbered or (word in NOUNS and _INDEX.fullmatch(after)):
            kept += [word, after]
            k += 2
            continue
        if _names_a_sample(word):
            kept.append(word)
        k += 1
    return "_".join(kept)


def _names_a_sample(word: str) -> bool:
    if (
        _is_formula(word)
        or _SIZE.fullmatch(word)
        or _MATERIAL.fullmatch(word)
        or DEVICE.fullmatch(word)
    ):
        return True
    return bool(_CODE.fullmatch(word)) and not _NO_CODE.fullmatch(word)


def _is_formula(word: str) -> bool:
    return len(word) > 1 and bool(_FORMULA.fullmatch(word))
