"""The numbers worked out by hand in docs/physics.md and docs/uncertainties.md, by the library."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_magnetometry import film

from hall2net.physics.compensation import compensation_table
from hall2net.physics.film_moments import surface_anisotropy
from hall2net.physics.formulas import (
    Convention,
    current_density_per_current,
    damping_like_field,
    efficiency_per_current_density,
    spin_backflow_transparency,
    spin_diffusion_length,
    spin_hall_angle,
    spin_hall_conductivity,
    spin_memory_loss_transparency,
)
from hall2net.physics.knee import MODELS, fit_knee
from hall2net.physics.lines import widening
from hall2net.physics.loop_shift import centre_slopes
from hall2net.physics.loops import fit_loop
from hall2net.physics.magnetometry import magnetometry_table
from hall2net.physics.resistivity import resistivity_per_resistance
from hall2net.physics.systematics import Off, Systematics, total

DOCS = Path(__file__).parents[2] / "docs"
BAR = {"bar": {"width_um": 5.0, "length_um": 30.0, "stack_nm": 10.8}}
FILM = {"film": {"film_area_mm2": 16.0, "ferromagnet_nm": 1.0}}


def by_hand(page):
    """Name of each formula to its result, the number in bold at the end of its row."""
    text = (DOCS / page).read_text(encoding="utf-8").replace("\N{MINUS SIGN}", "-")
    rows = re.findall(r"^\| ([^|]+?) \|.*\*\*([-0-9.]+)\*\*[^*|]*\|$", text, flags=re.MULTILINE)
    return {name: float(number) for name, number in rows}


def films():
    """Row of a film with M_s t = 6e-4 A and a linear hard axis to 4500 Oe, both integrands."""
    return [
        magnetometry_table([film()], FILM, keff_integrand=integrand).iloc[0]
        for integrand in ("h_dm", "h_m_dm")
    ]


def loop():
    field = np.concatenate([np.linspace(-500, 500, 1001), np.linspace(500, -500, 1001)])
    switch = np.where(np.arange(2002) < 1001, 120.0, -80.0)
    return fit_loop(field, 0.1 * np.tanh((field - switch) / 10))


def slope():
    points = pd.DataFrame({"field_x_oe": 400.0, "current_ma": [3.0, -3.0], "u_oe": 1.0,
                           "h_0_oe": [-63.10, 65.05]})  # fmt: skip
    return centre_slopes(points, "line")["slope"].item()


def knee():
    field = np.array([-800.0, -400, -50, 50, 400, 800])
    aligned = np.clip(field / 200, -1, 1)
    return fit_knee(field, -24.795 * aligned + 3.435, np.full(6, 0.1))


def density(layer):
    chosen = Convention(current_layer=layer, rho_hm_uohm_cm=60.0)
    return 11e-14 * current_density_per_current(chosen, 5e-6, 10.8e-9, 5.5e-9, 90e-8)


def t_m():
    temperature = np.array([240.0, 260, 290, 310])
    loops = pd.DataFrame(
        {"sample": "a", "kind": "ahe_loop", "status": "ok", "temperature_k": temperature,
         "r_ahe_ohm": np.sign(temperature - 271.5), "r_ahe_u_ohm": 1e-3,
         "h_c_oe": 9000 / np.abs(temperature - 271.5), "h_c_u_oe": 1.0}
    )  # fmt: skip
    return compensation_table(loops, {"a": {}}).iloc[0]


def backflow(form):
    return spin_backflow_transparency(5.5e-9, 5.5e-9 / 6.435, 1.3e15, 0.59e15, form)


PHYSICS = {
    "resistivity": lambda: 500 * resistivity_per_resistance(BAR, "bar"),
    "areal moment": lambda: 1e3 * films()[0]["areal_moment_a"],
    "magnetisation": lambda: films()[0]["m_s_emu_cc"],
    "anisotropy field": lambda: films()[0]["h_k_oe"],
    "anisotropy field, printed": lambda: films()[1]["h_k_oe"],
    "anisotropy energy": lambda: films()[0]["k_eff_j_m3"],
    "interface anisotropy": lambda: 1e3 * surface_anisotropy(6e-4, 6e5, 3.581e5),
    "centre of a loop": lambda: loop()["h_0_oe"],
    "slope of the centre": slope,
    "odd part": lambda: knee().plateau,
    "even part": lambda: knee().zero,
    **{name: lambda name=name: MODELS[name](np.array([0.5]))[0] for name in ("clip", "tanh")},
    "Langevin": lambda: MODELS["langevin"](np.array([0.5]))[0],
    "damping-like field": lambda: damping_like_field(-24.87),
    "damping-like field, printed": lambda: damping_like_field(-24.87, "literal", "1"),
    "current density, stack": lambda: density("stack"),
    "current density, heavy metal": lambda: density("heavy_metal"),
    "current density, parallel": lambda: density("parallel"),
    "efficiency": lambda: efficiency_per_current_density(6e-4, 6.802e-8),
    "spin diffusion": lambda: 1e9 * spin_diffusion_length(9e-7, 1.3e15),
    "spin backflow": lambda: backflow("product"),
    "spin backflow, printed": lambda: backflow("printed"),
    "spin memory loss": lambda: spin_memory_loss_transparency(0.358),
    "spin Hall angle": lambda: spin_hall_angle(0.1558, 0.4743 * 0.9177),
    "spin Hall conductivity": lambda: 1e-6 * spin_hall_conductivity(0.1558 / 9e-7, 0.4743 * 0.9177),
    "compensation temperature": lambda: t_m()["t_m_k"],
    "compensation, systematic": lambda: t_m()["t_m_sys_k"],
    "widening": lambda: widening(12.0, 4),
}


def test_every_example_of_the_page_is_tested():
    # The ratio is a division; its uncertainty is tested in test_torque.py.
    assert set(by_hand("physics.md")) - set(PHYSICS) == {"ratio of efficiencies"}


@pytest.mark.parametrize("name", PHYSICS)
def test_formulas_by_hand(name):
    """To the digits that the page prints; films and loops to their steps."""
    measured = name.startswith(("anisotropy", "areal", "magnetisation", "centre"))
    tolerance = 5e-3 if measured else 3e-4
    assert PHYSICS[name]() == pytest.approx(by_hand("physics.md")[name], rel=tolerance)


PARTS = {
    "ρ": lambda off: off.width_um * off.stack_nm / off.length_um / off.current,
    "M_s": lambda off: off.moment / off.film_area_mm2 / off.ferromagnet_nm,
    "ξ_j, without the knee": lambda off: (
        off.moment / off.film_area_mm2 * off.width_um * off.stack_nm * off.field / off.current
    ),
    "ξ_E, without the knee": lambda off: off.moment / off.film_area_mm2 * off.field * off.length_um,
    "J_c": lambda off: off.current / (off.width_um * off.stack_nm),
}


@pytest.mark.parametrize("name", PARTS)
def test_relative_parts_by_hand(name):
    """Half the change to both sides is a little more than a derivative: by 0.0025 of 5 %."""
    assert PARTS[name](Off()) == 1
    found = 100 * total(Systematics.of({}, {"one": {}}).parts("one", PARTS[name])).item()
    assert found == pytest.approx(by_hand("uncertainties.md")[name], rel=3e-3)
