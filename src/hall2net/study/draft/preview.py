"""One page on which every file of a draft is a small picture, so that mistakes show at a glance.

The pictures are lines in SVG, drawn here: a plotting library takes longer to start than the whole
page, and two thousand of its figures take minutes.
"""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hall2net.errors import Hall2netError
from hall2net.measurement import KINDS
from hall2net.readers.reading import read_measurement
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.kinds import Measurement

_WIDTH, _HEIGHT, _EDGE = 220, 130, 8
_MOST_POINTS = 600  # of a picture, which is 220 pixels wide
_SIGNALS = ("resistance", "moment", "resistivity")
_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #1f2328; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 1.8rem; }
.files { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 12px; }
figure { margin: 0; border: 1px solid #d0d7de; border-radius: 6px; padding: 8px; }
figure.open { border-color: #bf8700; background: #fff8e5; }
figcaption { font-size: 12px; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; background: #fff; }
b { font-weight: 600; } .open-cell { color: #9a6700; } .remark { color: #57606a; }
"""


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
        f"<p>{len(measurements)} measurements; yellow: something is to be filled in.</p>",
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
    held = ", ".join(
        f"{cell} {value:g}" for cell, value in one.cells.items() if isinstance(value, float)
    )
    axes = f"{one.cells.get('y_column', 'y')} against {one.cells.get('x_column', 'x')}"
    words = [
        f"<b>{html.escape(one.file)}</b>",
        html.escape(f"{one.cells['sample']}{'; ' if held else ''}{held}"),
        html.escape(f"{axes}; {one.why}" + (f"; or {one.second}" if one.second else "")),
        *(f"<span class='remark'>{html.escape(remark)}</span>" for remark in one.remarks),
    ]
    if opened:
        words.append(f"<span class='open-cell'>to be filled in: {', '.join(opened)}</span>")
    caption = "<br>".join(words)
    state = " class='open'" if opened else ""
    return f"<figure{state}>{picture}<figcaption>{caption}</figcaption></figure>"


def _points(folder: Path, one: Measurement) -> tuple[np.ndarray, np.ndarray]:
    """What the row reads as; of open columns the first that may be meant."""
    row: dict[str, str | float | None] = {"file": one.file, **one.cells}
    for cell, value in one.cells.items():
        if value == UNKNOWN:
            row[cell] = one.choices.get(cell, [None])[0]
    if one.cells["kind"] == UNKNOWN or row.get("x_column") is None and "x_column" in row:
        raise Hall2netError("no picture before its kind and columns are filled in")
    if row.get("y_quantity") == "voltage" and row.get("current_ma") is None:
        row["current_ma"] = 1.0  # The shape is the same at any read current.
    points = read_measurement(folder, row)
    x = points[KINDS[str(one.cells["kind"])].x].to_numpy()
    y = points[next(name for name in _SIGNALS if name in points)].to_numpy()
    if one.cells["kind"] == "pulse_train":
        x = np.arange(len(y), dtype=float)
    return x, y


def _picture(x: np.ndarray, y: np.ndarray) -> str:
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    step = max(1, len(x) // _MOST_POINTS)
    x, y = _scaled(x[::step], _WIDTH), _HEIGHT - _scaled(y[::step], _HEIGHT)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img'>"
        f"<polyline points='{points}' fill='none' stroke='#0969da' stroke-width='1.2'/></svg>"
    )


def _scaled(values: np.ndarray, size: int) -> np.ndarray:
    span = float(np.ptp(values)) if values.size else 0.0
    if not span:
        return np.full(values.shape, size / 2)
    return _EDGE + (values - values.min()) / span * (size - 2 * _EDGE)


def _without(folder: Path, words: str) -> str:
    return words.replace(f"{folder}/", "")
