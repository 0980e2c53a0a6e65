"""From loop shift to spin Hall angle, formula by formula, and the choices that stay open.

Each formula takes SI numbers or arrays, and is checked by hand in docs/physics.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.constants import e, hbar

from hall2net.errors import ConfigError
from hall2net.physics.loop_shift import SHIFTS
from hall2net.units import MU_0

CHOICES = {
    "loop_shift": SHIFTS,
    "dh_to_field": ("half", "literal"),
    "wall_factor": ("2/pi", "1"),
    "current_layer": ("stack", "heavy_metal", "parallel"),
    "sbf_form": ("product", "printed"),
}
"""Allowed values of the conventions that are words."""


@dataclass(frozen=True)
class Convention:
    """Choices that the literature leaves open. The defaults are the adopted set."""

    loop_shift: str = "line"
    """line: slope of H_0 against I with intercept | pair: H_0(+I) - H_0(-I) at equal |I|."""
    dh_to_field: str = "half"
    """half: H_z,eff = -Delta H/2, the shift of the loop's centre | literal: -Delta H."""
    wall_factor: str = "2/pi"
    """2/pi: H_DL = (2/pi) H_z,eff, Neel walls | 1: H_DL = H_z,eff."""
    current_layer: str = "stack"
    """Layer that j refers to: stack | heavy_metal, carrying all the current | parallel: the
    heavy metal's share in parallel conduction, which needs `rho_hm_uohm_cm`."""
    sbf_form: str = "product"
    """product: bracket outside sech | printed: inside sech, as in the ruo2 paper."""
    g_hm_per_ohm_m2: float = 1.3e15
    """Spin conductance of the heavy metal, 1/(rho lambda_s)."""
    g_mix_per_ohm_m2: float = 0.59e15
    """Spin mixing conductance of the interface."""
    sml_slope_per_erg_cm2: float = 0.23
    """Spin memory loss per K_s."""
    rho_hm_uohm_cm: float | None = None
    """Resistivity of the heavy metal alone."""

    def __post_init__(self) -> None:
        for key, allowed in CHOICES.items():
            value = getattr(self, key)
            if value not in allowed:
                raise ConfigError(
                    f"convention, {key}: found {value!r}, expected one of {', '.join(allowed)}"
                )
        numbers = [field.name for field in fields(self) if field.name not in CHOICES]
        for key in numbers:
            value = getattr(self, key)
            if key == "rho_hm_uohm_cm" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ConfigError(f"convention, {key}: found {value!r}, expected a number above 0")
        if self.current_layer == "parallel" and self.rho_hm_uohm_cm is None:
            raise ConfigError("convention: current_layer parallel needs rho_hm_uohm_cm")

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> "Convention":
        """Read a set of conventions from the configuration.

        Raises
        ------
        ConfigError
            If a key is unknown or has a value that is not allowed.
        """
        known = [field.name for field in fields(cls)]
        for key in mapping:
            if key not in known:
                raise ConfigError(f"convention: unknown key {key!r}; allowed: {', '.join(known)}")
        values = dict(mapping)
        if "wall_factor" in values:
            values["wall_factor"] = str(values["wall_factor"])
        return cls(**values)


def damping_like_field(
    centre_slope: float, dh_to_field: str = "half", wall_factor: str = "2/pi"
) -> float:
    """H_DL/I from dH_0/dI, where the walls are aligned.

    Delta H = H_0(+I) - H_0(-I) = 2 I dH_0/dI; H_z,eff = -Delta H/2 (half) or -Delta H (literal);
    H_DL = (2/pi) H_z,eff: a wall sees pi/2 times the damping-like field, Pai et al., Phys. Rev. B
    93, 144409 (2016).

    Parameters
    ----------
    centre_slope : dH_0/dI, any unit of field per current; the result has the same
    dh_to_field : half | literal, see above
    wall_factor : 2/pi | 1, the factor of H_z,eff
    """
    effective = -centre_slope * (1 if dh_to_field == "half" else 2)
    return effective * (2 / np.pi if wall_factor == "2/pi" else 1)


def current_density_per_current(
    convention: Convention, width: float, stack: float, heavy_metal: float, rho_xx: float
) -> float:
    """j/I in 1/m2, of the layer that the convention names.

    I/(w t) of the stack or of the heavy metal; in parallel conduction E/rho_HM with
    E = I rho_xx/(w t_stack).

    Parameters
    ----------
    convention : names the layer, and the resistivity of the heavy metal
    width, stack, heavy_metal : width of the Hall bar and thicknesses, m
    rho_xx : resistivity of the whole stack, ohm m
    """
    if convention.current_layer == "heavy_metal":
        return 1 / (width * heavy_metal)
    if convention.current_layer == "parallel":
        assert convention.rho_hm_uohm_cm is not None  # `Convention` refuses it
        return rho_xx / (width * stack) / (convention.rho_hm_uohm_cm * 1e-8)
    return 1 / (width * stack)


def efficiency_per_current_density(areal_moment: float, h_dl_per_j: float) -> float:
    """xi_DL^j = (2e/hbar) mu_0 (M_s t) H_DL/j; Khvalkovskiy et al., Phys. Rev. B 87, 020402 (2013).

    Parameters
    ----------
    areal_moment : M_s t_FM in A: a moment per area, whatever the thickness
    h_dl_per_j : (A/m)/(A/m2) = m
    """
    return 2 * e / hbar * MU_0 * areal_moment * h_dl_per_j


def spin_diffusion_length(rho: float, g_hm: float) -> float:
    """lambda_s = 1/(rho G_HM) in m, from ohm m and 1/(ohm m2)."""
    return 1 / (rho * g_hm)


def spin_backflow_transparency(
    thickness: float, lambda_s: float, g_hm: float, g_mix: float, form: str = "product"
) -> float:
    """Share of the spin current that does not flow back from the interface.

    product: [1 - sech(d/lambda_s)]/[1 + G_HM tanh(d/lambda_s)/(2 G_mix)], Haney et al., Phys. Rev.
    B 87, 174411 (2013); printed: 1 - sech((d/lambda_s)/[...]), the bracket as the ruo2 paper
    prints it.

    Parameters
    ----------
    thickness, lambda_s : of the heavy metal, m
    g_hm, g_mix : spin conductance and spin mixing conductance, 1/(ohm m2)
    form : product | printed, the bracket of the formula
    """
    depth = thickness / lambda_s
    backflow = 1 + g_hm * np.tanh(depth) / (2 * g_mix)
    if form == "printed":
        return 1 - 1 / np.cosh(depth / backflow)
    return (1 - 1 / np.cosh(depth)) / backflow


def spin_memory_loss_transparency(k_s: float, slope: float = 0.23) -> float:
    """T_SML = 1 - 0.23 K_s with K_s in erg/cm2.

    An empirical line of Zhu, Ralph and Buhrman, Phys. Rev. Lett. 122, 077201 (2019); outside 0 to
    1 it has no meaning.
    """
    return 1 - slope * k_s


def spin_hall_conductivity(xi_e: float, t_int: float) -> float:
    """sigma_SH = (hbar/2e) xi_DL^E/T_int; in units of hbar/2e, 1/(ohm m), as xi_E is."""
    return xi_e / t_int


def spin_hall_angle(xi_j: float, t_int: float) -> float:
    """theta_SH = xi_DL^j/T_int, which is (2e/hbar) rho sigma_SH."""
    return xi_j / t_int
