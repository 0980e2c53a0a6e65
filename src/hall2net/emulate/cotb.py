"""The cotb study: freestanding ferrimagnetic Pt(9)/CoTb(6), Hall bar 5 um wide.

Both samples are one `Film` of domains at every temperature, and one `Bar`.
"""

from functools import cache
from pathlib import Path

import numpy as np

from hall2net.emulate.aging import record_endurance, record_retention
from hall2net.emulate.bar import Bar, Gaussmeter, hall_loop, truth_of_loop
from hall2net.emulate.domains import Film, Magnet, crowded, deviates
from hall2net.emulate.instruments import keithley_csv, versalab_dat
from hall2net.emulate.study import Study, random_numbers, rounded, sweep

SEED = 20250806
T_M_K = 275.0
TEMPERATURES_K = (150, 200, 225, 240, 250, 260, 268, 282, 290, 300, 310, 325, 350)
R_AHE_OHM = 0.075
READ_MA = 0.1
MAXIMUM_MA = 20.0
SATURATION_OE = 5000.0
DOMAINS = 1500
RELAXED_PER_DECADE = 0.002
"""Fraction of the magnetisation that is lost in a decade of time."""
LOST_PER_DECADE = 0.008
"""Fraction of the window that a decade of write cycles takes."""
SAMPLES = {"as_grown": 0.0, "freestanding": 1.0}
"""Shift of the compensation temperature in K: "invariant" within the error."""
METER = Gaussmeter(zero_oe=0.0, jitter_oe=1.0, lag_oe=3.0, tilt_deg=0.0, dwell_s=2.5)


@cache
def film(sample: str, temperature_k: float) -> Film:
    """The domains of a sample at a temperature.

    A domain's moment is small near its own compensation temperature, which scatters by 0.8 K: there
    it needs a large field. 10 mA turn half of the film at 300 K, under the paper's in-plane field.
    """
    depinning, crowding, composition = deviates(DOMAINS, 3, random_numbers(SEED, f"film {sample}"))
    distance = temperature_k - T_M_K - SAMPLES[sample] - 0.8 * composition
    nothing = np.zeros(DOMAINS)
    return Film(
        # Moment linear in the distance, anisotropy falling with the temperature.
        depinning_oe=13_300 * (1 - 2e-3 * distance) / np.abs(distance) * np.exp(0.04 * depinning),
        crowding=crowded(crowding, sigma=0.24),
        h_dmi_oe=nothing + 100.0,
        built_in=nothing,
        reversal_oe=nothing + np.inf,
        torque_oe_per_ma=34.6,
        heating_ma=16.0,
        h_k_oe=20_000.0,
        common_scatter=0.01,
        own_scatter=0.02,
    )


def bar(sample: str, temperature_k: float) -> Bar:
    """The contacts; R_A changes sign with the net moment at T_M."""
    sign = np.sign(temperature_k - T_M_K - SAMPLES[sample])
    return Bar(
        r_ahe_ohm=float(sign * R_AHE_OHM * (1 - 4e-4 * (temperature_k - 300))),
        r_offset_ohm=0.010, hall_ohm_per_oe=-4e-7, joule_ohm_per_ma2=1e-6, pickup_ohm_per_ma=2e-6,
        offset_v=1e-7, drift_ohm=4e-4, noise_v=4e-8, spike_fraction=0.003, adc_v=1e-10,
    )  # fmt: skip


def write(folder: Path) -> None:
    """Write the whole study into `folder`."""
    study = Study(folder, seed=SEED)
    study.truth["t_m_k"] = {sample: T_M_K + shift for sample, shift in SAMPLES.items()}
    study.truth["r_ahe_300k_ohm"] = R_AHE_OHM
    for sample in SAMPLES:
        study.samples.append(
            {"sample": sample, "label": sample.replace("_", " "), "spacer": "none",
             "thickness_nm": 0, "width_um": 5, "length_um": 30, "stack_nm": 15,
             "heavy_metal_nm": 9, "ferromagnet_nm": 6, "substrate": "MgO"}
        )  # fmt: skip
        for temperature in TEMPERATURES_K:
            _ahe_loop(study, sample, temperature)
        for field_x in (250, -250):
            _switching(study, sample, field_x)
    _aging(study, "freestanding")
    study.close()


def _ahe_loop(study: Study, sample: str, temperature: float) -> None:
    identifier = f"ahe_{sample}_{temperature}k"
    rng = study.rng(identifier)
    contacts = bar(sample, temperature)
    loop = hall_loop(
        Magnet(film(sample, temperature), rng), contacts, METER, rng, largest_oe=SATURATION_OE,
        points=402, current_ma=READ_MA,
    )  # fmt: skip
    path = study.add(
        id=identifier, file=f"versalab/{identifier}.dat", format="multivu", kind="ahe_loop",
        sample=sample, temperature_k=temperature, current_ma=READ_MA, x_column="Field (Oe)",
        x_unit="Oe", y_column="Resistance Ch1 (Ohms)", y_unit="ohm", y_quantity="resistance",
    )  # fmt: skip
    remark = '"bridge checked,\nrange kept"' if temperature == 300 else ""
    versalab_dat(
        path, title=identifier, sample="Pt(9)/CoTb(6)", comment="5 µm × 30 µm Hall bar",
        remark=remark, temperature_k=temperature + 0.01 * rng.standard_normal(loop.field_oe.size),
        field_oe=loop.field_oe, resistance_ohm=loop.voltage_v / (READ_MA * 1e-3),
        current_ma=READ_MA,
    )  # fmt: skip
    study.truth.setdefault("loops", {})[identifier] = truth_of_loop(loop, contacts, aborted=False)


def _switching(study: Study, sample: str, field_x: float) -> None:
    identifier = f"sot_{sample}_{'p25mt' if field_x > 0 else 'm25mt'}"
    rng = study.rng(identifier)
    contacts = bar(sample, 300)
    current = sweep(MAXIMUM_MA, 0.25)
    m = _saturated(sample, rng).pulse(current, field_x_oe=field_x)
    still = contacts.still(m, read_ma=READ_MA, write_ma=current)
    voltage = contacts.recorded(still, read_ma=READ_MA, rng=rng)
    path = study.add(
        id=identifier, file=f"switching/{identifier}.csv", format="delimited",
        kind="sot_switching", sample=sample, temperature_k=300, field_x_oe=field_x,
        initial_field_z_oe=SATURATION_OE, current_ma=READ_MA, pulse_width_s=1e-3,
        x_column="I write (mA)", x_unit="mA", y_column="V Hall (uV)", y_unit="uV",
        y_quantity="voltage",
    )  # fmt: skip
    keithley_csv(
        path,
        [f"SOT switching, {sample}", f"mu0 Hx = {field_x / 10:g} mT", "probe 100 uA"],
        {"I write (mA)": (current, ".3f"), "V Hall (uV)": (voltage * 1e6, ".4f")},
    )
    ends = MAXIMUM_MA * np.array([1, -1, 1])
    turned = _saturated(sample, None).pulse(ends, field_x_oe=field_x)
    swing = float(turned[2] - turned[1]) / 2
    study.truth.setdefault("switching", {})[identifier] = {
        "polarity": int(np.sign(swing)),
        "switching_ratio": rounded(abs(swing)),
        "r_ahe_ohm": R_AHE_OHM,
    }


def _aging(study: Study, sample: str) -> None:
    """Retention of the two outer states, which sink towards each other, and endurance."""
    contacts, field_x = bar(sample, 300), -250.0
    for word, last in (("low", MAXIMUM_MA), ("high", -MAXIMUM_MA)):
        identifier = f"ret_{sample}_{word}"
        magnet = _saturated(sample, study.rng(f"{identifier} write"))
        m = magnet.pulse(np.array([-last, last]), field_x_oe=field_x)[-1:]
        still = contacts.still(m, read_ma=READ_MA, write_ma=last)
        record_retention(
            study, identifier, contacts, float(still[0]),
            float(-RELAXED_PER_DECADE * contacts.r_ahe_ohm * m[0]), read_ma=READ_MA, sample=sample,
            field_x_oe=field_x,
        )  # fmt: skip
    identifier = f"end_{sample}"
    magnet = _saturated(sample, study.rng(f"{identifier} writes"))
    record_endurance(
        study, identifier, contacts, magnet, LOST_PER_DECADE, (MAXIMUM_MA, -MAXIMUM_MA),
        read_ma=READ_MA, field_x_oe=field_x, sample=sample,
    )  # fmt: skip


def _saturated(sample: str, rng: np.random.Generator | None) -> Magnet:
    """The magnet at 300 K after a saturation upwards."""
    magnet = Magnet(film(sample, 300), rng)
    magnet.expose(field_z_oe=SATURATION_OE)
    return magnet
