"""The ruo2 study: Ta(1)/Pt(5.5)/RuO2(t)/[Co(0.5)/Pt(0.4)]x2/Ru(2) Hall bars, 5 x 30 um2."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.constants import e, hbar, mu_0

from hall2net.emulate.instruments import keithley_csv, lakeshore_csv
from hall2net.emulate.loop import LoopTruth, simulate_loop
from hall2net.emulate.study import Study, rounded, sweep
from hall2net.emulate.switching import Film, demagnetised_pinned, pulse, saturated
from hall2net.units import OERSTED

WIDTH_M, LENGTH_M, AREA_MM2 = 5e-6, 30e-6, 16.0
HEAVY_METAL_M, FERROMAGNET_M = 5.5e-9, 1.0e-9
G_HM, G_MIX, SML_SLOPE = 1.3e15, 0.59e15, 0.23
FIELDS_X_OE = (0, 50, -50, 100, -100, 200, -200, 300, -300, 400, -400, 600, -600, 800, -800)
CURRENTS_MA = (1.5, -1.5, 3.0, -3.0)
COMMON_FIELD_OE = 200
READ_MA = 0.5
STATES_OHM = (0.33, 0.46, 0.49, 0.52, 0.54, 0.57)
STATE_CURRENTS_MA = (11.0, 12.0, 13.0, 14.2, 15.4)
WRITE_RESISTANCE_OHM = 500.0


@dataclass(frozen=True)
class Sample:
    """Truth of one sample, beside what follows from it."""

    thickness_nm: float
    stack_nm: float
    xi_dl_j: float
    k_s_erg_cm2: float
    rho_xx_uohm_cm: float
    m_s_emu_cc: float
    h_dmi_oe: float
    h_c_oe: float
    r_ahe_ohm: float
    i_c_ma: float
    """Half-height critical current under the common in-plane field."""
    zero_field_share: float = 0.0
    """g0: torque at zero in-plane field over that of aligned walls."""
    field_free_ratio: float = 0.0
    """Switched share of the full swing at 13 mA without in-plane field."""


# Enhancement 5.2 and theta 0.36 at 0.5 nm; the other samples follow the papers' figures.
XI = 0.1566
SAMPLES = {
    "pt": Sample(0.0, 10.3, XI / 5.2, 1.28, 88.0, 1000, 150, 180, 0.170, 12.0 * 10.3 / 10.8),
    "ruo2_0p3": Sample(0.3, 10.6, 0.098, 0.70, 89.0, 800, 180, 165, 0.150, 6.5, 0.06, 0.30),
    "ruo2_0p5": Sample(0.5, 10.8, XI, 0.36, 90.0, 600, 200, 150, 0.095 / 0.68, 4.0, 0.30, 0.68),
    "ruo2_0p7": Sample(0.7, 11.0, 0.128, 0.48, 91.5, 650, 260, 150, 0.140, 4.9, 0.20, 0.79),
    "ruo2_1p0": Sample(1.0, 11.3, 0.100, 0.60, 93.0, 700, 240, 155, 0.145, 6.2),
    "ruo2_1p5": Sample(1.5, 11.8, 0.076, 0.74, 95.0, 760, 220, 160, 0.150, 8.0),
    "ruo2_2p0": Sample(2.0, 12.3, 0.060, 0.86, 97.0, 820, 200, 165, 0.155, 9.4),
    "ruo2_2p5": Sample(2.5, 12.8, 0.049, 0.97, 99.0, 860, 190, 170, 0.160, 10.6),
    "mgo_0p5": Sample(0.5, 10.8, 0.038, 0.365, 90.5, 620, 170, 160, 0.140, 10.8),
}


def h_dl_per_ma_oe(sample: Sample) -> float:
    """H_DL = xi_j j hbar/(2 e mu_0 M_s t), with j through the whole stack."""
    j_per_a = 1 / (WIDTH_M * sample.stack_nm * 1e-9)
    areal_moment = sample.m_s_emu_cc * 1e3 * FERROMAGNET_M
    return sample.xi_dl_j * 1e-3 * j_per_a * hbar / (2 * e * mu_0 * areal_moment) / OERSTED


def h_k_oe(sample: Sample) -> float:
    """From K_s = mu_0 M_s t (M_s + H_k)/2."""
    m_s = sample.m_s_emu_cc * 1e3
    return (2 * sample.k_s_erg_cm2 * 1e-3 / (mu_0 * m_s * FERROMAGNET_M) - m_s) / OERSTED


def transparency(sample: Sample) -> tuple[float, float]:
    """Spin backflow and spin memory loss."""
    depth = HEAVY_METAL_M * sample.rho_xx_uohm_cm * 1e-8 * G_HM
    backflow = (1 - 1 / np.cosh(depth)) / (1 + G_HM * np.tanh(depth) / (2 * G_MIX))
    return float(backflow), 1 - SML_SLOPE * sample.k_s_erg_cm2


def film(sample: Sample) -> Film:
    """Grains of a sample, with their thresholds at zero in-plane field.

    The 0.5 nm film has the distribution that its six published levels ask for; the others are
    lognormal, as far as the turned fraction at 13 mA lets them.
    """
    if sample is SAMPLES["ruo2_0p5"]:
        swing = 2 * sample.r_ahe_ohm
        turned = [(r - STATES_OHM[0]) / swing for r in STATES_OHM]
        threshold = (5.0, *STATE_CURRENTS_MA)
        return Film(0.45, sample.r_ahe_ohm, threshold, tuple(turned), 1e-3, 40.0, 2e-5)
    pinned = 0.12 if sample.field_free_ratio > 0.5 else 0.05
    z = np.linspace(-2.5, 2.5, 41)
    share = np.cumsum(np.exp(-(z**2) / 2))
    share = (1 - pinned) * (share - share[0]) / (share[-1] - share[0])
    spread = np.exp(0.18 * z)
    if sample.field_free_ratio:
        median = 13.0 / float(np.interp(sample.field_free_ratio, share, spread))
    else:
        median = sample.i_c_ma
    offset = 0.02
    return Film(offset, sample.r_ahe_ohm, tuple(median * spread), tuple(share), 1e-3, 40.0, 2e-5)


def common_field_factor(name: str) -> float:
    """Thresholds under the common in-plane field over those at zero field."""
    grains = film(SAMPLES[name])
    half = np.interp(
        grains.switched_fraction[-1] / 2, grains.switched_fraction, grains.threshold_ma
    )
    return SAMPLES[name].i_c_ma / float(half)


def write(folder: Path) -> None:
    """Write the whole study into `folder`."""
    study = Study(folder, seed=20260112)
    for name in SAMPLES:
        _sample_truth(study, name)
        study.samples.append(_sample_facts(name))
        _ahe_loop(study, name)
        _loop_shift(study, name)
        _magnetometry(study, name)
        _resistivity(study, name)
        _switching(study, name)
    _polarity_reversal(study)
    _pulse_widths(study)
    _pulse_train(study)
    study.close()


def _sample_truth(study: Study, name: str) -> None:
    sample = SAMPLES[name]
    backflow, memory_loss = transparency(sample)
    t_int = backflow * memory_loss
    rho = sample.rho_xx_uohm_cm * 1e-8
    xi_e = sample.xi_dl_j / rho
    study.truth.setdefault("samples", {})[name] = {
        **asdict(sample),
        "areal_moment_a": sample.m_s_emu_cc * 1e3 * FERROMAGNET_M,
        "h_dl_per_ma_oe": rounded(h_dl_per_ma_oe(sample)),
        "h_k_oe": rounded(h_k_oe(sample)),
        "xi_dl_e": rounded(xi_e),
        "t_sbf": rounded(backflow),
        "t_sml": rounded(memory_loss),
        "t_int": rounded(t_int),
        "theta_sh": rounded(sample.xi_dl_j / t_int),
        "sigma_sh": rounded(xi_e / t_int),
        "r_xx_ohm": rounded(rho * LENGTH_M / (WIDTH_M * sample.stack_nm * 1e-9)),
        "j_c_a_m2": rounded(sample.i_c_ma * 1e-3 / (WIDTH_M * sample.stack_nm * 1e-9)),
    }


def _sample_facts(name: str) -> dict[str, Any]:
    sample = SAMPLES[name]
    spacer = {"pt": "none", "mgo_0p5": "MgO"}.get(name, "RuO2")
    thickness = f"{spacer} {sample.thickness_nm} nm"
    return {
        "sample": name, "label": "Pt reference" if name == "pt" else thickness, "spacer": spacer,
        "thickness_nm": f"{sample.thickness_nm:g}", "width_um": 5, "length_um": 30,
        "stack_nm": sample.stack_nm, "heavy_metal_nm": 5.5, "ferromagnet_nm": 1.0,
        "film_area_mm2": 16,
    }  # fmt: skip


def _truth_of_loop(study: Study, name: str, loop: LoopTruth, aborted: bool) -> None:
    study.truth.setdefault("loops", {})[name] = {
        "h_up_oe": rounded(loop.h_0_oe + loop.h_c_oe + loop.field_lag_oe),
        "h_dn_oe": rounded(loop.h_0_oe - loop.h_c_oe - loop.field_lag_oe),
        "h_0_oe": rounded(loop.h_0_oe),
        "r_ahe_ohm": rounded(loop.r_ahe_ohm),
        "slope_ohm_per_oe": rounded(loop.slope_ohm_per_oe),
        "aborted": aborted,
    }


def _record_loop(
    study: Study, name: str, row: dict, loop: LoopTruth, *, half_loop: bool, aborted: bool
) -> None:
    """Simulate a loop and write it as voltages, with the rows that a real logger spoils."""
    rng = study.rng(name)
    current_a = row["current_ma"] * 1e-3
    field, resistance = simulate_loop(loop, 400.0, 162, rng, half_loop=half_loop)
    time = 0.4 * np.arange(field.size)
    voltage = resistance * current_a
    keep = np.arange(field.size)
    repeated_row = not aborted and rng.random() < 0.05
    if aborted:
        keep = keep[:61]
    elif repeated_row:
        keep = np.insert(keep, 80, keep[80])
    time, field, voltage = time[keep], field[keep], voltage[keep]
    nan_row = rng.random() < 0.05
    if nan_row:
        voltage[rng.integers(voltage.size)] = np.nan
    path = study.add(
        id=name, file=f"loops/{name}.csv", format="delimited", temperature_k=300,
        x_column="Field (Oe)", x_unit="Oe", y_column="Vxy (V)", y_unit="V", y_quantity="voltage",
        time_column="t (s)", time_unit="s", **row,
    )  # fmt: skip
    keithley_csv(
        path,
        [f"6221/2182A delta mode, sample {row['sample']}", f"I = {row['current_ma']:g} mA"],
        {"t (s)": (time, ".1f"), "Field (Oe)": (field, ".2f"), "Vxy (V)": (voltage, ".5e")},
    )
    _truth_of_loop(study, name, loop, aborted)
    troubles = {
        "aborted_loops": aborted,
        "half_loops": half_loop,
        "loops_with_nan_row": nan_row,
        "loops_with_repeated_row": repeated_row,
    }
    for trouble, has_it in troubles.items():
        study.truth.setdefault(trouble, []).extend([name] if has_it else [])


def _base_loop(sample: Sample, current_ma: float) -> LoopTruth:
    noise = 1.5e-6 / abs(current_ma * 1e-3)
    return LoopTruth(
        r_ahe_ohm=sample.r_ahe_ohm,
        h_c_oe=sample.h_c_oe * (1 - 0.004 * current_ma**2),
        width_oe=9.0,
        r_offset_ohm=0.02 + 0.01 * sample.thickness_nm,
        slope_ohm_per_oe=-1.2e-6,
        drift_ohm=1e-3,
        noise_ohm=noise,
        pink_ohm=0.3 * noise,
        spike_fraction=0.004,
        adc_step_ohm=2e-8 / abs(current_ma * 1e-3),
        field_jitter_oe=0.3,
        field_lag_oe=0.5,
    )


def _ahe_loop(study: Study, name: str) -> None:
    loop = replace(_base_loop(SAMPLES[name], 0.5), noise_ohm=1.5e-3, pink_ohm=4e-4)
    row = {"kind": "ahe_loop", "sample": name, "field_x_oe": 0, "current_ma": 0.5}
    _record_loop(study, f"ahe_{name}", row, loop, half_loop=False, aborted=False)


def _loop_shift(study: Study, name: str) -> None:
    """H_0 = -s (pi/2) H_DL [g0 + clip(H_x/H_DMI)] - H_x sin(tilt) + H_rem, with s = +1."""
    sample = SAMPLES[name]
    for field_x in FIELDS_X_OE:
        for current in CURRENTS_MA:
            share = sample.zero_field_share + np.clip(field_x / sample.h_dmi_oe, -1, 1)
            h_dl = h_dl_per_ma_oe(sample) * current
            centre = -np.pi / 2 * h_dl * share - field_x * np.sin(np.radians(0.15)) + 1.5
            loop = replace(_base_loop(sample, current), h_0_oe=float(centre))
            identifier = f"shift_{name}_hx{field_x:+05d}_i{current:+.1f}ma"
            identifier = identifier.translate(str.maketrans("+-.", "pmp"))
            aborted = (name, field_x, current) in {
                ("ruo2_1p5", 300, -1.5),
                ("mgo_0p5", -50, 1.5),
            }
            row = {
                "kind": "loop_shift", "sample": name, "field_x_oe": field_x, "current_ma": current,
            }  # fmt: skip
            half_loop = study.rng(identifier + " shape").random() < 0.03
            _record_loop(study, identifier, row, loop, half_loop=half_loop, aborted=aborted)


def _magnetometry(study: Study, name: str) -> None:
    sample = SAMPLES[name]
    moment_emu = sample.m_s_emu_cc * FERROMAGNET_M * 1e2 * AREA_MM2 * 1e-2
    anisotropy = h_k_oe(sample)
    for orientation, maximum, slope in (("oop", 4000, -1.1e-10), ("ip", 24000, -0.8e-10)):
        identifier = f"vsm_{name}_{orientation}"
        rng = study.rng(identifier)
        field = np.concatenate([np.linspace(maximum, -maximum, 161)] * 2)
        field[161:] *= -1
        falling = np.arange(field.size) < 161
        if orientation == "oop":
            m = np.tanh((field + np.where(falling, 1, -1) * sample.h_c_oe) / 40.0)
        else:
            m = np.clip(field / anisotropy, -1, 1)
        field = field + 0.5 * rng.standard_normal(field.size)
        noise = 4e-8 * rng.standard_normal(field.size)
        moment = moment_emu * m + slope * field + 2e-8 + noise
        path = study.add(
            id=identifier, file=f"vsm/{identifier}.csv", format="lakeshore8600", kind="vsm_loop",
            sample=name, temperature_k=300, orientation=orientation,
        )  # fmt: skip
        lakeshore_csv(path, title=name, area_mm2=AREA_MM2, field_oe=field, moment_emu=moment)


def _resistivity(study: Study, name: str) -> None:
    truth = study.truth["samples"][name]["r_xx_ohm"]
    identifier = f"iv_{name}"
    rng = study.rng(identifier)
    current = np.linspace(-1e-3, 1e-3, 21)
    voltage = current * truth + 2e-6 + 4e-5 * rng.standard_normal(current.size)
    path = study.add(
        id=identifier, file=f"iv/{identifier}.csv", format="delimited", kind="resistivity",
        sample=name, temperature_k=300, x_column="I (mA)", x_unit="mA", y_column="Vxx (V)",
        y_unit="V", y_quantity="voltage",
    )  # fmt: skip
    columns = {"I (mA)": (current * 1e3, ".4f"), "Vxx (V)": (voltage, ".6e")}
    keithley_csv(path, [f"four-point I-V, sample {name}, L 30 um, w 5 um"], columns)


def _record_switching(
    study: Study, identifier: str, name: str, *, field_x: float, maximum: float, initial: float,
    polarity: int, factor: float, prefield: float | None = None, width: float = 1e-3,
) -> None:  # fmt: skip
    grains = film(SAMPLES[name])
    rng = study.rng(identifier)
    current = sweep(maximum, maximum / 40)
    state = saturated(grains, 1 if initial > 0 else -1)
    m = pulse(grains, state, current, polarity, rng, threshold_factor=factor)
    resistance = grains.r_offset_ohm + grains.r_ahe_ohm * m
    resistance += grains.joule_ohm_per_ma2 * current**2
    voltage = (resistance + 7e-4 * rng.standard_normal(current.size)) * READ_MA * 1e-3
    path = study.add(
        id=identifier, file=f"switching/{identifier}.csv", format="delimited",
        kind="sot_switching", sample=name, temperature_k=300, field_x_oe=field_x,
        prefield_x_oe=prefield, initial_field_z_oe=initial, current_ma=READ_MA,
        pulse_width_s=width, x_column="Ipulse (mA)", x_unit="mA", y_column="Vxy (V)", y_unit="V",
        y_quantity="voltage",
    )  # fmt: skip
    comments = [f"pulsed switching, sample {name}", f"read {READ_MA} mA, pulse {width:g} s"]
    keithley_csv(path, comments, {"Ipulse (mA)": (current, ".3f"), "Vxy (V)": (voltage, ".6e")})
    study.truth.setdefault("switching", {})[identifier] = {
        "polarity": polarity,
        "switching_ratio": rounded(
            float(np.interp(maximum / factor, grains.threshold_ma, grains.switched_fraction))
            if polarity
            else 0.0
        ),
    }


def _switching(study: Study, name: str) -> None:
    sample = SAMPLES[name]
    factor = common_field_factor(name)
    for field_x in (COMMON_FIELD_OE, -COMMON_FIELD_OE):
        sign = "p" if field_x > 0 else "m"
        _record_switching(
            study, f"sot_{name}_hx{sign}{COMMON_FIELD_OE}", name, field_x=field_x, maximum=22.0,
            initial=2000.0, polarity=int(np.sign(field_x)), factor=factor,
        )  # fmt: skip
    polarity = 1 if sample.field_free_ratio else 0
    _record_switching(
        study, f"sot_{name}_free", name, field_x=0, maximum=13.0, initial=2000.0,
        polarity=polarity, factor=1.0,
    )  # fmt: skip
    if name == "ruo2_0p5":
        for field_x in (50, -50, 100, -100):
            sign = "p" if field_x > 0 else "m"
            share = factor + (1 - factor) * (1 - abs(field_x) / COMMON_FIELD_OE)
            _record_switching(
                study, f"sot_{name}_hx{sign}{abs(field_x)}", name, field_x=field_x, maximum=13.0,
                initial=2000.0, polarity=int(np.sign(field_x)), factor=share,
            )  # fmt: skip
        for maximum in (9.0, 10.0, 11.0, 12.0):
            _record_switching(
                study, f"sot_{name}_free_{maximum:.0f}ma", name, field_x=0, maximum=maximum,
                initial=2000.0, polarity=1, factor=1.0,
            )  # fmt: skip


def _polarity_reversal(study: Study) -> None:
    """The built-in field follows the saturating field, and an antiparallel one from 2350 Oe on."""
    for initial in (2000.0, -2000.0):
        built_in = int(np.sign(initial))
        for magnitude in (390, 980, 1570, 2150, 2350, 2750):
            polarity = -built_in if magnitude >= 2350 else built_in
            sign = "p" if initial > 0 else "m"
            _record_switching(
                study, f"sot_ruo2_0p5_pre{magnitude}_{sign}", "ruo2_0p5", field_x=0, maximum=13.0,
                initial=initial, polarity=polarity, factor=1.0, prefield=-built_in * magnitude,
            )  # fmt: skip
    study.truth["polarity_reversal_prefield_oe"] = 2350


def _pulse_widths(study: Study) -> None:
    grains = film(SAMPLES["ruo2_0p5"])
    for width, word in ((1e-6, "1us"), (1e-5, "10us"), (1e-4, "100us")):
        factor = common_field_factor("ruo2_0p5") * grains.width_factor(width)
        _record_switching(
            study, f"sot_ruo2_0p5_{word}", "ruo2_0p5", field_x=COMMON_FIELD_OE, maximum=22.0,
            initial=2000.0, polarity=1, factor=factor, width=width,
        )  # fmt: skip
    study.truth["pulse_width_law"] = {
        "stability": grains.stability,
        "i_c0_ma": rounded(SAMPLES["ruo2_0p5"].i_c_ma / (1 - np.log(1e6) / grains.stability)),
    }


def _pulse_train(study: Study) -> None:
    """Twelve cycles: a reset by a negative pulse, then growing currents; ten reads after each.

    Every level scatters from cycle to cycle and drifts in log time. The drift is zero on average
    over the reads, so the true state is the mean over the reads of a film without scatter.
    """
    name = "ruo2_0p5"
    grains = replace(film(SAMPLES[name]), cycle_scatter=0.002)
    rng = study.rng("train_ruo2_0p5")
    state = demagnetised_pinned(grains, -1)
    cycles, reads, swing = 12, 10, STATES_OHM[-1] - STATES_OHM[0]
    cycle_sigma, read_sigma, drift = 0.006 * swing, 0.008 * swing, -0.002 * swing
    decade = np.log10(np.arange(1, reads + 1))
    rows = []
    count = 0
    for _ in range(cycles):
        for current in (-15.6, *STATE_CURRENTS_MA):
            count += 1
            m = pulse(grains, state, np.array([current]), 1, rng)[0]
            level = grains.r_offset_ohm + grains.r_ahe_ohm * m + cycle_sigma * rng.standard_normal()
            noise = read_sigma * rng.standard_normal(reads)
            resistance = level + drift * (decade - decade.mean()) + noise
            start = 12.0 * (count - 1)
            for k in range(reads):
                rows.append((start + 1 + k, count, current, resistance[k] * READ_MA * 1e-3))
    time, number, current, voltage = np.array(rows).T
    path = study.add(
        id="train_ruo2_0p5", file="trains/train_ruo2_0p5.csv", format="delimited",
        kind="pulse_train", sample=name, temperature_k=300, field_x_oe=0, current_ma=READ_MA,
        pulse_width_s=1e-3, x_column="Ipulse (mA)", x_unit="mA", y_column="Vxy (V)", y_unit="V",
        y_quantity="voltage", pulse_column="pulse", time_column="t (s)", time_unit="s",
    )  # fmt: skip
    keithley_csv(
        path,
        [f"pulse train, sample {name}", f"read {READ_MA} mA, pulses 1 ms, field-free"],
        {
            "t (s)": (time, ".1f"),
            "pulse": (number, ".0f"),
            "Ipulse (mA)": (current, ".2f"),
            "Vxy (V)": (voltage, ".6e"),
        },
    )
    study.truth["states_ohm"] = list(STATES_OHM)
    study.truth["states_definition"] = (
        "mean resistance over the reads after a pulse, without scatter of thresholds or levels"
    )
    study.truth["states_write_current_ma"] = [-15.6, *STATE_CURRENTS_MA]
    study.truth["states_cycle_sigma_ohm"] = rounded(cycle_sigma)
    study.truth["states_read_sigma_ohm"] = rounded(read_sigma)
    study.truth["states_drift_ohm_per_decade"] = rounded(drift)
    study.truth["states_threshold_scatter"] = grains.cycle_scatter
    study.truth["write_resistance_ohm"] = WRITE_RESISTANCE_OHM
    study.truth["energy_uj"] = rounded((13.2e-3) ** 2 * WRITE_RESISTANCE_OHM * 1e-3 * 1e6)
