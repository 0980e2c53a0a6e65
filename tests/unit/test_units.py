import numpy as np
import pytest
from scipy.constants import mu_0

from hall2net.errors import ConfigError
from hall2net.tables import uncertainty_column
from hall2net.units import OERSTED, to_si, unit_in, unit_spelt


def test_one_tesla_is_ten_thousand_oersted():
    # Since 2019 mu_0 is measured: 4 pi 1e-7 holds to about 1e-10.
    assert to_si(1, "T", "field") == pytest.approx(to_si(1e4, "Oe", "field"), rel=1e-9)
    assert pytest.approx(79.5775, rel=1e-6) == OERSTED
    assert to_si(1, "T", "field") * mu_0 == pytest.approx(1, rel=1e-8)


@pytest.mark.parametrize(
    ("value", "unit", "quantity", "si"),
    [
        (1, "uohm cm", "resistivity", 1e-8),
        (1, "emu", "moment", 1e-3),
        (3, "mA", "current", 3e-3),
        ([1, 2], "kOe", "field", [79577.47, 159154.94]),
        ([-273.15, 0, 25], "degC", "temperature", [0, 273.15, 298.15]),
    ],
)
def test_conversions(value, unit, quantity, si):
    np.testing.assert_allclose(to_si(value, unit, quantity), si, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("T (°C)", "degC"), ("Temperature [ºC]", "degC"), ("Temp (C)", "degC"), ("T/C", "degC"),
        ("Temp_C", "degC"), ("Temperature / deg C", "degC"), ("T (Celsius)", "degC"),
        ("Q (C)", "C"), ("T (K)", "K"), ("R_C", ""), ("T", ""),
    ],
)  # fmt: skip
def test_a_degree_celsius_is_one_in_a_temperature_alone(name, unit):
    assert unit_spelt(unit_in(name), name) == unit


def test_an_unknown_unit_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"'Tesla'.*field.*Oe"):
        to_si(1, "Tesla", "field")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("h_c_oe", "h_c_u_oe"),
        ("slope_ohm_per_oe", "slope_u_ohm_per_oe"),
        ("j_c_a_m2", "j_c_u_a_m2"),
        ("theta_sh", "theta_sh_u"),
        ("rho_xx_uohm_cm", "rho_xx_u_uohm_cm"),
        ("h_dl_per_ma_oe", "h_dl_per_ma_u_oe"),
    ],
)
def test_uncertainty_columns(column, expected):
    assert uncertainty_column(column) == expected
