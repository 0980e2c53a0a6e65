"""Do total intervals hold the truth where a laboratory has its dimensions and calibrations wrong?

Each study is two samples with truths of their own. Its laboratory is wrong by errors drawn at
random: in width, length and layers of the bars, in the area of the films, in the calibrations of
magnetometer, field and current, and in the offset of the field; each with a sigma of its own,
common to both samples or not. What it writes into its tables is drawn from there, with noise:
centres of loops, moments, resistances, critical currents. The walls of a sample align at fields
that scatter, so that its knee is rounder than a corner.

    python bench/coverage_systematics.py [studies]

prints a table in Markdown. `all parts` is the coverage of the total interval, `without models` that
of the statistical and the laboratory's part alone, which for H_DMI and what follows from H_DL lacks
the model of the knee.
"""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.constants import e, hbar, mu_0

from hall2net.physics.film_moments import magnetometry_parts
from hall2net.physics.magnetometry import QUANTITIES as FILM
from hall2net.physics.systematics import ASSUMED, SOURCES, Off, Systematics, in_quadrature
from hall2net.physics.torque import torque_rows
from hall2net.tables import uncertainty_column
from hall2net.units import OERSTED

FIELDS_X_OE = (0, 50, -50, 100, -100, 200, -200, 300, -300, 400, -400, 600, -600, 800, -800)
CURRENTS_MA = (1.5, -1.5, 3.0, -3.0)
DIMENSIONS = {"width_um": 5.0, "length_um": 30.0, "stack_nm": 10.8, "heavy_metal_nm": 5.5,
              "ferromagnet_nm": 1.0, "film_area_mm2": 16.0}  # fmt: skip
QUANTITIES = (
    "rho_xx_uohm_cm", "m_s_emu_cc", "h_k_oe", "k_s_erg_cm2", "h_dl_per_ma_oe", "h_dmi_oe",
    "xi_dl_j", "xi_dl_e", "t_int", "theta_sh", "sigma_sh", "j_c_a_m2", "xi_ratio", "theta_ratio",
    "j_c_ratio",
)  # fmt: skip
SAMPLES = ("ref", "best")
NOISE = 2e-3
"""1 sigma of a moment, an anisotropy field, a resistance and a critical current, relative."""


class Truth:
    """One sample as it is."""

    def __init__(self, rng: np.random.Generator, off: Off) -> None:
        self.facts = {name: used * getattr(off, name) for name, used in DIMENSIONS.items()}
        self.h_dl_per_ma_oe = float(np.exp(rng.uniform(np.log(2), np.log(16))))
        self.h_dmi_oe, self.g0 = rng.uniform(120, 350), rng.uniform(0, 0.3)
        # Walls of many domains; the tangent at zero field meets the plateau at H_DMI.
        walls = np.exp(rng.uniform(0, 0.4) * rng.standard_normal(200))
        self.walls_oe = self.h_dmi_oe * walls * np.mean(1 / walls)
        self.r_xx_ohm, self.i_c_ma = rng.uniform(300, 700), rng.uniform(5, 20)
        self.areal_moment_a, self.h_k_oe = rng.uniform(5e-4, 9e-4), rng.uniform(3e3, 6e3)
        self._derive()

    def _derive(self) -> None:
        """Derived numbers by formulas written out here."""
        facts = self.facts
        area = facts["width_um"] * facts["stack_nm"] * 1e-15
        self.rho_xx_uohm_cm = 1e8 * self.r_xx_ohm * area / (1e-6 * facts["length_um"])
        m_s = self.areal_moment_a / (1e-9 * facts["ferromagnet_nm"])
        self.m_s_emu_cc = 1e-3 * m_s
        surface = mu_0 * self.areal_moment_a * (m_s + self.h_k_oe * OERSTED) / 2
        self.k_s_erg_cm2 = 1e3 * surface
        h_dl_per_j = self.h_dl_per_ma_oe * OERSTED * 1e3 * area
        self.xi_dl_j = 2 * e / hbar * mu_0 * self.areal_moment_a * h_dl_per_j
        rho = 1e-8 * self.rho_xx_uohm_cm
        self.xi_dl_e = self.xi_dl_j / rho
        depth = 1e-9 * facts["heavy_metal_nm"] * rho * 1.3e15
        t_sbf = (1 - 1 / np.cosh(depth)) / (1 + 1.3 * np.tanh(depth) / (2 * 0.59))
        self.t_int = t_sbf * (1 - 0.23 * self.k_s_erg_cm2)
        self.theta_sh, self.sigma_sh = self.xi_dl_j / self.t_int, self.xi_dl_e / self.t_int
        self.j_c_a_m2 = self.i_c_ma * 1e-3 / area


def coverage(studies: int, seed: int = 0) -> pd.DataFrame:
    """Pulls of every quantity, one row a study: (found - true)/sigma, total and without models."""
    return pd.DataFrame([_pulls(np.random.default_rng([seed, k])) for k in range(studies)])


def _pulls(rng: np.random.Generator) -> dict[str, float]:
    block, errors = drawn_laboratory(rng)
    truths = {sample: Truth(rng, errors[sample]) for sample in SAMPLES}
    samples = {sample: DIMENSIONS | {"thickness_nm": 0.5} for sample in SAMPLES}
    tables = written_tables(truths, errors, rng)
    four = (tables[name] for name in ("loops", "magnetometry", "resistivity", "switching"))
    settings = {"reference": "ref", "convention": {}, "systematics": block}
    best = torque_rows(*four, samples, **settings)[SAMPLES.index("best")]
    film = tables["magnetometry"].set_index("sample", drop=False).loc["best"].to_dict()
    parts = magnetometry_parts(film, Systematics.of(block, samples))
    for place, name in enumerate(FILM):
        best["parts"][name] = {source: float(part[place]) for source, part in parts.items()}
    row: dict[str, float] = {}
    for name in QUANTITIES:
        changes = best["parts"][name]
        laboratory = in_quadrature(part for source, part in changes.items() if source in SOURCES)
        error = (film | best)[name] - _true(truths, name)
        u = (film | best)[uncertainty_column(name)]
        row[f"{name}_total"] = error / np.hypot(u, in_quadrature(changes.values()))
        row[f"{name}_laboratory"] = error / np.hypot(u, laboratory)
        row[f"{name}_statistical"] = error / u
    return row


def _true(truths: Mapping[str, Truth], name: str) -> float:
    """A quantity of the second sample, or its ratio to the first."""
    of_ratio = {"xi_ratio": "xi_dl_j", "theta_ratio": "theta_sh", "j_c_ratio": "j_c_a_m2"}
    ref, best = (getattr(truths[sample], of_ratio.get(name, name)) for sample in SAMPLES)
    if name not in of_ratio:
        return best
    return ref / best if name == "j_c_ratio" else best / ref


def drawn_laboratory(
    rng: np.random.Generator,
) -> tuple[dict[str, dict[str, Any]], dict[str, Off]]:
    """A block `systematics`, and what is wrong in each sample: some percent, common or not."""
    block: dict[str, dict[str, Any]] = {}
    wrong: dict[str, dict[str, float]] = {sample: {} for sample in SAMPLES}
    for name in SOURCES:
        sigma, common = ASSUMED[name].sigma * rng.uniform(0.3, 1.5), bool(rng.random() < 0.5)
        words = f"{100 * sigma:.6f} %" if ASSUMED[name].relative else sigma
        block[name] = {"sigma": words, "common": common}
        errors = sigma * rng.standard_normal(2)
        for place, sample in enumerate(SAMPLES):
            wrong[sample][name] = getattr(Off(), name) + errors[0 if common else place]
    return block, {sample: Off(**errors) for sample, errors in wrong.items()}


def written_tables(
    truths: Mapping[str, Truth],
    errors: Mapping[str, Off],
    rng: np.random.Generator,
    *,
    loops: bool = True,
) -> dict[str, pd.DataFrame]:
    """What the laboratory has in its tables, by dimensions and readings that are off."""
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("loops", "magnetometry", "resistivity", "switching")
    }
    for sample, truth in truths.items():
        off = errors[sample]
        noisy = 1 + NOISE * rng.standard_normal(4)
        same = {"sample": sample, "status": "ok", "reason": ""}
        rows["loops"] += _centres(sample, truth, off, rng) if loops else []
        areal = truth.areal_moment_a * off.film_area_mm2 / off.moment * noisy[0]
        m_s, h_k = 1e9 * areal, truth.h_k_oe / off.field * noisy[1]
        k_s = 1e3 * mu_0 * areal * (m_s + h_k * OERSTED) / 2
        shape = m_s / (m_s + h_k * OERSTED)
        k_s_u = NOISE * k_s * np.hypot(1 + shape, 1 - shape)
        rows["magnetometry"].append(same | {
            "areal_moment_a": areal, "areal_moment_u_a": NOISE * areal,
            "m_s_emu_cc": 1e-3 * m_s, "m_s_u_emu_cc": NOISE * 1e-3 * m_s,
            "h_k_oe": h_k, "h_k_u_oe": NOISE * h_k, "k_s_erg_cm2": k_s, "k_s_u_erg_cm2": k_s_u,
            "k_s_moment_correlation": NOISE * k_s * (1 + shape) / k_s_u,
            "areal_moment_window_a": 0.0, "k_s_window_erg_cm2": 0.0,
        })  # fmt: skip
        r_xx = truth.r_xx_ohm * off.current * noisy[2]
        rho = r_xx * 5.0 * 10.8 / 30.0 * 0.1
        rows["resistivity"].append(same | {
            "r_xx_ohm": r_xx, "r_xx_u_ohm": NOISE * r_xx, "rho_xx_uohm_cm": rho,
            "rho_xx_u_uohm_cm": NOISE * rho,
        })  # fmt: skip
        j_c = truth.i_c_ma / off.current * 1e-3 / (5.0 * 10.8e-15) * noisy[3]
        rows["switching"].append(same | {
            "field_x_oe": 200.0, "prefield_x_oe": np.nan, "pulse_width_s": 1e-3, "j_c_a_m2": j_c,
            "j_c_u_a_m2": NOISE * j_c, "switching_ratio": np.nan,
            "current_max_ma": 25.0, "current_layer": "stack",
        })  # fmt: skip
    return {name: pd.DataFrame(some) for name, some in rows.items()}


def _centres(sample: str, truth: Truth, off: Off, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Rows of loops.csv: H_0 = -(pi/2) H_DL [g0 + f(H_x)] + remanence, read on a wrong scale."""
    rows = []
    for field in FIELDS_X_OE:
        true_field = field * off.field + off.field_offset_oe
        aligned = truth.g0 + np.mean(np.clip(true_field / truth.walls_oe, -1, 1))
        for current in CURRENTS_MA:
            u = 1.0 / abs(current)
            centre = -np.pi / 2 * truth.h_dl_per_ma_oe * current * off.current * aligned + 2.0
            read = (centre - off.field_offset_oe) / off.field + u * rng.standard_normal()
            rows.append({
                "id": f"{sample}_{field}_{current}", "kind": "loop_shift", "sample": sample,
                "temperature_k": 300.0, "field_x_oe": field, "current_ma": current, "h_0_oe": read,
                "h_0_u_oe": u, "h_step_u_oe": 0.0, "h_c_oe": 150.0, "h_c_u_oe": u,
                "r_ahe_ohm": 0.1, "r_ahe_u_ohm": 1e-3, "status": "ok", "reason": "",
            })  # fmt: skip
    return rows


def inside(pulls: pd.DataFrame, name: str, kind: str) -> float:
    """Fraction of the studies whose 95 % interval holds the truth."""
    known = pulls[f"{name}_{kind}"].dropna()
    return float((known.abs() < 1.96).mean())


def main(studies: int) -> None:
    pulls = coverage(studies)
    print(f"{studies} studies; inside the 95 % interval (%):\n")
    print(
        "| quantity | n | all parts | without models | statistical alone |\n|---|---|---|---|---|"
    )
    for name in QUANTITIES:
        count = pulls[f"{name}_total"].notna().sum()
        kinds = ("total", "laboratory", "statistical")
        cells = " | ".join(f"{100 * inside(pulls, name, kind):.1f}" for kind in kinds)
        print(f"| {name} | {count} | {cells} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
