"""The cotb study: freestanding ferrimagnetic Pt(9)/CoTb(6), Hall bar 5 um wide."""

from pathlib import Path

import numpy as np

from hall2net.emulate.instruments import keithley_csv, versalab_dat
from hall2net.emulate.loop import LoopTruth, simulate_loop
from hall2net.emulate.study import Study, rounded, sweep
from hall2net.emulate.switching import Film, pulse, saturated

T_M_K = 275.0
TEMPERATURES_K = (150, 200, 225, 240, 250, 260, 268, 282, 290, 300, 310, 325, 350)
R_AHE_OHM = 0.075
READ_MA = 0.1
SAMPLES = {"as_grown": 0.0, "freestanding": 1.0}
"""Shift of the compensation temperature in K: "invariant" within the error."""


def loop_truth(sample: str, temperature_k: float) -> LoopTruth:
    """R_A changes sign at T_M, where H_c = 10 kOe K/|T - T_M| diverges."""
    distance = temperature_k - T_M_K - SAMPLES[sample]
    return LoopTruth(
        r_ahe_ohm=float(np.sign(distance) * R_AHE_OHM * (1 - 4e-4 * (temperature_k - 300))),
        h_c_oe=10_000 / abs(distance),
        width_oe=25.0,
        r_offset_ohm=0.011,
        slope_ohm_per_oe=-4e-7,
        drift_ohm=4e-4,
        noise_ohm=6e-4,
        pink_ohm=1e-4,
        spike_fraction=0.003,
        adc_step_ohm=1e-6,
        field_jitter_oe=1.0,
        field_lag_oe=3.0,
    )


def write(folder: Path) -> None:
    """Write the whole study into `folder`."""
    study = Study(folder, seed=20250806)
    study.truth["t_m_k"] = {sample: T_M_K + shift for sample, shift in SAMPLES.items()}
    study.truth["r_ahe_300k_ohm"] = R_AHE_OHM
    for sample in SAMPLES:
        study.samples.append(
            {"sample": sample, "label": sample.replace("_", " "), "spacer": "none",
             "thickness_nm": 0, "width_um": 5, "length_um": 30, "stack_nm": 15,
             "heavy_metal_nm": 9, "ferromagnet_nm": 6}
        )  # fmt: skip
        for temperature in TEMPERATURES_K:
            _ahe_loop(study, sample, temperature)
        for field_x in (250, -250):
            _switching(study, sample, field_x)
    study.close()


def _ahe_loop(study: Study, sample: str, temperature: float) -> None:
    identifier = f"ahe_{sample}_{temperature}k"
    rng = study.rng(identifier)
    loop = loop_truth(sample, temperature)
    field, resistance = simulate_loop(loop, 5000.0, 402, rng)
    path = study.add(
        id=identifier, file=f"versalab/{identifier}.dat", format="multivu", kind="ahe_loop",
        sample=sample, temperature_k=temperature, current_ma=READ_MA, x_column="Field (Oe)",
        x_unit="Oe", y_column="Resistance Ch1 (Ohms)", y_unit="ohm", y_quantity="resistance",
    )  # fmt: skip
    remark = '"bridge checked,\nrange kept"' if temperature == 300 else ""
    versalab_dat(
        path, title=identifier, sample="Pt(9)/CoTb(6)", comment="5 µm × 30 µm Hall bar",
        remark=remark, temperature_k=temperature + 0.01 * rng.standard_normal(field.size),
        field_oe=field, resistance_ohm=resistance, current_ma=READ_MA,
    )  # fmt: skip
    study.truth.setdefault("loops", {})[identifier] = {
        "h_up_oe": rounded(loop.h_c_oe + loop.field_lag_oe),
        "h_dn_oe": rounded(-loop.h_c_oe - loop.field_lag_oe),
        "h_0_oe": 0.0,
        "r_ahe_ohm": rounded(loop.r_ahe_ohm),
        "slope_ohm_per_oe": loop.slope_ohm_per_oe,
        "aborted": False,
    }


def film() -> Film:
    """Lognormal thresholds about 10 mA, one grain in two hundred pinned."""
    z = np.linspace(-2.5, 2.5, 41)
    share = np.cumsum(np.exp(-(z**2) / 2))
    share = 0.995 * (share - share[0]) / (share[-1] - share[0])
    threshold = 10.0 * np.exp(0.27 * z)
    return Film(0.011, R_AHE_OHM, tuple(threshold), tuple(share), 1e-3, 40.0, 1e-6, 0.005)


def _switching(study: Study, sample: str, field_x: float) -> None:
    word = "p25mt" if field_x > 0 else "m25mt"
    identifier = f"sot_{sample}_{word}"
    rng = study.rng(identifier)
    grains = film()
    current = sweep(20.0, 0.25)
    polarity = int(np.sign(field_x))
    m = pulse(grains, saturated(grains, 1), current, polarity, rng)
    resistance = grains.r_offset_ohm + grains.r_ahe_ohm * m
    resistance += grains.joule_ohm_per_ma2 * current**2 + 2e-4 * rng.standard_normal(m.size)
    path = study.add(
        id=identifier, file=f"switching/{identifier}.csv", format="delimited",
        kind="sot_switching", sample=sample, temperature_k=300, field_x_oe=field_x,
        initial_field_z_oe=5000, current_ma=READ_MA, pulse_width_s=1e-3, x_column="I write (mA)",
        x_unit="mA", y_column="V Hall (uV)", y_unit="uV", y_quantity="voltage",
    )  # fmt: skip
    voltage_uv = resistance * READ_MA * 1e3
    keithley_csv(
        path,
        [f"SOT switching, {sample}", f"mu0 Hx = {field_x / 10:g} mT", "probe 100 uA"],
        {"I write (mA)": (current, ".3f"), "V Hall (uV)": (voltage_uv, ".4f")},
    )
    study.truth.setdefault("switching", {})[identifier] = {
        "polarity": polarity,
        "switching_ratio": rounded(grains.switched_fraction[-1]),
        "r_ahe_ohm": R_AHE_OHM,
    }
