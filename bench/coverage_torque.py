"""Coverage of the torque analysis: do its 95 % intervals hold the truth in 95 % of cases?

Each set is one sample with a truth of its own: Hall loops at in-plane fields and four currents, a
pair of magnetometry loops and a current-voltage curve, analysed from the points up. The loops are
those of the emulated study (60 a set), or laboratory-like ones that share no function with the fit
(32 a set, each with nuisances of its own, at currents of which no two are equal in size).

    python bench/coverage_torque.py [sets]

prints a table in Markdown for each of the two.
"""

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr
from scipy.constants import e, hbar, mu_0

from hall2net.emulate.laboratory import draw_loop
from hall2net.emulate.loop import LoopTruth, simulate_loop
from hall2net.measurement import CONDITIONS, POINT_VARIABLES
from hall2net.physics.loops import fit_loop, fit_loops
from hall2net.physics.magnetometry import magnetometry_table
from hall2net.physics.resistivity import resistivity_table
from hall2net.physics.torque import torque_table
from hall2net.tables import systematic_column, uncertainty_column
from hall2net.units import OERSTED

FACTS = {
    "thickness_nm": 0.5, "width_um": 5.0, "length_um": 30.0, "stack_nm": 10.8,
    "heavy_metal_nm": 5.5, "ferromagnet_nm": 1.0, "film_area_mm2": 16.0,
}  # fmt: skip
FIELDS_X_OE = (0, 50, -50, 100, -100, 200, -200, 300, -300, 400, -400, 600, -600, 800, -800)
LABORATORY_FIELDS_X_OE = (100, -100, 200, -200, 400, -400, 800, -800)
CURRENTS_MA = (1.5, -1.5, 3.0, -3.0)
QUANTITIES = (
    "h_dl_per_ma_oe", "h_dmi_oe", "g0", "xi_dl_j", "xi_dl_e", "k_s_erg_cm2", "t_int", "sigma_sh",
    "theta_sh", "rho_xx_uohm_cm",
)  # fmt: skip
WITH_MODELS = ("h_dl_per_ma_oe", "h_dmi_oe", "g0", "xi_dl_j", "theta_sh")
NO_SWITCHING = pd.DataFrame(
    columns=["sample", "status", "field_x_oe", "prefield_x_oe", "pulse_width_s", "j_c_a_m2",
             "switching_ratio", "current_max_ma"]
)  # fmt: skip


class Truth:
    """One sample, drawn over the ranges that the emulated study spans."""

    def __init__(self, rng: np.random.Generator) -> None:
        width, stack, heavy_metal = 5e-6, 10.8e-9, 5.5e-9
        self.xi_dl_j = float(np.exp(rng.uniform(np.log(0.03), np.log(0.16))))
        self.k_s_erg_cm2 = rng.uniform(0.35, 1.3)
        self.rho_xx_uohm_cm = rng.uniform(80, 105)
        self.h_dmi_oe = rng.uniform(100, 500)
        self.g0 = rng.choice([0.0, rng.uniform(0, 0.35)])
        # A moment that leaves a perpendicular easy axis: H_k from 2 to 14 kOe.
        h_k = rng.uniform(2e3, 14e3) * OERSTED
        k_s = 2e-3 * self.k_s_erg_cm2 / mu_0 / 1e-9
        self.m_s = (np.sqrt(h_k**2 + 4 * k_s) - h_k) / 2
        self.h_k_oe = h_k / OERSTED
        rho = 1e-8 * self.rho_xx_uohm_cm
        self.r_xx_ohm = rho * 30e-6 / (width * stack)
        density = 1e-3 / (width * stack)
        h_dl = self.xi_dl_j * density * hbar / (2 * e * mu_0 * self.m_s * 1e-9)
        self.h_dl_per_ma_oe = h_dl / OERSTED
        depth = heavy_metal * rho * 1.3e15
        t_sbf = (1 - 1 / np.cosh(depth)) / (1 + 1.3 * np.tanh(depth) / (2 * 0.59))
        self.t_int = t_sbf * (1 - 0.23 * self.k_s_erg_cm2)
        self.xi_dl_e = self.xi_dl_j / rho
        self.theta_sh = self.xi_dl_j / self.t_int
        self.sigma_sh = self.xi_dl_e / self.t_int


def coverage(sets: int, seed: int = 0, *, laboratory: bool = False) -> pd.DataFrame:
    """Pulls of every quantity: (found - true)/uncertainty, one row a set."""
    rows = []
    for number in range(sets):
        rng = np.random.default_rng([seed, number])
        truth = Truth(rng)
        dataset = emulated_sample(truth, rng)
        samples = {"emulated": FACTS}
        table = torque_table(
            laboratory_loops(truth, rng) if laboratory else fit_loops([dataset]),
            magnetometry_table([dataset], samples), resistivity_table([dataset], samples),
            NO_SWITCHING, samples, reference="emulated", convention={}, name="adopted",
        ).iloc[0]  # fmt: skip
        rows.append(_pulls(table, truth))
    return pd.DataFrame(rows)


def _pulls(table: pd.Series, truth: Truth) -> dict[str, object]:
    """Pulls by the statistical uncertainty, and for H_DL, H_DMI and xi by the total one (`_total`).

    A lower bound of the torque is no estimate: its pulls are empty, `holds` says whether it holds.
    """
    bound = bool(table["h_dl_is_lower_bound"] is True or table["h_dl_is_lower_bound"] == 1)
    row: dict[str, object] = {"status": table["status"], "reason": table["reason"], "bound": bound}
    row["relative"] = table["xi_dl_j_u"] / abs(table["xi_dl_j"])
    excess = (abs(table["h_dl_per_ma_oe"]) - truth.h_dl_per_ma_oe) / table["h_dl_per_ma_u_oe"]
    row["holds"] = excess < 1.96 if bound else np.nan
    for name in QUANTITIES:
        error, u = table[name] - getattr(truth, name), table[uncertainty_column(name)]
        of_bound = bound and name not in ("k_s_erg_cm2", "t_int", "rho_xx_uohm_cm")
        row[name] = np.nan if of_bound else error / u
        if name in WITH_MODELS:
            total = np.hypot(u, table[systematic_column(name)])
            row[f"{name}_total"] = np.nan if of_bound else error / total
    return row


def laboratory_loops(truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """loops.csv of one sample from laboratory-like loops.

    Each loop is drawn on its own; its field is scaled to the coercive field of the sample, and
    moved to the centre that the torque gives.
    """
    tilt, remanence = np.radians(rng.uniform(-0.3, 0.3)), rng.uniform(-3, 3)
    coercivity = rng.uniform(100, 180)
    currents = rng.uniform(1.0, 3.0, 4) * np.array([1, -1, 1, -1])
    rows = []
    for field_x in LABORATORY_FIELDS_X_OE:
        for current in currents:
            loop = draw_loop(rng, "loop")
            fraction = truth.g0 + np.clip(field_x / truth.h_dmi_oe, -1, 1)
            centre = -np.pi / 2 * truth.h_dl_per_ma_oe * current * fraction
            centre += remanence - field_x * np.sin(tilt)
            scale = coercivity / loop.truth.h_c_oe
            field = scale * (loop.field_oe - loop.truth.h_0_oe) + centre
            found = fit_loop(field, loop.resistance_ohm, pickup=loop.resistance_xx_ohm)
            rows.append({
                "id": f"{field_x}_{current:.3f}", "kind": "loop_shift", "sample": "emulated",
                "temperature_k": 300.0, "field_x_oe": field_x, "current_ma": current, **found,
            })  # fmt: skip
    return pd.DataFrame(rows)


def emulated_sample(truth: Truth, rng: np.random.Generator) -> xr.Dataset:
    """All measurements of one sample, as the readers give them."""
    names, conditions, points = [], [], []
    for name, condition, table in _measurements(truth, rng):
        names.append((name, condition.pop("kind"), condition.pop("orientation", "")))
        conditions.append(condition)
        points.append(pd.DataFrame(table))
    counts = np.array([len(table) for table in points])
    merged = pd.concat(points, ignore_index=True)
    variables = {
        column: ("measurement", np.array([row[k] for row in names], dtype=object))
        for k, column in enumerate(("id", "kind", "orientation"))
    }
    variables["start"] = ("measurement", np.cumsum(counts) - counts)
    variables["count"] = ("measurement", counts)
    for column in CONDITIONS:
        values = np.array([condition.get(column, np.nan) for condition in conditions])
        variables[column] = ("measurement", values)
    for column in POINT_VARIABLES:
        values = merged[column].to_numpy() if column in merged else np.full(len(merged), np.nan)
        variables[column] = ("point", values)
    return xr.Dataset(variables, attrs={"sample": "emulated"})


def _measurements(
    truth: Truth, rng: np.random.Generator
) -> Iterator[tuple[str, dict, dict[str, np.ndarray]]]:
    volts = rng.uniform(0.7e-6, 3e-6)
    tilt = np.radians(rng.uniform(-0.3, 0.3))
    remanence, coercivity = rng.uniform(-3, 3), rng.uniform(100, 180)
    swing, width = rng.uniform(0.1, 0.2), rng.uniform(7, 12)
    for field_x in FIELDS_X_OE:
        for current in CURRENTS_MA:
            noise = volts / abs(current * 1e-3)
            share = truth.g0 + np.clip(field_x / truth.h_dmi_oe, -1, 1)
            centre = -np.pi / 2 * truth.h_dl_per_ma_oe * current * share
            loop = LoopTruth(
                r_ahe_ohm=swing, h_c_oe=coercivity * (1 - 0.004 * current**2),
                h_0_oe=centre - field_x * np.sin(tilt) + remanence, width_oe=width,
                r_offset_ohm=0.02, slope_ohm_per_oe=-1e-6, drift_ohm=1e-3, noise_ohm=noise,
                pink_ohm=0.3 * noise, spike_fraction=0.004,
                adc_step_ohm=2e-8 / abs(current * 1e-3), field_jitter_oe=0.3, field_lag_oe=0.5,
            )  # fmt: skip
            field, resistance = simulate_loop(loop, 400.0, 162, rng, half_loop=rng.random() < 0.03)
            kept = slice(61 if rng.random() < 0.01 else None)  # some were stopped
            condition = {"kind": "loop_shift", "field_x": field_x * OERSTED,
                         "current": current * 1e-3, "temperature": 300.0}  # fmt: skip
            yield f"shift_{field_x}_{current}", condition, {
                "field": field[kept] * OERSTED, "resistance": resistance[kept],
            }  # fmt: skip
    for orientation, maximum, slope in (("oop", 4e3, -1.1e-13), ("ip", 24e3, -0.8e-13)):
        field = np.concatenate([np.linspace(maximum, -maximum, 161)] * 2)
        field[161:] *= -1
        back = np.where(np.arange(322) < 161, 1, -1)
        if orientation == "oop":
            m = np.tanh((field + back * coercivity) / 40)
        else:
            m = np.clip(field / truth.h_k_oe, -1, 1)
        moment = truth.m_s * 1e-9 * 16e-6 * m + slope * field + 2e-11
        moment += 4e-11 * rng.standard_normal(322)
        field = (field + 0.5 * rng.standard_normal(322)) * OERSTED
        condition = {"kind": "vsm_loop", "orientation": orientation, "temperature": 300.0}
        yield f"vsm_{orientation}", condition, {"field": field, "moment": moment}
    current = np.linspace(-1e-3, 1e-3, 20)
    voltage = truth.r_xx_ohm * current + 2e-6 + 4e-5 * rng.standard_normal(20)
    yield "iv", {"kind": "resistivity"}, {
        "write_current": current, "resistance": voltage / current,
    }  # fmt: skip


def report(pulls: pd.DataFrame, what: str) -> None:
    """Print the coverage of one run as a table."""
    statuses = pulls["status"].value_counts()
    words = ", ".join(f"{statuses.get(s, 0)} {s}" for s in ("ok", "flagged", "refused"))
    print(f"\n{len(pulls)} sets of {what}: {words};")
    print(f"median uncertainty of xi_DL^j {100 * pulls['relative'].median():.2g} %.", end=" ")
    bounds = pulls.loc[pulls["bound"], "holds"].astype(float)
    if len(bounds):
        print(f"{len(bounds)} lower bounds, of which {100 * bounds.mean():.1f} % hold.", end="")
    print(
        "\n\n| quantity | n | inside 95 % interval (%) | with the models' part (%) | mean pull ",
        end="",
    )
    print("| sigma of pulls |\n|---|---|---|---|---|---|")
    for name in QUANTITIES:
        z = pulls[name].dropna()
        inside = 100 * (z.abs() < 1.96).mean()
        total = pulls[f"{name}_total"].dropna() if name in WITH_MODELS else z.iloc[:0]
        both = f"{100 * (total.abs() < 1.96).mean():.1f}" if len(total) else ""
        print(f"| {name} | {len(z)} | {inside:.1f} | {both} | {z.mean():+.2f} | {z.std():.2f} |")


def main(sets: int) -> None:
    report(coverage(sets), "emulated loops")
    report(coverage(sets, laboratory=True), "laboratory-like loops")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
