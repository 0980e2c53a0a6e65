"""Files as the instruments' own programs write them."""

from pathlib import Path

import numpy as np

VERSALAB_HEADER = """[Header]
; Electrical Transport Option Data File (default extension .dat)
TITLE,{title}
FILEOPENTIME,41000000.00,03/02/2026,10:00 AM
BYAPP,ElectricalTransport,1.3,1.0
INFO,VersaLab Electrical Transport Option,APPNAME
INFO,{sample},SAMPLE_MATERIAL
INFO,{comment},SAMPLE_COMMENT
DATATYPE,COMMENT,1
DATATYPE,TIME,2
STARTUPAXIS,X,2
STARTUPAXIS,Y1,5
[Data]
Comment,Time Stamp (sec),Temperature (K),Field (Oe),Sample Position (deg),Resistance Ch1 (Ohms),\
Phase Angle Ch1 (deg),AC Current Ch1 (mA),Frequency Ch1 (Hz)
"""

LAKESHORE_HEADER = """#RUN ON SOFTWARE VERSION:
1.4
#FIELD CONFIGURATIONS
Magnet: EM7-CSB
Magnet mode: High field
#SAMPLE SETTINGS
ID: {title}
Area: {area_mm2:.1f} mm2
#HYSTERESIS MEASUREMENT
#ACQUISITION SETUP
Max field: {maximum:.0f} kOe
Include initial curve: False
Averaging time: 1 s
#DATA: 2
##DATA TABLE Moment (m) [emu] vs Field [Oe]
Step,Iteration,Segment,Field [Oe],Moment (m) [emu],Time Stamp [s],Field Status,Moment (m) Status
"""
_LAKESHORE_COLUMNS = 8


def keithley_csv(
    path: Path, comments: list[str], columns: dict[str, tuple[np.ndarray, str]]
) -> None:
    """Write what a logging program of a current source and a nanovoltmeter leaves.

    Parameters
    ----------
    path : the file
    comments : lines before the table
    columns : head of a column to its values and their format; NaN is written as `NaN`
    """
    lines = [f"# {comment}" for comment in comments]
    lines.append(",".join(columns))
    formats = [form for _, form in columns.values()]
    for row in zip(*(values for values, _ in columns.values()), strict=True):
        lines.append(
            ",".join(
                "NaN" if np.isnan(v) else format(v, f) for v, f in zip(row, formats, strict=True)
            )
        )
    _write(path, "\n".join(lines) + "\n")


def versalab_dat(
    path: Path,
    *,
    title: str,
    sample: str,
    comment: str,
    remark: str,
    temperature_k: np.ndarray,
    field_oe: np.ndarray,
    resistance_ohm: np.ndarray,
    current_ma: float,
) -> None:
    """Write a MultiVu file.

    Parameters
    ----------
    path : the file
    title, sample, comment : words of the header
    remark : stands in the comment cell of the first data row
    temperature_k, field_oe, resistance_ohm : (n,), a row each
    current_ma : of the bridge, in every row
    """
    lines = [VERSALAB_HEADER.format(title=title, sample=sample, comment=comment)]
    for k, (t, h, r) in enumerate(zip(temperature_k, field_oe, resistance_ohm, strict=True)):
        first = remark if k == 0 else ""
        lines.append(
            f"{first},{41000020 + 2.5 * k:.1f},{t:.3f},{h:.2f},0,{r:.6f},0.02,{current_ma:g},18.3\n"
        )
    _write(path, "".join(lines), encoding="cp1252")


def lakeshore_csv(
    path: Path, *, title: str, area_mm2: float, field_oe: np.ndarray, moment_emu: np.ndarray
) -> None:
    """Write a Lake Shore 8600 export: two segments with an all-empty row between them.

    Parameters
    ----------
    path : the file
    title, area_mm2 : of the specimen, in the header
    field_oe, moment_emu : (n,), a row each
    """
    header = LAKESHORE_HEADER.format(
        title=title, area_mm2=area_mm2, maximum=np.max(np.abs(field_oe)) / 1e3
    )
    lines = [
        line + "," * (_LAKESHORE_COLUMNS - 1 - line.count(",")) for line in header.splitlines()
    ]
    half = len(field_oe) // 2
    for k, (h, m) in enumerate(zip(field_oe, moment_emu, strict=True)):
        if k == half:
            lines.append("," * (_LAKESHORE_COLUMNS - 1))
        lines.append(f"2,0,{int(k >= half)},{h:.3f},{m:.4E},{1.5 * k:.1f},GOOD,GOOD")
    _write(path, "\n".join(lines) + "\n")


def _write(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
