"""The ruo2 study: Ta(1)/Pt(5.5)/RuO2(t)/[Co(0.5)/Pt(0.4)]x2/Ru(2) Hall bars, 5 x 30 um2.

Every sample is one `Film` of domains and one `Bar`; all of its files come from these two.
"""

from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.constants import e, hbar, mu_0
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtri

from hall2net.emulate import lock_in
from hall2net.emulate.aging import record_endurance, record_retention
from hall2net.emulate.bar import Bar, Gaussmeter, hall_loop, truth_of_loop
from hall2net.emulate.domains import (
    Film,
    Magnet,
    built_in_torque,
    critical_current,
    crowded,
    deviates,
    shift_per_torque,
)
from hall2net.emulate.harmonic import Device
from hall2net.emulate.instruments import keithley_csv, lakeshore_csv
from hall2net.emulate.study import Study, random_numbers, rounded, sweep
from hall2net.units import OERSTED

SEED = 20260112
WIDTH_M, LENGTH_M, AREA_MM2 = 5e-6, 30e-6, 16.0
HEAVY_METAL_M, FERROMAGNET_M = 5.5e-9, 1.0e-9
G_HM, G_MIX, SML_SLOPE = 1.3e15, 0.59e15, 0.23
FIELDS_X_OE = (0, 50, -50, 100, -100, 200, -200, 300, -300, 400, -400, 600, -600, 800, -800)
CURRENTS_MA = (1.5, -1.5, 3.0, -3.0)
COMMON_FIELD_OE = 200
READ_MA = 0.5
STATES_OHM = (0.33, 0.46, 0.49, 0.52, 0.54, 0.57)
STATE_CURRENTS_MA = (11.0, 12.0, 13.0, 14.2, 15.4)
RESET_MA = -15.6
WRITE_RESISTANCE_OHM = 500.0
FREE_A_M2, COMMON_A_M2 = 2.41e11, 3.33e11
"""Largest current densities: the paper's of field-free switching, and 18 mA at 0.5 nm."""
PREFIELDS_OE = (390, 980, 1570, 2150, 2350, 2750)
DOMAINS = 1500
SATURATION_OE = 2000.0
METER = Gaussmeter(zero_oe=1.5, jitter_oe=0.3, lag_oe=0.5, tilt_deg=0.15, dwell_s=0.4)
DRIFT_OHM = -0.002 * (STATES_OHM[-1] - STATES_OHM[0])
"""Of every state of the 0.5 nm film, a decade of time."""
RETAINED = (1, 4, 6)
"""States whose retention is measured, by number."""
LOST_PER_DECADE = 0.01
"""Fraction of the window that a decade of write cycles takes."""
LOCK_IN = {
    # Currents so small, and fields so far below H_K, that no domain turns.
    "pt": lock_in.Run(2.0, 4000.0, (16_000.0, 20_000.0, 26_000.0, 36_000.0)),
    "ruo2_0p5": lock_in.Run(0.5, 1200.0, (6000.0, 8000.0, 11_000.0, 16_000.0)),
}
FIELD_LIKE = {"pt": -0.3, "ruo2_0p5": 0.15}
"""H_FL over H_DL: not published, ours."""
PLANAR = {"pt": 0.10, "ruo2_0p5": 0.12}
"""R_PHE over R_AHE: not published, ours."""
THERMAL_UOHM_PER_MA = {"pt": 1.0, "ruo2_0p5": 8.0}
TROUBLES = ("aborted_loops", "half_loops", "loops_with_nan_row", "loops_with_repeated_row")


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
    depinning_oe: float
    """Of the median domain within 1 ms; J_c under the common in-plane field follows from it."""
    r_ahe_ohm: float
    r_offset_ohm: float
    field_free_ratio: float = 0.0
    """Switched share of the full swing without in-plane field, at the paper's current density."""


# Enhancement 5.2 and theta 0.36 at 0.5 nm, J_c of the reference 3 times that at 0.5 nm; the other
# samples follow the papers' figures.
XI = 0.1566
SAMPLES = {
    "pt": Sample(0.0, 10.3, XI / 5.2, 1.28, 88.0, 1000, 150, 152.9, 0.170, 0.021),
    "ruo2_0p3": Sample(0.3, 10.6, 0.098, 0.70, 89.0, 800, 180, 122.4, 0.150, -0.034, 0.30),
    "ruo2_0p5": Sample(0.5, 10.8, XI, 0.36, 90.0, 600, 200, 114.8, 0.095 / 0.68, 0.4655, 0.68),
    "ruo2_0p7": Sample(0.7, 11.0, 0.128, 0.48, 91.5, 650, 260, 90.3, 0.140, 0.112, 0.79),
    "ruo2_1p0": Sample(1.0, 11.3, 0.100, 0.60, 93.0, 700, 240, 98.5, 0.145, 0.046),
    "ruo2_1p5": Sample(1.5, 11.8, 0.076, 0.74, 95.0, 760, 220, 110.9, 0.150, -0.018),
    "ruo2_2p0": Sample(2.0, 12.3, 0.060, 0.86, 97.0, 820, 200, 111.9, 0.155, 0.083),
    "ruo2_2p5": Sample(2.5, 12.8, 0.049, 0.97, 99.0, 860, 190, 108.9, 0.160, 0.009),
    "mgo_0p5": Sample(0.5, 10.8, 0.038, 0.365, 90.5, 620, 170, 219.2, 0.140, 0.057),
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


def largest_ma(name: str, density_a_m2: float) -> float:
    """Current in mA at a density through the whole stack, as one sets it."""
    return round(density_a_m2 * WIDTH_M * SAMPLES[name].stack_nm * 1e-9 * 1e3, 1)


@cache
def film(name: str, domains: int = DOMAINS) -> Film:
    """The domains of a sample.

    Depinning fields scatter by 7 %, current densities by 14 % about the median, and a twentieth of
    the Hall cross lies in the voltage arms (half of that), as much at its corners (1.3 times).
    """
    sample, rng = SAMPLES[name], random_numbers(SEED, f"film {name}")
    depinning, crowding, walls, reversal = deviates(domains, 4, rng)
    made = Film(
        depinning_oe=sample.depinning_oe * np.exp(0.07 * depinning),
        crowding=crowded(crowding, sigma=0.14, edges=0.05, arms=0.5, corners=1.3),
        h_dmi_oe=sample.h_dmi_oe * np.exp(0.15 * walls),
        built_in=np.zeros(domains),
        reversal_oe=2250 + 25 * reversal,
        torque_oe_per_ma=np.pi / 2 * h_dl_per_ma_oe(sample),
        heating_ma=10.0 * sample.stack_nm / 10.8,
        h_k_oe=h_k_oe(sample),
        common_scatter=0.008,
        own_scatter=0.02,
    )
    ratio = shift_per_torque(made, max(CURRENTS_MA))
    made = replace(made, torque_oe_per_ma=made.torque_oe_per_ma / ratio)
    if not sample.field_free_ratio:
        return made
    return replace(made, built_in=built_in_torque(made, field_free_thresholds(name, domains)))


def field_free_thresholds(name: str, domains: int) -> np.ndarray:
    """Currents in mA (domains,) at which the domains turn without an in-plane field, ascending.

    Those of the 0.5 nm film are what its six published levels ask for; others are lognormal, as far
    as the share that is turned at the paper's current density lets them.
    """
    sample = SAMPLES[name]
    share = (np.arange(domains) + 0.5) / domains
    if name == "ruo2_0p5":
        turned = (np.array(STATES_OHM) - STATES_OHM[0]) / (2 * sample.r_ahe_ohm)
        # The last domain would turn at 24 mA. Few turn first, so that the onset is round.
        onset = [0.0, 0.004, 0.02, 0.06], [3.5, 4.7, 5.6, 6.6]
        curve = PchipInterpolator(
            [*onset[0], *turned[1:], 1.0], [*onset[1], *STATE_CURRENTS_MA, 24.0]
        )
        return curve(share)
    widths = np.exp(0.18 * ndtri(share))
    at_largest = float(np.interp(sample.field_free_ratio, share, widths))
    return largest_ma(name, FREE_A_M2) / at_largest * widths


@cache
def bar(name: str) -> Bar:
    """The contacts of a sample; the set-up behind them is one for all."""
    sample = SAMPLES[name]
    return Bar(
        r_ahe_ohm=sample.r_ahe_ohm, r_offset_ohm=sample.r_offset_ohm, hall_ohm_per_oe=-1.2e-6,
        joule_ohm_per_ma2=1e-5, pickup_ohm_per_ma=2e-5, offset_v=1e-6, drift_ohm=1e-3,
        noise_v=8e-7,
    )  # fmt: skip


def saturated(name: str, rng: np.random.Generator | None) -> Magnet:
    """The magnet of a sample saturated upwards, the interfacial moment as the film was made."""
    magnet = Magnet(film(name), rng)
    magnet.expose(field_z_oe=SATURATION_OE)
    return magnet


def write(folder: Path) -> None:
    """Write the whole study into `folder`."""
    study = Study(folder, seed=SEED)
    study.truth.update({trouble: [] for trouble in TROUBLES})
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
    _aging(study)
    for name, run in LOCK_IN.items():
        _harmonics(study, name, run)
    study.close()


def _sample_truth(study: Study, name: str) -> None:
    sample = SAMPLES[name]
    backflow, memory_loss = transparency(sample)
    t_int = backflow * memory_loss
    rho = sample.rho_xx_uohm_cm * 1e-8
    xi_e = sample.xi_dl_j / rho
    i_c = common_field_current(name)
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
        "i_c_ma": rounded(i_c),
        "j_c_a_m2": rounded(i_c * 1e-3 / (WIDTH_M * sample.stack_nm * 1e-9)),
        "zero_field_share": rounded(
            0.0 - float(np.median(film(name).crowding * film(name).built_in))
        ),
    }


def common_field_current(name: str) -> float:
    """Critical current in mA at half height, the mean over both signs of the common field."""
    signs = (COMMON_FIELD_OE, -COMMON_FIELD_OE)
    return float(np.mean([critical_current(film(name), x, _common_ma(name)) for x in signs]))


def _common_ma(name: str) -> float:
    """Largest current under the common field; that of field-free switching where there is any."""
    return largest_ma(name, FREE_A_M2 if SAMPLES[name].field_free_ratio else COMMON_A_M2)


def _sample_facts(name: str) -> dict[str, Any]:
    sample = SAMPLES[name]
    spacer = {"pt": "none", "mgo_0p5": "MgO"}.get(name, "RuO2")
    thickness = f"{spacer} {sample.thickness_nm} nm"
    return {
        "sample": name, "label": "Pt reference" if name == "pt" else thickness, "spacer": spacer,
        "thickness_nm": f"{sample.thickness_nm:g}", "width_um": 5, "length_um": 30,
        "stack_nm": sample.stack_nm, "heavy_metal_nm": 5.5, "ferromagnet_nm": 1.0,
        "film_area_mm2": 16, "substrate": "Si", "oxide_nm": 300,
    }  # fmt: skip


def _record_loop(study: Study, name: str, row: dict[str, Any], **shape: bool) -> None:
    """Simulate a loop and write it as voltages, with the rows that a real logger spoils."""
    aborted, half_loop = shape.get("aborted", False), shape.get("half_loop", False)
    rng = study.rng(name)
    contacts = bar(row["sample"])
    loop = hall_loop(
        saturated(row["sample"], rng), contacts, METER, rng, largest_oe=400.0, points=162,
        current_ma=row["current_ma"], field_x_oe=row["field_x_oe"], half_loop=half_loop,
    )  # fmt: skip
    time = METER.dwell_s * np.arange(loop.field_oe.size)
    keep = np.arange(time.size)
    repeated_row = not aborted and rng.random() < 0.05
    if aborted:
        keep = keep[:61]
    elif repeated_row:
        keep = np.insert(keep, 80, keep[80])
    time, field, voltage = time[keep], loop.field_oe[keep], loop.voltage_v[keep]
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
    study.truth.setdefault("loops", {})[name] = truth_of_loop(loop, contacts, aborted)
    for trouble, has_it in zip(TROUBLES, (aborted, half_loop, nan_row, repeated_row), strict=True):
        study.truth[trouble].extend([name] if has_it else [])


def _ahe_loop(study: Study, name: str) -> None:
    row = {"kind": "ahe_loop", "sample": name, "field_x_oe": 0, "current_ma": READ_MA}
    _record_loop(study, f"ahe_{name}", row)


def _loop_shift(study: Study, name: str) -> None:
    for field_x in FIELDS_X_OE:
        for current in CURRENTS_MA:
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
            _record_loop(study, identifier, row, half_loop=half_loop, aborted=aborted)


def _magnetometry(study: Study, name: str) -> None:
    """The whole film: out of plane its domains turn, in plane they are drawn to the field."""
    sample = SAMPLES[name]
    moment_emu = sample.m_s_emu_cc * FERROMAGNET_M * 1e2 * AREA_MM2 * 1e-2
    for orientation, maximum, slope in (("oop", 4000, -1.1e-10), ("ip", 24000, -0.8e-10)):
        identifier = f"vsm_{name}_{orientation}"
        rng = study.rng(identifier)
        field = np.concatenate([np.linspace(maximum, -maximum, 161)] * 2)
        field[161:] *= -1
        if orientation == "oop":
            magnet = saturated(name, rng)
            m = np.concatenate(
                [
                    magnet.sweep(run, current_ma=0.0, field_x_oe=0.0, seconds=1.5)[0]
                    for run in (field[:161], field[161:])
                ]
            )
        else:
            anisotropy = h_k_oe(sample) * (1 + 0.04 * deviates(DOMAINS, 1, rng)[0])
            m = np.clip(field[:, None] / anisotropy, -1, 1).mean(axis=1)
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


@dataclass(frozen=True)
class Protocol:
    """What is done to a sample before and during a switching loop."""

    maximum_ma: float
    field_x_oe: float = 0.0
    initial_z_oe: float = SATURATION_OE
    prefields_x_oe: tuple[float, ...] = ()
    """In-plane fields applied one after the other, and each taken off again. The saturation to
    `initial_z_oe` comes after all but the last."""
    width_s: float = 1e-3

    def prepared(self, name: str, rng: np.random.Generator | None) -> Magnet:
        """The magnet of a sample before the first pulse."""
        magnet = saturated(name, rng)
        for field in self.prefields_x_oe[:-1]:
            magnet.expose(field_z_oe=np.sign(field) * -SATURATION_OE)
            magnet.expose(field_x_oe=field)
        magnet.expose(field_z_oe=self.initial_z_oe)
        for field in self.prefields_x_oe[-1:]:
            magnet.expose(field_x_oe=field)
        return magnet


def _record_switching(study: Study, identifier: str, name: str, protocol: Protocol) -> None:
    rng = study.rng(identifier)
    current = sweep(protocol.maximum_ma, protocol.maximum_ma / 40)
    how = {"field_x_oe": protocol.field_x_oe, "seconds": protocol.width_s}
    m = protocol.prepared(name, rng).pulse(current, **how)
    still = bar(name).still(m, read_ma=READ_MA, write_ma=current)
    voltage = bar(name).recorded(still, read_ma=READ_MA, rng=rng)
    path = study.add(
        id=identifier, file=f"switching/{identifier}.csv", format="delimited",
        kind="sot_switching", sample=name, temperature_k=300, field_x_oe=protocol.field_x_oe,
        prefield_x_oe=protocol.prefields_x_oe[-1] if protocol.prefields_x_oe else None,
        initial_field_z_oe=protocol.initial_z_oe, current_ma=READ_MA,
        pulse_width_s=protocol.width_s, x_column="Ipulse (mA)", x_unit="mA", y_column="Vxy (V)",
        y_unit="V", y_quantity="voltage",
    )  # fmt: skip
    comments = [
        f"pulsed switching, sample {name}",
        f"read {READ_MA} mA, pulse {protocol.width_s:g} s",
    ]
    keithley_csv(path, comments, {"Ipulse (mA)": (current, ".3f"), "Vxy (V)": (voltage, ".6e")})
    ends = protocol.prepared(name, None).pulse(protocol.maximum_ma * np.array([1, -1, 1]), **how)
    swing = float(ends[2] - ends[1]) / 2
    study.truth.setdefault("switching", {})[identifier] = {
        "polarity": int(np.sign(swing)),
        "switching_ratio": rounded(abs(swing)),
    }


def _switching(study: Study, name: str) -> None:
    largest = largest_ma(name, FREE_A_M2)
    runs = {
        f"hx{sign}{COMMON_FIELD_OE}": Protocol(_common_ma(name), field_x)
        for sign, field_x in (("p", COMMON_FIELD_OE), ("m", -COMMON_FIELD_OE))
    }
    runs["free"] = Protocol(largest)
    if name == "ruo2_0p5":
        for field_x in (50, -50, 100, -100):
            runs[f"hx{'p' if field_x > 0 else 'm'}{abs(field_x)}"] = Protocol(largest, field_x)
        for maximum in (9.0, 10.0, 11.0, 12.0):
            runs[f"free_{maximum:.0f}ma"] = Protocol(maximum)
    for word, protocol in runs.items():
        _record_switching(study, f"sot_{name}_{word}", name, protocol)


def _polarity_reversal(study: Study) -> None:
    """Figures 3e and f in the order of the text, without a field during the pulses.

    Saturated down, then nothing or an antiparallel (positive) in-plane field; then, with the
    interfacial moment reversed by the largest of these, saturated up, then a parallel (negative)
    one.
    """
    name = "ruo2_0p5"
    maximum = largest_ma(name, FREE_A_M2)
    protocol = Protocol(maximum, initial_z_oe=-SATURATION_OE)
    _record_switching(study, f"sot_{name}_free_m", name, protocol)
    down = [(field, (field,)) for field in PREFIELDS_OE]
    up = [(field, (PREFIELDS_OE[-1], -field)) for field in PREFIELDS_OE]
    for word, initial, steps in (("m", -SATURATION_OE, down), ("p", SATURATION_OE, up)):
        for field, fields in steps:
            protocol = Protocol(maximum, initial_z_oe=initial, prefields_x_oe=fields)
            _record_switching(study, f"sot_{name}_pre{field:g}_{word}", name, protocol)
    study.truth["polarity_reversal_prefield_oe"] = min(f for f in PREFIELDS_OE if f > 2250)


def _pulse_widths(study: Study) -> None:
    name, largest = "ruo2_0p5", largest_ma("ruo2_0p5", FREE_A_M2)
    for width, word in ((1e-6, "1us"), (1e-5, "10us"), (1e-4, "100us")):
        protocol = Protocol(largest, COMMON_FIELD_OE, width_s=width)
        _record_switching(study, f"sot_{name}_{word}", name, protocol)
    study.truth["pulse_width_law"] = {
        "stability": film(name).stability,
        "i_c_ma": {
            f"{width:g}": rounded(
                critical_current(film(name), COMMON_FIELD_OE, largest, seconds=width)
            )
            for width in (1e-6, 1e-5, 1e-4, 1e-3)
        },
    }


def _train(rng: np.random.Generator | None, cycles: int) -> tuple[np.ndarray, np.ndarray]:
    """Currents (pulses,) of the pulse train, and the magnetisation after each."""
    protocol = Protocol(0.0, initial_z_oe=-SATURATION_OE, prefields_x_oe=(PREFIELDS_OE[-1],))
    current = np.tile([RESET_MA, *STATE_CURRENTS_MA], cycles)
    return current, protocol.prepared("ruo2_0p5", rng).pulse(current)


def _pulse_train(study: Study) -> None:
    """Twelve cycles: a reset by a negative pulse, then growing currents; ten reads after each.

    The film was saturated down and its interfacial moment reversed before, so that positive pulses
    raise the resistance. Every state drifts in log time; the drift is zero on average over the
    reads, so the true state is their mean without scatter.
    """
    name, contacts = "ruo2_0p5", bar("ruo2_0p5")
    rng = study.rng("train_ruo2_0p5")
    cycles, reads = 12, 10
    current, m = _train(rng, cycles)
    decade = np.log10(np.arange(1, reads + 1))
    still = contacts.still(m, read_ma=READ_MA, write_ma=current)[:, None]
    voltage = contacts.recorded(
        (still + DRIFT_OHM * (decade - decade.mean())).ravel(), read_ma=READ_MA, rng=rng
    )
    number = np.arange(1, current.size + 1)
    time = 12.0 * (number[:, None] - 1) + np.arange(1, reads + 1)
    path = study.add(
        id="train_ruo2_0p5", file="trains/train_ruo2_0p5.csv", format="delimited",
        kind="pulse_train", sample=name, temperature_k=300, field_x_oe=0,
        prefield_x_oe=PREFIELDS_OE[-1], initial_field_z_oe=-SATURATION_OE, current_ma=READ_MA,
        pulse_width_s=1e-3, x_column="Ipulse (mA)", x_unit="mA", y_column="Vxy (V)", y_unit="V",
        y_quantity="voltage", pulse_column="pulse", time_column="t (s)", time_unit="s",
    )  # fmt: skip
    keithley_csv(
        path,
        [f"pulse train, sample {name}", f"read {READ_MA} mA, pulses 1 ms, field-free"],
        {
            "t (s)": (time.ravel(), ".1f"),
            "pulse": (np.repeat(number, reads), ".0f"),
            "Ipulse (mA)": (np.repeat(current, reads), ".2f"),
            "Vxy (V)": (voltage, ".6e"),
        },
    )
    _truth_of_train(study)


def _truth_of_train(study: Study) -> None:
    contacts = bar("ruo2_0p5")
    states = len(STATES_OHM)
    current, still = _train(None, 2)
    exact = contacts.still(still, read_ma=READ_MA, write_ma=current)[states:]
    _, m = _train(study.rng("many cycles"), 200)
    scatter = contacts.r_ahe_ohm * m[states:].reshape(-1, states).std(axis=0, ddof=1)
    study.truth |= {
        "states_ohm": [rounded(value) for value in exact.tolist()],
        "states_definition": "mean resistance over the reads after a pulse, without scatter",
        "states_write_current_ma": [RESET_MA, *STATE_CURRENTS_MA],
        "states_cycle_sigma_ohm": [rounded(value) for value in scatter.tolist()],
        "states_read_sigma_ohm": rounded(contacts.noise_v / (READ_MA * 1e-3)),
        "states_drift_ohm_per_decade": rounded(DRIFT_OHM),
        "write_resistance_ohm": WRITE_RESISTANCE_OHM,
        "energy_uj": rounded((13.2e-3) ** 2 * WRITE_RESISTANCE_OHM * 1e-3 * 1e6),
    }


def _aging(study: Study) -> None:
    """Retention of three of the train's states, and endurance without an in-plane field.

    The states are written as in the last cycle of a train, and drift as they do there.
    """
    name, contacts = "ruo2_0p5", bar("ruo2_0p5")
    prefield = PREFIELDS_OE[-1]
    for number in RETAINED:
        identifier = f"ret_{name}_state{number}"
        current, m = _train(study.rng(f"{identifier} write"), 1)
        still = contacts.still(m, read_ma=READ_MA, write_ma=current)[number - 1]
        record_retention(
            study, identifier, contacts, float(still), DRIFT_OHM, read_ma=READ_MA, sample=name,
            field_x_oe=0, prefield_x_oe=prefield,
        )  # fmt: skip
    largest = largest_ma(name, FREE_A_M2)
    protocol = Protocol(largest, initial_z_oe=-SATURATION_OE, prefields_x_oe=(prefield,))
    identifier = f"end_{name}"
    magnet = protocol.prepared(name, study.rng(f"{identifier} writes"))
    record_endurance(
        study, identifier, contacts, magnet, LOST_PER_DECADE, (largest, -largest), read_ma=READ_MA,
        sample=name,
    )  # fmt: skip


def harmonic_device(name: str) -> Device:
    """A sample as the lock-in amplifiers see it: one macrospin of the film's torque and anisotropy.

    The Oersted field is that of the platinum below the magnet, whose share of the current is that
    of its thickness.
    """
    sample, contacts = SAMPLES[name], bar(name)
    h_dl = h_dl_per_ma_oe(sample)
    share = HEAVY_METAL_M * 1e9 / sample.stack_nm
    return Device(
        r_ahe_ohm=contacts.r_ahe_ohm,
        r_phe_ohm=PLANAR[name] * contacts.r_ahe_ohm,
        h_k_oe=h_k_oe(sample),
        h_dl_per_ma_oe=h_dl,
        h_fl_per_ma_oe=FIELD_LIKE[name] * h_dl,
        h_oersted_per_ma_oe=-share / (2 * WIDTH_M) * 1e-3 / OERSTED,
        thermal_uohm_per_ma=THERMAL_UOHM_PER_MA[name],
        r_offset_ohm=contacts.r_offset_ohm,
        # A pick-up k I in R is k I^2/2 in the second harmonic.
        second_offset_ohm=contacts.pickup_ohm_per_ma * LOCK_IN[name].peak_ma / 2,
        misalignment_deg=0.3,
        tilt_deg=METER.tilt_deg,
        phase_deg=2.0,
    )


def _harmonics(study: Study, name: str, run: lock_in.Run) -> None:
    device = harmonic_device(name)
    lock_in.record(study, name, device, run, SATURATION_OE)
    study.truth["samples"][name] |= {
        "h_fl_per_ma_oe": rounded(device.h_fl_per_ma_oe),
        "h_oersted_per_ma_oe": rounded(device.h_oersted_per_ma_oe),
        "planar_hall_ratio": PLANAR[name],
        "thermal_uohm_per_ma": THERMAL_UOHM_PER_MA[name],
    }
