"""One page on which every file of a draft is a small picture, so that mistakes show at a glance.

The pictures are lines in SVG, drawn here: a plotting library takes longer to start than the whole
page, and two thousand of its figures take minutes.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hall2net.errors import Hall2netError
from hall2net.measurement import KINDS
from hall2net.readers.columns import COIL
from hall2net.readers.reading import read_measurement
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.kinds import Measurement
from hall2net.study.draft.report import conditions_in_words
from hall2net.study.sheet import TEXTS
from hall2net.units import MU_0, OERSTED

_WIDTH, _HEIGHT, _EDGE = 220, 130, 8
_MOST_POINTS = 600  # of a picture, which is 220 pixels wide
_RISING, _FALLING = "#0969da", "#cf222e"
_SIGNALS = ("resistance", "moment", "resistivity")
_SHOWN = {
    "field": ("Oe", OERSTED), "write_current": ("mA", 1e-3), "resistance": ("Ω", 1.0),
    "moment": ("emu", 1e-3), "resistivity": ("µΩ cm", 1e-8),
}  # fmt: skip
"""Unit on the page of what was read in SI, and its size."""
_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #1f2328; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 1.8rem; }
.files { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 12px; }
figure { margin: 0; border: 1px solid #d0d7de; border-radius: 6px; padding: 8px; }
figure.open { border-color: #bf8700; background: #fff8e5; }
figcaption { font-size: 12px; overflow-wrap: anywhere; }
.ends { font-size: 11px; margin: 2px 0 6px; color: #57606a; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; background: #fff; }
b { font-weight: 600; } .open-cell { color: #9a6700; } .remark { color: #57606a; }
"""


@dataclass(frozen=True)
class _Axis:
    """Numbers along one side of a picture, in a unit that is shown."""

    values: np.ndarray
    unit: str


def preview_page(
    name: str, folder: Path, measurements: Sequence[Measurement], skipped: Mapping[str, str]
) -> str:
    """HTML of the page; it needs no other file.

    Parameters
    ----------
    name : of the study
    folder : of the files
    measurements : drafted rows
    skipped : file to why it has no row
    """
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>{html.escape(name)}: draft</title><style>{_STYLE}</style>",
        f"<h1>{html.escape(name)}: what the files were taken for</h1>",
        f"<p>{len(measurements)} measurements. Blue: x rises; red: x falls. ↔ and ↕ are the ends "
        "of the axes, as the file was read. Yellow: something is to be filled in.</p>",
    ]
    for kind in (*KINDS, UNKNOWN):
        rows = [one for one in measurements if one.cells["kind"] == kind]
        if rows:
            title = "kind not known" if kind == UNKNOWN else f"{kind}: {KINDS[kind].words}"
            pictures = "\n".join(_figure(folder, one) for one in rows)
            parts.append(f"<h2>{html.escape(title)}</h2><div class='files'>{pictures}</div>")
    if skipped:
        lines = (f"<li>{html.escape(file)}: {html.escape(why)}" for file, why in skipped.items())
        parts.append(f"<h2>left out</h2><ul>{''.join(lines)}</ul>")
    return "\n".join(parts) + "</html>\n"


def _figure(folder: Path, one: Measurement) -> str:
    opened = [cell for cell, value in one.cells.items() if value == UNKNOWN]
    try:
        picture = _picture(*_points(folder, one))
    except Hall2netError as error:
        picture = f"<p class='remark'>{html.escape(_without(folder, str(error)))}</p>"
    held = ", ".join([str(one.cells["sample"]), *conditions_in_words(one)])
    axes = f"{one.cells.get('y_column', 'y')} against {one.cells.get('x_column', 'x')}"
    guess, _, condition = one.second.partition(", ")
    doubt = f"; <span title='{html.escape(condition)}'>or {html.escape(guess)}</span>"
    words = [
        f"<b>{html.escape(one.file)}</b>",
        html.escape(held),
        html.escape(axes),
        f"<span class='remark'>{html.escape(one.why)}{doubt if guess else ''}</span>",
        *(f"<span class='remark'>{html.escape(remark)}</span>" for remark in one.remarks),
    ]
    if opened:
        words.append(f"<span class='open-cell'>to be filled in: {', '.join(opened)}</span>")
    caption = "<br>".join(words)
    state = " class='open'" if opened else ""
    return f"<figure{state}>{picture}<figcaption>{caption}</figcaption></figure>"


def _points(folder: Path, one: Measurement) -> tuple[_Axis, _Axis]:
    """What the row reads as; of open columns the first that may be meant."""
    row: dict[str, str | float | None] = {"file": one.file, **one.cells}
    for cell, value in one.cells.items():
        if value == UNKNOWN:
            row[cell] = one.choices.get(cell, [None])[0] if cell in TEXTS else None
    if one.cells["kind"] == UNKNOWN or row.get("x_column") is None and "x_column" in row:
        raise Hall2netError("no picture before its kind and columns are filled in")
    x_unit, y_unit = "", ""
    if row.get("y_quantity") == "voltage" and row.get("current_ma") is None:
        # The shape is the same at any read current.
        row["current_ma"], y_unit = 1.0, "Ω at 1 mA"
    if COIL in row and row[COIL] is None:
        row[COIL], x_unit = 1.0, "T at 1 T/A"
    points = read_measurement(folder, row)
    x_name = KINDS[str(one.cells["kind"])].x
    y_name = next(name for name in _SIGNALS if name in points)
    x, y = points[x_name].to_numpy(), points[y_name].to_numpy()
    unit, factor = _SHOWN[x_name]
    across = _Axis(x / factor, x_unit or unit)
    if x_unit:
        across = _Axis(x * MU_0, x_unit)
    if one.cells["kind"] == "pulse_train":
        across = _Axis(np.arange(len(y), dtype=float), "rows")
    unit, factor = _SHOWN[y_name]
    return across, _Axis(y / factor, y_unit or unit)


def _picture(across: _Axis, up: _Axis) -> str:
    """Rising and falling branches in two colours, zero, and the ends of both axes with units."""
    both = np.isfinite(across.values) & np.isfinite(up.values)
    x, y = across.values[both], up.values[both]
    step = max(1, len(x) // _MOST_POINTS)
    x, y = x[::step], y[::step]
    if not x.size:
        return "<p class='remark'>no point</p>"
    left, top = _scaled(x, _WIDTH), _HEIGHT - _scaled(y, _HEIGHT)
    rising = np.diff(x, append=x[-1:]) >= 0
    lines = "".join(
        f"<path d='{_path(left, top, own)}' fill='none' stroke='{colour}' stroke-width='1.2'/>"
        for own, colour in ((rising, _RISING), (~rising, _FALLING))
    )
    ends = f"{_number(x.min())} to {_number(x.max())} {across.unit}"
    ends_up = f"{_number(y.min())} to {_number(y.max())} {up.unit}"
    return (
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img'>{_zero(x)}{lines}</svg>"
        f"<p class='ends'>↔ {html.escape(ends)}<br>↕ {html.escape(ends_up)}</p>"
    )


def _path(left: np.ndarray, top: np.ndarray, own: np.ndarray) -> str:
    """Lines from each point of its own to the next, of any direction."""
    parts, drawing = [], False
    for k in range(len(left) - 1):
        if own[k]:
            begin = "" if drawing else f"M{left[k]:.1f},{top[k]:.1f}"
            parts.append(f"{begin}L{left[k + 1]:.1f},{top[k + 1]:.1f}")
        drawing = bool(own[k])
    return "".join(parts)


def _zero(x: np.ndarray) -> str:
    """A thin line where x is zero, if it is within the picture."""
    if not x.min() < 0 < x.max():
        return ""
    place = _EDGE - x.min() / np.ptp(x) * (_WIDTH - 2 * _EDGE)
    return f"<line x1='{place:.1f}' x2='{place:.1f}' y1='0' y2='{_HEIGHT}' stroke='#d0d7de'/>"


def _number(value: float) -> str:
    return f"{value:.5g}".replace("-", "\N{MINUS SIGN}")


def _scaled(values: np.ndarray, size: int) -> np.ndarray:
    span = float(np.ptp(values))
    if not span:
        return np.full(values.shape, size / 2)
    return _EDGE + (values - values.min()) / span * (size - 2 * _EDGE)


def _without(folder: Path, words: str) -> str:
    return words.replace(f"{folder}/", "")
