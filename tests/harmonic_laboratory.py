"""Files of a laboratory that measures harmonics: tabs and mT, Latin-1 and decimal commas, rms."""

from pathlib import Path

import numpy as np
import pandas as pd

from hall2net.emulate.harmonic import Device, field_at, lock_in

DEVICES = {
    name: Device(
        r_ahe_ohm=1.1, r_phe_ohm=0.21, h_k_oe=3500.0, h_dl_per_ma_oe=h_dl, h_fl_per_ma_oe=h_fl,
        h_oersted_per_ma_oe=-0.7853982, thermal_uohm_per_ma=15.0, r_offset_ohm=0.05,
        second_offset_ohm=1e-4, misalignment_deg=0.7, tilt_deg=0.3, phase_deg=2.0,
    )
    for name, h_dl, h_fl in (("hb1", 3.2, 0.9), ("hb2", -1.4, -0.5))
}  # fmt: skip
FACTS = {"width_um": 5, "stack_nm": 8, "heavy_metal_nm": 5, "ferromagnet_nm": 3, "m_s_t_a": 9e-4,
         "source": "VSM of the wafer"}  # fmt: skip
AMPLITUDE_MA = 1.5
FIELDS_T = (0.6, 0.7, 0.85, 1.1, 1.5)
_RMS = 0.5**0.5
_NOISE_V = 1e-8


def write(folder: Path) -> None:
    """Sweeps along and across in both states, and rotations at several fields in one file."""
    rng = np.random.default_rng(8)
    for name, device in DEVICES.items():
        (folder / name).mkdir(parents=True)
        for column, angle in (("Hx", 0.0), ("Hy", 90.0)):
            for state, word in ((1, "Mup"), (-1, "Mdown")):
                size = np.linspace(-900, 900, 41)
                read = _read(rng, device, size, np.full(41, angle), state)
                table = {f"{column} (mT)": size / 10, "X1 (mV)": 1e3 * read["x1"],
                         "Y1 (mV)": 1e3 * read["y1"], "X2 (uV)": 1e6 * read["x2"],
                         "Y2 (uV)": 1e6 * read["y2"]}  # fmt: skip
                head = f"# lock-in, I = {AMPLITUDE_MA * _RMS:.6f} mA\n"
                text = head + pd.DataFrame(table).to_csv(sep="\t", index=False)
                (folder / name / f"{column} {word} 300K.txt").write_text(text)
        _rotations(rng, device, folder / name / "rotation 300K.csv")


def _rotations(rng: np.random.Generator, device: Device, path: Path) -> None:
    parts = []
    for tesla in FIELDS_T:
        angle = np.arange(0, 360, 10.0)
        read = _read(rng, device, np.full(angle.size, 1e4 * tesla), angle, 1)
        parts.append(pd.DataFrame({
            "Winkel (deg)": angle, "B (T)": tesla, "1f X (Vrms)": read["x1"],
            "2f X (Vrms)": read["x2"], "2f Y (Vrms)": read["y2"],
            "I AC (mArms)": AMPLITUDE_MA * _RMS,
        }))  # fmt: skip
    pd.concat(parts).to_csv(path, sep=";", decimal=",", index=False, encoding="latin-1")


def _read(rng, device, size, angle, state):
    volts = lock_in(device, field_at(device, size, angle), AMPLITUDE_MA, state)
    return {k: _RMS * (v + _NOISE_V * rng.standard_normal(v.size)) for k, v in volts.items()}


def fill_in(raw: Path) -> None:
    """What only the laboratory knows, in the sheets that `hall2net init` drafted."""
    sheet = pd.read_csv(raw / "measurements.csv", dtype=str)
    swept = sheet["kind"] == "harmonic_field"
    for cell in ("current_amplitude", "voltage_amplitude"):
        sheet.loc[sheet[cell] == "?", cell] = "rms"
    up = sheet["file"].str.contains("Mup").map({True: "5000", False: "-5000"})
    sheet.loc[swept, "initial_field_z_oe"] = up[swept]
    sheet.to_csv(raw / "measurements.csv", index=False)
    rows = [{"sample": name, "label": name} | FACTS for name in DEVICES]
    pd.DataFrame(rows).to_csv(raw / "samples.csv", index=False)


def check(harmonic: pd.DataFrame) -> None:
    """Every torque and thermal part within four of its total sigma, and these not larger than 25 %
    of the damping-like field."""
    assert len(harmonic) == 4 and set(harmonic["status"]) == {"ok"}, harmonic["reason"].tolist()
    for _, row in harmonic.iterrows():
        device = DEVICES[row["sample"]]
        for quantity in ("h_dl_per_ma", "h_fl_per_ma"):
            total = np.hypot(row[f"{quantity}_u_oe"], row[f"{quantity}_sys_oe"])
            assert abs(row[f"{quantity}_oe"] - getattr(device, f"{quantity}_oe")) < 4 * total
            assert total < 0.25 * abs(device.h_dl_per_ma_oe)
