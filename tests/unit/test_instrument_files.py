"""Real instrument files, which stand beside the project and are no part of it.

Numbers to compare with are read out of the files here by other means than the readers'.
"""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import mu_0

from hall2net.errors import FileError
from hall2net.physics.loops import fit_loop
from hall2net.readers.reading import read_measurement
from hall2net.units import OERSTED

FOLDER = Path(
    os.environ.get(
        "HALL2NET_INSTRUMENT_FILES", Path(__file__).parents[3] / "shared" / "instrument-files"
    )
)
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no real instrument files here")

FORMATS = {
    "lakeshore8600_vsm.csv": "lakeshore8600",
    "micromag_a4.hys": "micromag",
    "qd_ppms_act_hall.dat": "multivu",
    "qd_ppms_resistivity.dat": "multivu",
    "qd_ppms_vsm_mh.dat": "multivu",
}


def read(name, kind="ahe_loop", **changes):
    row = {"id": "r", "file": name, "format": FORMATS[name], "kind": kind, "sample": "s"}
    return read_measurement(FOLDER, row | changes)


def rows_below(name, header_starts):
    """Rows of a file as dictionaries of text, below the line that starts so."""
    lines = (FOLDER / name).read_text(encoding="latin-1").splitlines()
    header = next(k for k, line in enumerate(lines) if line.startswith(header_starts))
    return list(csv.DictReader(lines[header:], quoting=csv.QUOTE_NONE))


def numbers(rows, *columns):
    """Rows in which all these columns hold something."""
    full = [[row[column] for column in columns] for row in rows]
    return np.array([cells for cells in full if all(cells)], dtype=float)


def test_lakeshore_vsm_loop():
    table = read("lakeshore8600_vsm.csv", "vsm_loop")
    rows = rows_below("lakeshore8600_vsm.csv", "Step,")
    expected = numbers(rows, "Field [Oe]", "Moment (m) [emu]", "Time Stamp [s]")
    assert len(expected) == len(rows) - 1, "an empty row parts the two branches"
    np.testing.assert_allclose(table["field"] / OERSTED, expected[:, 0])
    np.testing.assert_allclose(table["moment"] * 1e3, expected[:, 1])
    np.testing.assert_allclose(table["time"], expected[:, 2])


def test_multivu_vsm_loop():
    table = read("qd_ppms_vsm_mh.dat", "vsm_loop", temperature_k=300)
    columns = ("Magnetic Field (Oe)", "Moment (emu)", "Temperature (K)")
    expected = numbers(rows_below("qd_ppms_vsm_mh.dat", "Comment,"), *columns)
    np.testing.assert_allclose(table["field"] / OERSTED, expected[:, 0])
    np.testing.assert_allclose(table["moment"] * 1e3, expected[:, 1])
    np.testing.assert_allclose(table["point_temperature"], expected[:, 2])
    assert np.abs(table["field"]).max() * mu_0 == pytest.approx(14, abs=0.1)


def micromag_header():
    lines = (FOLDER / "micromag_a4.hys").read_text(encoding="latin-1").splitlines()
    return {line[:31].strip(): line[31:].strip() for line in lines if len(line) > 31}


@pytest.mark.parametrize("column", ["", "Adjusted Moment (Am²)"])
def test_micromag_loop(column):
    table = read("micromag_a4.hys", "vsm_loop", y_column=column)
    assert len(table) == int(micromag_header()["Number of data"])
    lines = (FOLDER / "micromag_a4.hys").read_text(encoding="latin-1").splitlines()
    cells = [line.split(",") for line in lines if line.count(",") == 3]
    expected = np.array(cells, dtype=float)
    np.testing.assert_allclose(table["field"] * mu_0, expected[:, 0], atol=1e-12)
    np.testing.assert_allclose(table["moment"], expected[:, 3 if column else 1])


def test_micromag_coercivity_is_its_header_s():
    """The instrument takes the slope at the ends for the background; the loop is not saturated."""
    table = read("micromag_a4.hys", "vsm_loop")
    found = fit_loop(table["field"].to_numpy() / OERSTED, table["moment"].to_numpy())
    coercivity_oe = float(micromag_header()["Coercivity"]) * 1e4
    assert found["status"] == "flagged" and "background is not described" in found["reason"]
    assert found["h_c_lo95_oe"] < coercivity_oe < found["h_c_hi95_oe"]


ACT = [
    ("Res. ch1 (ohm-cm)", "", "resistivity"),
    ("Res. ch2 (ohm-cm)", "", "resistivity"),
    ("Volts ch1", "V", "voltage"),
]
BRIDGES = [
    ("Bridge 1 Resistivity (Ohm)", "", "resistance"),
    ("Bridge 2 Resistivity (Ohm)", "", "resistance"),
]
WITHOUT_LOOP = [
    *(("qd_ppms_act_hall.dat", t, *c) for t in np.arange(2, 3.5, 0.2).round(1) for c in ACT),
    *(("qd_ppms_resistivity.dat", t, *c) for t in (2.0, 2.1, 2.2, 2.3) for c in BRIDGES),
]


@pytest.mark.parametrize(("name", "temperature", "column", "unit", "quantity"), WITHOUT_LOOP)
def test_transport_at_one_temperature(name, temperature, column, unit, quantity):
    """Neither a superconductor nor a normal metal has a hysteresis loop, so none is reported."""
    excitation_ma = 1.02880465367804
    table = read(
        name, temperature_k=temperature, y_column=column, y_unit=unit, y_quantity=quantity,
        current_ma=excitation_ma,
    )  # fmt: skip
    variable = "resistivity" if quantity == "resistivity" else "resistance"
    columns = ("Magnetic Field (Oe)", column, "Temperature (K)")
    cells = numbers(rows_below(name, "Comment,"), *columns)
    expected = cells[np.abs(cells[:, 2] - temperature) < 0.05]
    factor = {"voltage": excitation_ma * 1e-3, "resistivity": 1e2, "resistance": 1}[quantity]
    assert len(expected) > 190
    np.testing.assert_allclose(table["field"] / OERSTED, expected[:, 0])
    np.testing.assert_allclose(table[variable] * factor, expected[:, 1])

    found = fit_loop(table["field"].to_numpy() / OERSTED, table[variable].to_numpy())
    assert found["status"] == "refused"
    assert found["reason"]
    assert np.isnan(found["h_c_oe"])


@pytest.mark.parametrize("name", ["qd_ppms_act_hall.dat", "qd_ppms_resistivity.dat"])
def test_a_temperature_has_to_be_chosen(name):
    column = {"qd_ppms_act_hall.dat": ACT, "qd_ppms_resistivity.dat": BRIDGES}[name][0][0]
    with pytest.raises(FileError, match=f"{name}.*temperatures from 2.*temperature_k"):
        read(name, y_column=column)


MISTAKEN = [
    (name, stated)
    for name, own in FORMATS.items()
    for stated in ("multivu", "lakeshore8600", "micromag", "delimited")
    if stated != own
]


@pytest.mark.parametrize(("name", "stated"), MISTAKEN)
def test_a_format_that_the_content_does_not_have_is_refused(name, stated):
    with pytest.raises(FileError, match=f"{name}: looks like {FORMATS[name]}"):
        read(name, format=stated, y_column="R", y_quantity="resistance")
