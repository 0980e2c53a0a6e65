"""Files of a third, emulated device, unlike those in `raw/`: other formats, units, names, stack.

W(4)/CoFeB(1.2)/MgO(1.6), two Hall bars of 4 µm x 20 µm in folders of their own: `hb1` was measured
in a cryostat that writes MultiVu files, `hb2` on a table whose program writes semicolons and
decimal commas in Latin-1.
"""

from pathlib import Path

import numpy as np

from hall2net.emulate.loop import LoopTruth, simulate_loop

H_C_OE = {("hb1", 250.0): 61.0, ("hb1", 300.0): 43.0, ("hb2", 300.0): 47.5}
R_AHE_OHM = 1.35
STATES_OHM = (-1.30, -0.42, 0.37, 1.28)
"""Of `hb2`, after the write pulses of `STATE_CURRENTS_MA` that follow a reset."""
STATE_CURRENTS_MA = (-2.4, 1.1, 1.45, 2.4)
SWITCHED_MA = 1.4
"""Current at which half of `hb2` has switched."""
FACTS = {"width_um": 4, "stack_nm": 5.2}

_ACT = """[Header]
TITLE,AC transport hb1
BYAPP,ACTRANSPORT,1.0,1.2
DATATYPE,COMMENT,1
[Data]
Comment,Time Stamp (sec),Status (code),Temperature (K),Magnetic Field (Oe),\
Hall Resistance Ch.2 (mOhms),Excitation Ch.2 (uA)
"""


def write(folder: Path) -> None:
    """Write the files into a folder."""
    rng = np.random.default_rng(20261)
    for (bar, temperature), h_c in H_C_OE.items():
        truth = LoopTruth(
            R_AHE_OHM, h_c, width_oe=3.0, r_offset_ohm=0.2, slope_ohm_per_oe=2e-4, noise_ohm=6e-3
        )
        field, resistance = simulate_loop(truth, 200, 321, rng)
        if bar == "hb1":
            _multivu(folder / f"hb1/hall_{temperature:g}K.dat", temperature, field, resistance)
        else:
            columns = {"µ0H (mT)": field / 10, "R_xy [mOhm]": resistance * 1e3}
            _semicolons(folder / f"hb2/hall loop {temperature:g}K.txt", columns)
    _semicolons(folder / "hb2/switching 300K Hx+200Oe 10us.txt", _switching(rng))
    _semicolons(folder / "hb2/pulses 300K 10us.txt", _train(rng))
    (folder / "notes.md").write_text("hb1 and hb2 are from the same wafer.\n", encoding="utf-8")


def _switching(rng: np.random.Generator) -> dict[str, np.ndarray]:
    rise, thresholds = np.linspace(-2.4, 2.4, 97), (1.0, SWITCHED_MA, 1.8)
    m = 2 * np.interp(rise, thresholds, (0.0, 0.5, 1.0)) - 1
    current, m = np.concatenate([rise, -rise]), np.concatenate([m, -m])
    resistance = 0.15 + R_AHE_OHM * m + 4e-3 * rng.standard_normal(len(current))
    return {"I_pulse [µA]": current * 1e3, "R_xy [mOhm]": resistance * 1e3}


def _train(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Fifteen cycles through the four states, five reads after each pulse."""
    cycles, reads = 15, 5
    level = np.tile(STATES_OHM, cycles) + 6e-3 * rng.standard_normal(4 * cycles)
    resistance = np.repeat(level, reads) + 8e-3 * rng.standard_normal(4 * cycles * reads)
    number = np.repeat(np.arange(1, 4 * cycles + 1), reads)
    return {
        "Pulse no.": number,
        "time (s)": 0.5 * np.arange(len(number)),
        "I_write [µA]": np.repeat(np.tile(STATE_CURRENTS_MA, cycles), reads) * 1e3,
        "R_xy [mOhm]": resistance * 1e3,
    }


def _multivu(path: Path, temperature: float, field: np.ndarray, resistance: np.ndarray) -> None:
    rows = (
        f",{3.9e9 + 3 * k:.2f},1,{temperature + 0.01 * np.sin(k):.4f},{h:.3f},{r * 1e3:.4f},100\n"
        for k, (h, r) in enumerate(zip(field, resistance, strict=True))
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_ACT + "".join(rows), encoding="cp1252")


def _semicolons(path: Path, columns: dict[str, np.ndarray]) -> None:
    lines = ["Messplatz 3, Halle", ";".join(columns)]
    for row in zip(*columns.values(), strict=True):
        lines.append(";".join(f"{value:.7g}" for value in row).replace(".", ","))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\r\n".join([*lines, ""]).encode("latin-1"))
