import importlib.util

import numpy as np
import pandas as pd
import pytest
import ruo2_study
import xarray as xr
from scipy.constants import e, hbar, mu_0

from hall2net.errors import ConfigError
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
from hall2net.physics.loops import fit_loops
from hall2net.physics.magnetometry import magnetometry_table
from hall2net.physics.resistivity import resistivity_table
from hall2net.physics.switching import switching_table
from hall2net.physics.systematics import ASSUMED
from hall2net.physics.torque import shift_against_field, torque_table
from hall2net.tables import systematic_column, uncertainty_column

FACTS = {
    "thickness_nm": 0.5, "width_um": 5.0, "length_um": 30.0, "stack_nm": 10.8,
    "heavy_metal_nm": 5.5, "ferromagnet_nm": 1.0,
}  # fmt: skip
SAMPLES = {"ref": FACTS | {"thickness_nm": 0.0}, "best": FACTS}
PRINTED = {
    "loop_shift": "pair", "dh_to_field": "literal", "wall_factor": 1, "sbf_form": "printed",
}  # fmt: skip
FIELDS = (0, 50, -50, 100, -100, 200, -200, 300, -300, 400, -400, 600, -600, 800, -800)
TILT = 0.0026
EXACT = {name: {"sigma": "0 %" if one.relative else 0} for name, one in ASSUMED.items()}


def centres(sample, h_dl, *, h_dmi=200.0, g0=0.0, noise=0.0, rng=None, fields=FIELDS,
            currents=(1.5, -1.5, 3.0, -3.0)):  # fmt: skip
    """loops.csv of one sample, by the forward formula H_0 = -(pi/2) H_DL [g0 + clip] + rest."""
    rows = []
    for field in fields:
        for current in currents:
            share = g0 + np.clip(field / h_dmi, -1, 1)
            h_0 = -np.pi / 2 * h_dl * current * share - TILT * field + 1.5
            u = noise / abs(current)
            if noise:
                h_0 += u * rng.standard_normal()
            rows.append((f"{sample}_{field}_{current}", "loop_shift", sample, 300.0, field,
                         current, h_0, max(u, 1e-4), 0.0, "ok", ""))  # fmt: skip
    columns = ["id", "kind", "sample", "temperature_k", "field_x_oe", "current_ma", "h_0_oe",
               "h_0_u_oe", "h_step_u_oe", "status", "reason"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def films(**changed):
    """magnetometry.csv: M_s t = 6e-4 A for `best`, 1e-3 A for `ref`."""
    table = pd.DataFrame(
        {
            "sample": ["ref", "best"],
            "areal_moment_a": [1e-3, 6e-4],
            "areal_moment_u_a": [2e-6, 2e-6],
            "areal_moment_window_a": 0.0,
            "m_s_emu_cc": [1000.0, 600.0],
            "k_s_erg_cm2": [1.28, 0.36],
            "k_s_u_erg_cm2": [0.004, 0.003],
            "k_s_window_erg_cm2": 0.0,
            "k_s_moment_correlation": [0.9, 0.9],
            "status": "ok",
            "reason": "",
        }
    )
    return table.assign(**changed)


RESISTIVITIES = pd.DataFrame(
    {
        "sample": ["ref", "best"],
        "rho_xx_uohm_cm": [88.0, 90.0],
        "rho_xx_u_uohm_cm": [0.1, 0.1],
        "status": "ok",
        "reason": "",
    }
)


def switched():
    rows = []
    for sample, j_c in (("ref", 2.4e11), ("best", 0.8e11)):
        for field, prefield, width, largest in (
            (200, np.nan, 1e-3, 22), (-200, np.nan, 1e-3, 22), (200, np.nan, 1e-6, 22),
            (100, np.nan, 1e-3, 22), (0, np.nan, 1e-3, 10), (0, np.nan, 1e-3, 13),
            (0, -2350, 1e-3, 13),
        ):  # fmt: skip
            if sample == "ref" and field == 100:
                continue
            factor = 1.3 if width == 1e-6 else 1.5 if field == 100 else 1 + field / 2e4
            ratio = 0.1 if largest == 10 else 0.5 if prefield == -2350 else 0.68
            rows.append((sample, field, prefield, width, largest, factor * j_c, 0.02 * j_c, ratio,
                         0.02, "ok", ""))  # fmt: skip
    columns = ["sample", "field_x_oe", "prefield_x_oe", "pulse_width_s", "current_max_ma",
               "j_c_a_m2", "j_c_u_a_m2", "switching_ratio", "switching_ratio_u", "status",
               "reason"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).assign(current_layer="stack")


def both(**settings):
    return pd.concat([centres("ref", 1.9, **settings), centres("best", 15.9, **settings)])


def table(loops=None, magnetometry=None, convention=None, **settings):
    made = torque_table(
        both() if loops is None else loops, films() if magnetometry is None else magnetometry,
        RESISTIVITIES, switched(), SAMPLES, reference="ref", convention=convention or {},
        name="adopted", **settings,
    )  # fmt: skip
    return made.set_index("sample")


# Formulas


def test_check_values_of_the_transparency():
    lambda_s = spin_diffusion_length(90e-8, 1.3e15)
    assert lambda_s == pytest.approx(0.855e-9, abs=5e-13)
    product = spin_backflow_transparency(5.5e-9, lambda_s, 1.3e15, 0.59e15)
    assert product == pytest.approx(0.4743, abs=5e-5)
    printed = spin_backflow_transparency(5.5e-9, lambda_s, 1.3e15, 0.59e15, "printed")
    assert printed == pytest.approx(0.907, abs=5e-4)


def test_backflow_of_thin_and_thick_heavy_metals():
    thick = spin_backflow_transparency(1e-6 / 100, 1e-10, 1.3e15, 0.59e15)
    assert thick == pytest.approx(1 / (1 + 1.3 / 1.18))
    assert spin_backflow_transparency(0.0, 1e-9, 1.3e15, 0.59e15) == 0
    assert spin_backflow_transparency(1e-8, 1e-9, 1.3e15, 1e22) == pytest.approx(1, abs=1e-4)


def test_memory_loss():
    assert spin_memory_loss_transparency(0.365) == pytest.approx(0.91605)
    assert spin_memory_loss_transparency(1.28) == pytest.approx(0.7056)


def test_angle_is_resistivity_times_conductivity():
    rho, xi_j, t_int = 90e-8, 0.157, 0.435
    sigma = spin_hall_conductivity(xi_j / rho, t_int) * hbar / (2 * e)
    assert spin_hall_angle(xi_j, t_int) == pytest.approx(2 * e / hbar * rho * sigma, rel=1e-12)


def test_field_conventions_are_one_to_half_to_two_over_two_pi():
    literal = damping_like_field(-1.0, "literal", "1")
    assert damping_like_field(-1.0, "half", "1") / literal == 0.5
    assert damping_like_field(-1.0, "half", "2/pi") / literal == pytest.approx(0.318, abs=5e-4)


def test_efficiency_is_unity_for_the_field_of_one_spin_per_electron():
    """j hbar/2e of angular momentum per area and time on M_s t turns it at gamma H."""
    areal_moment, j = 6e-4, 1e11
    h = hbar * j / (2 * e) / (mu_0 * areal_moment)
    assert efficiency_per_current_density(areal_moment, h / j) == pytest.approx(1)


def test_current_densities():
    width, stack, platinum, rho = 5e-6, 10.8e-9, 5.5e-9, 90e-8
    densities = {
        layer: 11e-3
        * current_density_per_current(
            Convention(current_layer=layer, rho_hm_uohm_cm=60.0), width, stack, platinum, rho
        )
        for layer in ("stack", "heavy_metal", "parallel")
    }
    assert densities["stack"] == pytest.approx(2.04e11, rel=2e-3)  # printed for 11 mA
    assert densities["heavy_metal"] == pytest.approx(4e11)
    # Same field in both: j_HM rho_HM = j_stack rho_stack.
    assert densities["parallel"] * 60 == pytest.approx(densities["stack"] * 90)


# Loop shifts


@pytest.mark.parametrize("shift", ["line", "pair"])
def test_slopes_take_no_tilt_and_no_remanence(shift):
    loops = centres("best", 15.9, g0=0.3)
    shown = shift_against_field(loops, "best", {"loop_shift": shift}).set_index("field_x_oe")
    assert shown.at[800, "h_dl_per_ma_oe"] == pytest.approx(15.9 * 1.3)
    assert shown.at[-800, "h_dl_per_ma_oe"] == pytest.approx(-15.9 * 0.7)
    assert shown.at[0, "loop_shift_per_ma_oe"] == pytest.approx(-np.pi * 15.9 * 0.3)
    assert shown.at[600, "intercept_oe"] == pytest.approx(1.5 - 600 * TILT)
    assert list(shown.index) == sorted(FIELDS)


def test_fields_with_one_current_direction_are_left_out():
    loops = centres("best", 15.9)
    loops = loops[(loops["field_x_oe"] != 600) | (loops["current_ma"] > 0)]
    for shift in ("line", "pair"):
        shown = shift_against_field(loops, "best", {"loop_shift": shift})
        assert 600 not in shown["field_x_oe"].to_numpy()
        assert len(shown) == len(FIELDS) - 1


# Tables


def test_truth_comes_back_from_exact_centres():
    rows = table(both(g0=0.3))
    best = rows.loc["best"]
    assert best["h_dl_per_ma_oe"] == pytest.approx(15.9)
    assert best["h_dmi_oe"] == pytest.approx(200)
    assert best["g0"] == pytest.approx(0.3)
    assert best["zero_field_shift_per_ma_oe"] == pytest.approx(-np.pi * 15.9 * 0.3)
    # By hand: 2e/hbar mu_0 M_s t = 2.291001e6 S, times H_DL w t/I.
    by_hand = 2.291001e6 * 15.9 * 79.5775 * 1e3 * 5e-6 * 10.8e-9
    assert best["xi_dl_j"] == pytest.approx(by_hand, rel=1e-5)
    assert best["xi_dl_e"] == pytest.approx(by_hand / 90e-8, rel=1e-5)
    assert best["t_int"] == pytest.approx(0.4743 * (1 - 0.23 * 0.36), abs=5e-5)
    assert best["theta_sh"] == pytest.approx(by_hand / best["t_int"], rel=1e-5)
    assert (rows["status"] == "ok").all()


def test_ratios_do_not_depend_on_the_field_convention():
    made = [
        table(convention={"dh_to_field": field, "wall_factor": wall, "loop_shift": shift})
        for field in ("half", "literal")
        for wall in ("2/pi", 1)
        for shift in ("line", "pair")
    ]
    for other in made[1:]:
        for ratio in ("xi_ratio", "theta_ratio", "j_c_ratio", "h_dmi_oe", "t_int"):
            assert np.allclose(other[ratio], made[0][ratio], rtol=1e-9)
    theta = sorted({round(rows.at["best", "theta_sh"], 9) for rows in made})
    assert theta[-1] / theta[0] == pytest.approx(np.pi)


def test_as_printed_gives_a_larger_angle():
    adopted, printed = table(), table(convention=PRINTED)
    ratio = printed.at["best", "theta_sh"] / adopted.at["best", "theta_sh"]
    assert ratio == pytest.approx(np.pi * 0.4743 / 0.9066, rel=1e-3)
    assert printed.at["best", "wall_factor"] == "1"


def test_identity_of_angle_and_conductivity_in_the_table():
    rows = table(convention={"current_layer": "heavy_metal"})
    sigma = rows["sigma_sh"] * hbar / (2 * e)
    assert np.allclose(rows["theta_sh"], 2 * e / hbar * rows["rho_xx_uohm_cm"] * 1e-8 * sigma)


def test_critical_current_at_the_common_field_and_switching_without_field():
    rows = table()
    assert rows.at["best", "j_c_a_m2"] == pytest.approx(0.8e11)
    assert rows.at["best", "j_c_u_a_m2"] == pytest.approx(0.02 * 0.8e11 / np.sqrt(2))
    assert rows.at["best", "j_c_ratio"] == pytest.approx(3)
    assert rows.at["best", "j_c_ratio_u"] == pytest.approx(3 * 0.02)
    assert rows.at["best", "j_c_field_x_oe"] == 200
    assert rows.at["best", "switching_ratio"] == 0.68
    assert rows.at["ref", "xi_ratio"] == 1 and rows.at["ref", "xi_ratio_u"] == 0


def test_uncertainties_against_monte_carlo():
    """Everything at once, correlated as magnetometry says, through formulas written out here."""
    rng = np.random.default_rng(4)
    n = 40_000
    rows = table(both(noise=6.0, rng=rng))
    best = rows.loc["best"]
    z = rng.standard_normal((4, n))
    h_dl = best["h_dl_per_ma_oe"] + best["h_dl_per_ma_u_oe"] * z[0]
    moment = 6e-4 + 2e-6 * z[1]
    k_s = 0.36 + 0.003 * (0.9 * z[1] + np.sqrt(1 - 0.81) * z[2])
    rho = (90 + 0.1 * z[3]) * 1e-8
    xi = 2 * e / hbar * mu_0 * moment * h_dl * 79.5775 * 1e3 * 5e-6 * 10.8e-9
    depth = 5.5e-9 * rho * 1.3e15
    t_int = (1 - 1 / np.cosh(depth)) / (1 + 1.3 / 1.18 * np.tanh(depth)) * (1 - 0.23 * k_s)
    drawn = {"xi_dl_j": xi, "xi_dl_e": xi / rho, "t_int": t_int, "theta_sh": xi / t_int,
             "sigma_sh": xi / rho / t_int}  # fmt: skip
    for name, values in drawn.items():
        assert best[uncertainty_column(name)] == pytest.approx(values.std(), rel=0.02), name


def test_intervals_hold_the_truth():
    """Not below the stated uncertainty, and with Student's factor: a little above 95 %."""
    rng = np.random.default_rng(11)
    exact = films(areal_moment_u_a=1e-12, k_s_u_erg_cm2=1e-9)
    true = {"h_dl_per_ma_oe": 15.9, "h_dmi_oe": 230.0, "g0": 0.2}
    true["xi_dl_j"] = table(magnetometry=exact).at["best", "xi_dl_j"]
    pulls = {name: [] for name in true}
    for _ in range(150):
        loops = centres("best", 15.9, h_dmi=230, g0=0.2, noise=3.0, rng=rng)
        row = table(loops, exact).loc["best"]
        for name, value in true.items():
            pulls[name].append((row[name] - value) / row[uncertainty_column(name)])
    for name, values in pulls.items():
        assert 0.92 <= np.mean(np.abs(values) < 1.96) <= 0.995, name


@pytest.fixture(scope="module")
def bench():
    path = ruo2_study.ROOT / "bench/coverage_torque.py"
    spec = importlib.util.spec_from_file_location("coverage_torque", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_intervals_from_raw_points_hold_the_truth(bench):
    """A small run of bench/coverage_torque.py; 7 of 10 is three sigma below 95 %."""
    pulls = bench.coverage(10, seed=1)
    for name in ("xi_dl_j", "t_int", "theta_sh"):
        assert (pulls[name].abs() < 1.96).sum() > 7, name
        assert abs(pulls[name].mean()) < 3 / np.sqrt(10), name


def test_laboratory_like_loops_hold_the_truth(bench):
    pulls = bench.coverage(2, seed=2, laboratory=True)
    assert pulls.loc[pulls["bound"], "holds"].astype(bool).all()
    for name in bench.WITH_MODELS:
        found = pulls[f"{name}_total"].dropna()
        assert (found.abs() < 3.5).all(), name
    assert pulls["h_dl_per_ma_oe"].notna().any()


def test_scatter_beyond_the_stated_uncertainty_widens_the_interval():
    rng = np.random.default_rng(3)
    loops = centres("best", 15.9, noise=3.0, rng=rng)
    stated = table(loops).loc["best"]
    understated = table(loops.assign(h_0_u_oe=loops["h_0_u_oe"] / 10)).loc["best"]
    # A scatter that all loops have alike is the cautious reading: up to twice as wide.
    assert 0.6 < understated["h_dl_per_ma_u_oe"] / stated["h_dl_per_ma_u_oe"] < 2.2
    assert understated["status"] == "flagged" and "scatter" in understated["reason"]
    assert "chi2/dof" in understated["reason"] and understated["scatter"] > 5


def test_reasons():
    assert "spin" not in table().at["best", "reason"]
    many = both().reset_index(drop=True)
    many.loc[many.index[:10], ["status", "h_0_oe"]] = ["refused", np.nan]
    assert "10 of 60 loops left out" in table(many).at["ref", "reason"]
    mixed = both().reset_index(drop=True)
    mixed.loc[3, "temperature_k"] = 100.0
    row = table(mixed).loc["ref"]
    assert row["status"] == "refused" and "several temperatures" in row["reason"]
    loss = table(magnetometry=films(k_s_erg_cm2=[1.28, 5.0])).loc["best"]
    assert loss["status"] == "flagged" and "T_SML -0.15 is outside 0 to 1" in loss["reason"]
    assert np.isnan(loss["theta_sh"]) and np.isfinite(loss["xi_dl_j"])
    none = table(magnetometry=films().iloc[:1]).loc["best"]
    assert none["status"] == "flagged" and "no magnetometry" in none["reason"]
    assert np.isfinite(none["h_dl_per_ma_oe"]) and np.isnan(none["xi_dl_j"])


def test_loop_shifts_alone_still_give_the_field(tmp_path):
    """Tables without rows come back from CSV without types."""
    empty = []
    for name, made in (("magnetometry", films()), ("rho", RESISTIVITIES), ("j", switched())):
        made.iloc[:0].to_csv(tmp_path / name, index=False)
        empty.append(pd.read_csv(tmp_path / name))
    rows = torque_table(both(), *empty, SAMPLES, reference="ref", convention={}, name="adopted")
    assert rows["h_dl_per_ma_oe"].tolist() == pytest.approx([1.9, 15.9])
    assert (rows["status"] == "flagged").all() and rows["xi_dl_j"].isna().all()
    assert rows["reason"].tolist() == ["no resistivity; no magnetometry"] * 2


@pytest.mark.parametrize(
    ("convention", "words"),
    [
        ({"wall_factor": "pi"}, "wall_factor: found 'pi', expected one of 2/pi, 1"),
        ({"wal_factor": "1"}, "unknown key 'wal_factor'"),
        ({"g_hm_per_ohm_m2": -1}, "g_hm_per_ohm_m2: found -1, expected a number above 0"),
        ({"g_mix_per_ohm_m2": "0.59e15"}, "g_mix_per_ohm_m2"),
        ({"current_layer": "parallel"}, "needs rho_hm_uohm_cm"),
    ],
)
def test_conventions_out_of_range(convention, words):
    with pytest.raises(ConfigError, match=words):
        table(convention=convention)


def test_unknown_samples_are_named():
    with pytest.raises(ConfigError, match="sample 'new' is not described"):
        table(centres("new", 1.0))
    with pytest.raises(ConfigError, match="reference: found 'pt', expected one of ref, best"):
        torque_table(both(), films(), RESISTIVITIES, switched(), SAMPLES, reference="pt",
                     convention={}, name="adopted")  # fmt: skip


def given_by_hand(**facts):
    """Tables without magnetometry and resistivity; facts of `best` in their place."""
    samples = SAMPLES | {"best": FACTS | {"source": "thesis, p. 12"} | facts}
    return torque_table(
        centres("best", 15.9), films().iloc[:0], RESISTIVITIES.iloc[:0], switched(), samples,
        reference="best", convention={}, name="adopted",
    ).iloc[0]  # fmt: skip


def test_values_given_by_hand_stand_in_for_measurements():
    measured = table(centres("best", 15.9)).loc["best"]
    rho = 90.0
    r_xx = rho * 1e-8 * 30e-6 / (5e-6 * 10.8e-9)
    for facts in (
        {"m_s_t_a": 6e-4, "m_s_t_u_a": 2e-6, "rho_xx_uohm_cm": rho, "rho_xx_u_uohm_cm": 0.1},
        {"m_s_emu_cc": 600.0, "m_s_u_emu_cc": 2.0, "r_xx_ohm": r_xx,
         "r_xx_u_ohm": r_xx * 0.1 / 90},
    ):  # fmt: skip
        row = given_by_hand(**facts, k_s_erg_cm2=0.36, k_s_u_erg_cm2=0.003)
        assert row["status"] == "ok", row["reason"]
        for name in ("xi_dl_j", "xi_dl_e", "theta_sh"):
            assert row[name] == pytest.approx(measured[name])
        # xi takes no K_s; theta takes both, which magnetometry measures together.
        assert row["xi_dl_j_u"] == pytest.approx(measured["xi_dl_j_u"])
        assert row["m_s_source"] == row["rho_source"] == "thesis, p. 12"
    assert measured["m_s_source"] == measured["rho_source"] == "measured"


def test_what_a_hand_cannot_give_is_said():
    row = given_by_hand(m_s_t_a=6e-4, rho_xx_uohm_cm=90.0)
    assert np.isfinite(row["xi_dl_j"]) and np.isnan(row["theta_sh"])
    assert "areal_moment_a is given without its uncertainty" in row["reason"]
    assert "no K_s for T_int and theta_sh" in row["reason"]
    assert "no magnetometry" not in row["reason"]


def test_a_measurement_goes_before_a_value_by_hand():
    samples = SAMPLES | {"best": FACTS | {"m_s_t_a": 1.0, "source": "a guess"}}
    row = torque_table(
        centres("best", 15.9), films(), RESISTIVITIES, switched(), samples, reference="best",
        convention={}, name="adopted",
    ).iloc[0]  # fmt: skip
    assert row["xi_dl_j"] == table(centres("best", 15.9)).at["best", "xi_dl_j"]
    assert row["m_s_source"] == "measured"


# Few fields, few currents


def test_pairs_that_do_not_exist_are_called_by_their_name():
    loops = centres("best", 15.9, currents=(-1.6, -0.9, -0.2, 0.5, 1.2, 1.9))
    row = table(loops, convention={"loop_shift": "pair"}).loc["best"]
    assert row["status"] == "refused"
    assert (
        "no two currents of equal size and opposite sign: use `loop_shift: line`" in row["reason"]
    )
    assert table(loops).at["best", "h_dl_per_ma_oe"] == pytest.approx(15.9)
    one_sign = table(loops[loops["current_ma"] > 0]).loc["best"]
    assert "no in-plane field has loops with currents of both signs" in one_sign["reason"]


@pytest.mark.parametrize(("fields", "bound"), [((-900,), True), ((400, -400), True),
                                               ((-400, 400, -800, 800), False)])  # fmt: skip
def test_one_field_on_the_plateau_gives_a_bound(fields, bound):
    row = table(centres("best", 15.9, h_dmi=300, fields=fields)).loc["best"]
    assert row["h_dl_is_lower_bound"] == bound
    assert row["h_dl_per_ma_oe"] == pytest.approx(15.9)
    assert np.isnan(row["h_dmi_oe"])
    assert row["status"] == "flagged"
    assert ("H_DL is a lower bound" in row["reason"]) == bound


def test_systematic_uncertainty_follows_the_plateau():
    """That of the knee's model alone: all dimensions and calibrations count as exact here."""
    loops = centres("best", 15.9, h_dmi=230, noise=0.3, rng=np.random.default_rng(1))
    row = table(loops, systematics=EXACT).loc["best"]
    assert row["systematics"] == ""
    assert row["h_dmi_sys_oe"] > 10  # fields 100 Oe apart do not give 0.1 Oe
    relative = row["h_dl_per_ma_sys_oe"] / row["h_dl_per_ma_oe"]
    assert 0.001 < relative < 0.1
    for name in ("xi_dl_j", "xi_dl_e", "sigma_sh", "theta_sh"):
        assert row[f"{name}_sys"] == pytest.approx(relative * row[name])
    assert row["knee_model"] == "clip" and row["dof"] == 12 and row["scatter_dof"] == 30


def test_what_a_laboratory_may_have_wrong():
    """Per cent by hand, as in docs/uncertainties.md; the knee's part is that of the plateau."""
    row = table(both(noise=0.3, rng=np.random.default_rng(1))).loc["best"]
    assert row["systematics"] == "assumed"
    relative = {q: row[systematic_column(q)] / row[q] for q in ("h_dl_per_ma_oe", "xi_dl_j",
                "xi_dl_e", "rho_xx_uohm_cm", "j_c_a_m2", "xi_ratio", "lambda_s_nm")}  # fmt: skip
    knee = relative["h_dl_per_ma_oe"] ** 2 - 2 * 0.01**2  # calibrations of field and current
    assert np.sqrt(relative["xi_dl_j"] ** 2 - knee) == pytest.approx(0.0900, rel=3e-3)
    assert np.sqrt(relative["xi_dl_e"] ** 2 - knee) == pytest.approx(0.0742, rel=3e-3)
    for resistive in ("rho_xx_uohm_cm", "lambda_s_nm"):  # lambda_s = 1/(rho G)
        assert relative[resistive] == pytest.approx(0.0872, rel=5e-3)
    assert relative["j_c_a_m2"] == pytest.approx(0.0714, rel=5e-3)
    # Width, stack and calibrations are common to both samples; areas and knees are not.
    assert row["j_c_ratio_sys"] == pytest.approx(0, abs=1e-9)
    assert 0.0707 < relative["xi_ratio"] < np.sqrt(0.0712**2 + 4 * knee)


def test_what_is_not_common_stays_in_ratios():
    apart = {name: {"common": False} for name in ("width_um", "stack_nm", "current")}
    row = table(systematics=apart).loc["best"]
    assert row["j_c_ratio_sys"] / row["j_c_ratio"] == pytest.approx(0.0714 * 2**0.5, rel=5e-3)
    common_area = {"film_area_mm2": {"sigma": "5 %", "common": True}}
    knee = table(systematics=EXACT).loc["best", "xi_ratio_sys"]
    found = table(systematics=common_area).loc["best", "xi_ratio_sys"]
    assert found == pytest.approx(knee, abs=1e-3)


def test_an_offset_of_the_in_plane_field_moves_the_shift_without_it():
    """2 s(H_x) at H_x = 5 Oe instead of 0: a step of 5/h_dmi of the plateau."""
    exact = EXACT | {"field_offset_oe": {"sigma": 5}}
    row = table(centres("best", 15.9, h_dmi=200.0), systematics=exact).loc["best"]
    assert row["zero_field_shift_per_ma_sys_oe"] == pytest.approx(np.pi * 15.9 * 5 / 200, rel=1e-3)
    assert row["rho_xx_sys_uohm_cm"] == 0


def test_values_by_hand_have_no_sources_of_the_laboratory():
    row = given_by_hand(m_s_t_a=6e-4, m_s_t_u_a=2e-6, rho_xx_uohm_cm=90.0, rho_xx_u_uohm_cm=0.1)
    assert row["rho_xx_sys_uohm_cm"] == 0
    bar = row["h_dl_per_ma_sys_oe"] / row["h_dl_per_ma_oe"]
    assert row["xi_dl_j_sys"] / row["xi_dl_j"] == pytest.approx(
        np.sqrt(bar**2 + 2 * 0.05**2), rel=5e-3
    )


def test_a_reference_that_is_a_bound_flags_the_ratios():
    loops = pd.concat([centres("ref", 1.9, fields=(-400, 400)), centres("best", 15.9)])
    rows = table(loops)
    assert "H_DL of the reference ref is a lower bound" in rows.at["best", "reason"]
    assert "reference" not in rows.at["ref", "reason"]


# Resistivity


def curve(resistance, *, current=None, temperature=np.nan, condition=np.nan):
    count = len(resistance)
    return xr.Dataset(
        {
            "id": ("measurement", np.array(["iv"], dtype=object)),
            "kind": ("measurement", np.array(["resistivity"], dtype=object)),
            "start": ("measurement", [0]),
            "count": ("measurement", [count]),
            "temperature": ("measurement", [condition]),
            "resistance": ("point", resistance),
            "write_current": ("point", np.full(count, np.nan) if current is None else current),
            "resistivity": ("point", np.full(count, np.nan)),
            "point_temperature": ("point", np.broadcast_to(temperature, count)),
        },
        attrs={"sample": "best"},
    )


def test_resistivity_ignores_a_thermoelectric_voltage():
    current = np.linspace(-1e-3, 1e-3, 20)
    row = resistivity_table([curve((500 * current + 5e-6) / current, current=current)], SAMPLES)
    assert row["r_xx_ohm"].item() == pytest.approx(500)
    assert row["rho_xx_uohm_cm"].item() == pytest.approx(90)  # 500 ohm, 5 um x 10.8 nm / 30 um


def test_resistivity_of_resistances_and_of_one_temperature():
    rng = np.random.default_rng(0)
    values = 500 + 0.1 * rng.standard_normal(100)
    row = resistivity_table([curve(values)], SAMPLES).iloc[0]
    assert row["r_xx_u_ohm"] == pytest.approx(0.01, rel=0.2)
    temperature = np.linspace(100, 400, 301)
    cooled = curve(2 * temperature, temperature=temperature, condition=300.0)
    assert resistivity_table([cooled], SAMPLES)["r_xx_ohm"].item() == pytest.approx(600)
    unknown = resistivity_table([curve(2 * temperature, temperature=temperature)], SAMPLES).iloc[0]
    assert unknown["status"] == "refused" and "several temperatures" in unknown["reason"]


def test_resistivity_refuses_nonsense():
    for values, words in (([np.nan] * 5, "usable points"), ([-500.0] * 5, "above 0")):
        row = resistivity_table([curve(np.array(values))], SAMPLES).iloc[0]
        assert row["status"] == "refused" and words in row["reason"]


# The emulated study, from the raw files up


@pytest.fixture(scope="module")
def study():
    datasets, samples = ruo2_study.datasets(), ruo2_study.samples()
    loops = fit_loops(datasets)
    made = torque_table(
        loops, magnetometry_table(datasets, samples), resistivity_table(datasets, samples),
        switching_table(datasets, loops, samples), samples, reference="pt", convention={},
        name="adopted",
    )  # fmt: skip
    return made.set_index("sample")


def test_nine_samples_within_their_intervals(study):
    assert len(study) == 9
    flagged = study[study["status"] != "ok"]
    # Rounded knees and the scatter of depinning fields are seen, and widen what they should.
    assert flagged["reason"].str.startswith("dH_0/dI scatters about its fit").all()
    for sample, row in study.iterrows():
        true = ruo2_study.truth()[sample]
        for name in ("h_dl_per_ma_oe", "h_dmi_oe", "xi_dl_j", "xi_dl_e", "k_s_erg_cm2", "t_sbf",
                     "t_sml", "t_int", "sigma_sh", "theta_sh", "rho_xx_uohm_cm",
                     "j_c_a_m2"):  # fmt: skip
            sys = np.nan_to_num(row.get(systematic_column(name), 0.0))
            pull = (row[name] - true[name]) / np.hypot(row[uncertainty_column(name)], sys)
            assert abs(pull) < 3.5, (sample, name, pull)


def test_published_numbers_of_the_best_sample(study):
    best = study.loc["ruo2_0p5"]
    assert best["xi_ratio"] == pytest.approx(5.2, abs=3 * best["xi_ratio_u"])
    assert best["theta_sh"] == pytest.approx(0.36, abs=3 * best["theta_sh_u"])
    assert best["theta_ratio"] == pytest.approx(4, abs=3 * best["theta_ratio_u"])
    assert best["j_c_ratio"] == pytest.approx(3, abs=0.1)
    assert study["zero_field_shift_per_ma_oe"].abs().idxmax() == "ruo2_0p5"
