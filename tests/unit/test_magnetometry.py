import numpy as np
import pandas as pd
import pytest
import ruo2_study
import xarray as xr
from scipy.constants import mu_0

from hall2net.errors import ConfigError
from hall2net.physics.film_moments import surface_anisotropy
from hall2net.physics.magnetometry import magnetometry_table
from hall2net.tables import uncertainty_column
from hall2net.units import OERSTED

SAMPLES = {"film": {"film_area_mm2": 16.0, "ferromagnet_nm": 1.0}}
AREAL, H_K_OE = 6e-4, 4500.0


def film(noise=0.0, rng=None, *, ip_max=24e3, width=40.0, orientations=("oop", "ip")):
    """M_s t = 6e-4 A on 16 mm2 with a linear hard axis; other slopes and offsets in each loop."""
    loops = []
    for orientation, maximum, slope in (("oop", 4e3, -1.1e-13), ("ip", ip_max, -0.8e-13)):
        if orientation not in orientations:
            continue
        field = np.concatenate([np.linspace(maximum, -maximum, 161)] * 2)
        field[161:] *= -1
        back = np.where(np.arange(322) < 161, 1, -1)
        easy = np.tanh((field + 150 * back) / width)
        m = easy if orientation == "oop" else np.clip(field / H_K_OE, -1, 1)
        moment = AREAL * 16e-6 * m + slope * field + 2e-11
        if noise:
            moment = moment + noise * rng.standard_normal(322)
        loops.append((orientation, field * OERSTED, moment))
    count = np.full(len(loops), 322)
    names = np.array([f"vsm_{loop[0]}" for loop in loops], dtype=object)
    return xr.Dataset(
        {
            "id": ("measurement", names),
            "kind": ("measurement", np.full(len(loops), "vsm_loop", dtype=object)),
            "orientation": ("measurement", np.array([x[0] for x in loops], dtype=object)),
            "start": ("measurement", np.cumsum(count) - count),
            "count": ("measurement", count),
            "field": ("point", np.concatenate([x[1] for x in loops])),
            "moment": ("point", np.concatenate([x[2] for x in loops])),
        },
        attrs={"sample": "film"},
    )


def reduced(dataset, **settings):
    return magnetometry_table([dataset], SAMPLES, **settings).iloc[0]


def test_linear_hard_axis_gives_its_anisotropy_field():
    row = reduced(film())
    assert row["areal_moment_a"] == pytest.approx(AREAL, rel=1e-3)
    assert row["m_s_emu_cc"] == pytest.approx(600, rel=1e-3)
    # The trapezoids see the kink at H_k no better than the field step of 300 Oe lets them.
    assert row["h_k_oe"] == pytest.approx(H_K_OE, abs=10)
    assert row["k_eff_j_m3"] == pytest.approx(mu_0 * 6e5 * H_K_OE * OERSTED / 2, rel=3e-3)
    assert row["status"] == "ok"


def test_surface_anisotropy_is_the_cgs_formula():
    m_s, h_k_easy_plane, t_cm = 600.0, -4500.0, 1e-7
    in_cgs = (4 * np.pi * m_s - h_k_easy_plane) * m_s * t_cm / 2
    in_si = surface_anisotropy(6e-4, 6e5, 4500 * OERSTED)
    assert 1e3 * in_si == pytest.approx(in_cgs, rel=1e-9)


def test_integrand_as_printed_gives_two_thirds():
    adopted, printed = (reduced(film(), keff_integrand=x) for x in ("h_dm", "h_m_dm"))
    assert printed["h_k_oe"] / adopted["h_k_oe"] == pytest.approx(2 / 3, abs=2e-3)


def test_sign_convention_leaves_k_s():
    pma, plane = (reduced(film(), keff_sign=x) for x in ("pma", "easy_plane"))
    assert plane["h_k_oe"] == -pma["h_k_oe"]
    assert plane["k_eff_j_m3"] == -pma["k_eff_j_m3"]
    assert plane["k_s_erg_cm2"] == pma["k_s_erg_cm2"]


def test_thickness_leaves_the_areal_moment():
    thin, thick = (reduced(film(), t_fm=x) for x in ("sample", 2.0))
    assert thick["areal_moment_a"] == thin["areal_moment_a"]
    assert thick["m_s_emu_cc"] == pytest.approx(thin["m_s_emu_cc"] / 2)
    # K_s = mu_0 M_s t (M_s + H_k)/2: only the demagnetising part halves.
    lost = mu_0 * AREAL * 6e5 / 2 / 2 * 1e3
    assert thin["k_s_erg_cm2"] - thick["k_s_erg_cm2"] == pytest.approx(lost, rel=3e-3)


def test_intervals_hold_the_truth():
    truth = {"m_s_emu_cc": 600.0, "h_k_oe": H_K_OE}
    truth["k_s_erg_cm2"] = 1e3 * surface_anisotropy(AREAL, 6e5, H_K_OE * OERSTED)
    rng = np.random.default_rng(5)
    rows = pd.concat([magnetometry_table([film(4e-11, rng)], SAMPLES) for _ in range(200)])
    for name, value in truth.items():
        inside = (rows[name] - value).abs() < 1.96 * rows[uncertainty_column(name)]
        assert 0.92 <= inside.mean() <= 0.98, name
    drawn = np.corrcoef(rows["k_s_erg_cm2"], rows["areal_moment_a"])[0, 1]
    assert rows["k_s_moment_correlation"].mean() == pytest.approx(drawn, abs=0.1)


def test_in_plane_loop_that_does_not_saturate_gives_no_anisotropy():
    row = reduced(film(4e-11, np.random.default_rng(0), ip_max=5e3))
    assert row["status"] == "flagged"
    assert "saturation moments of the oop and ip loops differ" in row["reason"]
    assert np.isnan(row["k_s_erg_cm2"]) and np.isnan(row["h_k_oe"])


@pytest.mark.parametrize("coercivity", [60.0, 150.0, 600.0])
@pytest.mark.parametrize("centre", [-20.0, 35.0])
def test_out_of_plane_loop_gives_coercivity_and_centre(coercivity, centre):
    rng = np.random.default_rng(int(coercivity))
    dataset = film(4e-11, rng, orientations=("oop",))
    field = dataset["field"].to_numpy() / OERSTED
    back = np.where(np.arange(322) < 161, 1, -1)
    moment = AREAL * 16e-6 * np.tanh((field - centre + coercivity * back) / 40)
    dataset["moment"][:] = moment - 1.1e-13 * field + 4e-11 * rng.standard_normal(322)
    row = reduced(dataset)
    assert row["h_c_oe"] == pytest.approx(coercivity, abs=3.5 * row["h_c_u_oe"])
    assert row["h_0_oe"] == pytest.approx(centre, abs=3.5 * row["h_0_u_oe"])
    assert 0 < row["h_c_u_oe"] < 50  # the field step
    assert row["hysteresis_orientation"] == "oop"


def test_no_hysteresis_leaves_the_columns_empty_and_the_status_alone():
    dataset = film(4e-11, np.random.default_rng(8), orientations=("ip",))
    row = reduced(dataset)
    assert np.isnan(row["h_c_oe"]) and np.isnan(row["h_0_oe"])
    assert row["reason"] == "no oop loop, hence no anisotropy"


def test_missing_or_doubled_loops():
    row = reduced(film(orientations=("oop",)))
    assert row["status"] == "flagged" and "no ip loop" in row["reason"]
    assert row["m_s_emu_cc"] == pytest.approx(600, rel=1e-3)
    twice = film()
    twice["orientation"][:] = "oop"
    row = reduced(twice)
    assert row["status"] == "refused" and "2 oop loops" in row["reason"]


def test_no_moment_and_half_a_sweep_are_refused():
    rng = np.random.default_rng(1)
    flat = film()
    flat["moment"][:] = 1e-12 * rng.standard_normal(flat.sizes["point"])
    assert "no saturation moment" in reduced(flat)["reason"]
    half = film()
    half["moment"][:] = half["moment"].where(half["field"] > 0)
    row = reduced(half)
    assert row["status"] == "refused" and "both ends" in row["reason"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"keff_sign": "up"}, "keff_sign: found 'up', expected one of pma, easy_plane"),
        ({"keff_integrand": "m_dh"}, "keff_integrand"),
        ({"saturation_window": 1.5}, "saturation_window"),
        ({"t_fm": -1}, "t_fm"),
        ({"t_fm": "thick"}, "t_fm"),
    ],
)
def test_settings_out_of_range(settings, words):
    with pytest.raises(ConfigError, match=words):
        reduced(film(), **settings)


def test_missing_fact_is_named():
    with pytest.raises(ConfigError, match="film_area_mm2"):
        magnetometry_table([film()], {"film": {"ferromagnet_nm": 1.0}})


def test_emulated_films_within_their_intervals():
    table = magnetometry_table(ruo2_study.datasets(), ruo2_study.samples())
    assert len(table) == 9
    for _, row in table.iterrows():
        for name in ("m_s_emu_cc", "areal_moment_a", "h_k_oe", "k_s_erg_cm2"):
            true = ruo2_study.truth()[row["sample"]][name]
            assert abs(row[name] - true) < 3 * row[uncertainty_column(name)], (row["sample"], name)
