import numpy as np
import pytest

from hall2net.errors import Hall2netError
from hall2net.physics.knee import fit_knee

FIELDS = np.array(sorted((0, 50, 100, 200, 300, 400, 600, 800, -50, -100, -200, -300, -400, -600,
                          -800)), float)  # fmt: skip
SHAPES = {
    "clip": lambda x: np.clip(x, -1, 1),
    "tanh": np.tanh,
    "algebraic": lambda x: x / (1 + np.abs(x) ** 3) ** (1 / 3),  # none of the models of the fit
}


def drawn(rng, shape, h_dmi, n_sizes, relative):
    """dH_0/dI = -6 f(H_x/H_DMI) - 1 at evenly spaced magnitudes, of both signs."""
    largest = np.exp(rng.uniform(np.log(300), np.log(2000)))
    sizes = largest * np.arange(1, n_sizes + 1) / n_sizes
    field_x = np.concatenate([-sizes, [0.0] * int(rng.integers(2)), sizes])
    u = np.full(field_x.size, 6 * relative)
    slope = -6 * SHAPES[shape](field_x / h_dmi) - 1 + u * rng.standard_normal(u.size)
    return field_x, slope, u


def inside(value, truth, u, sys=0.0):
    return abs(value - truth) < 1.96 * np.hypot(u, sys)


@pytest.mark.parametrize("h_dmi", [75.0, 150.0, 200.0, 260.0, 500.0])
def test_knee_of_an_exact_clip(h_dmi):
    knee = fit_knee(FIELDS, -5 * np.clip(FIELDS / h_dmi, -1, 1) - 0.4, np.full(15, 0.01))
    assert knee.h_dmi == pytest.approx(h_dmi, rel=1e-6)
    assert knee.plateau == pytest.approx(-5) and knee.zero == pytest.approx(-0.4)
    assert np.allclose(knee.slope(FIELDS), -5 * np.clip(FIELDS / h_dmi, -1, 1) - 0.4)
    assert knee.h_dmi_sys > 5  # another model is another knee
    assert knee.model == "clip" and not knee.reasons and knee.dof == 12


def test_smooth_saturation_is_fitted_as_such_where_the_data_show_it():
    slope = -5 * np.tanh(FIELDS / 150) - 0.4
    knee = fit_knee(FIELDS, slope, np.full(15, 0.01))
    assert knee.model == "tanh" and knee.h_dmi == pytest.approx(150, rel=1e-4)
    assert knee.plateau == pytest.approx(-5, rel=1e-4)
    assert np.allclose(knee.slope(FIELDS), slope, atol=1e-3)


def test_knee_that_is_not_there():
    x = FIELDS
    u = np.full(x.size, 0.01)
    straight = fit_knee(x, x / 1000, u)
    assert straight.lower_bound and np.isnan(straight.h_dmi) and 700 < straight.h_dmi_lo <= 800
    assert straight.plateau == pytest.approx(0.8)
    assert "no plateau up to H_x = 800" in straight.reasons[0]
    low = fit_knee(x, 2 * np.sign(x), u)
    assert np.isnan(low.h_dmi) and low.plateau == pytest.approx(2) and not low.lower_bound
    assert low.h_dmi_lo == 0 and 50 <= low.h_dmi_hi < 52
    assert "H_DMI below 51" in low.reasons[0]
    rng = np.random.default_rng(0)
    assert "no torque" in fit_knee(x, 0.01 * rng.standard_normal(x.size), u).reasons[0]
    with pytest.raises(Hall2netError, match="loops at H_x = 0 only"):
        fit_knee(np.zeros(3), np.ones(3), np.ones(3))
    one_sign = fit_knee(x[x > 0], np.clip(x[x > 0] / 150, -1, 1), u[x > 0])
    assert one_sign.reasons == ("in-plane field of one sign only",)
    assert one_sign.plateau == pytest.approx(1) and one_sign.zero == 0


@pytest.mark.parametrize("scale", [200.0, 300.0, 500.0, 700.0])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_one_magnitude_on_the_plateau_is_no_plateau(shape, scale):
    """Two magnitudes, the lower one below the knee: three parameters for two odd values."""
    field_x = np.array([-2.0, -1, 1, 2]) * 0.8 * scale
    knee = fit_knee(field_x, -6 * SHAPES[shape](field_x / scale), np.full(4, 0.1))
    assert np.isnan(knee.h_dmi) and knee.lower_bound
    assert knee.h_dmi_lo <= 0.8 * scale and knee.h_dmi_hi >= 1.6 * scale
    assert "plateau from one field only" in knee.reasons[0]
    assert abs(knee.plateau) <= 6 + 1e-9


@pytest.mark.parametrize("n_sizes", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_what_is_said_holds_for_any_shape_and_number_of_fields(shape, n_sizes):
    rng = np.random.default_rng([n_sizes, list(SHAPES).index(shape)])
    plateaus, knees, bounds, limits = [], [], [], []
    for _ in range(80):
        h_dmi = np.exp(rng.uniform(np.log(100), np.log(800)))
        relative = np.exp(rng.uniform(np.log(0.005), np.log(0.08)))
        knee = fit_knee(*drawn(rng, shape, h_dmi, n_sizes, relative))
        u = np.sqrt(knee.covariance[0, 0])
        if knee.lower_bound:
            bounds.append(abs(knee.plateau) < 6 + 1.96 * u)
            assert np.isnan(knee.h_dmi) and knee.reasons
        elif np.isfinite(knee.h_dmi):
            plateaus.append(inside(knee.plateau, -6, u, knee.plateau_sys))
            knees.append(inside(knee.h_dmi, h_dmi, knee.h_dmi_u, knee.h_dmi_sys))
        if shape == "clip" and np.isfinite(knee.h_dmi_hi):
            limits.append(knee.h_dmi_lo <= h_dmi <= knee.h_dmi_hi)
    assert np.mean(bounds) >= 0.92
    if n_sizes < 3:
        assert not knees
    else:
        assert min(np.mean(plateaus), np.mean(knees)) >= 0.92
    assert not limits or np.mean(limits) >= 0.92
