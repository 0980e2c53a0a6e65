import numpy as np
import pytest
from scipy.stats import t as student

from hall2net.errors import Hall2netError
from hall2net.physics.lines import weighted_fit, weighted_line, widening


def drawn(rng, n, stated, true):
    """A line of known intercept and slope with stated and true uncertainties of each point."""
    x = np.sort(rng.uniform(-1, 1, n))
    return x, 3.0 - 2.0 * x + true * rng.standard_normal(n), np.full(n, stated)


def test_line_is_the_weighted_least_squares_of_numpy():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, 12)
    u = rng.uniform(0.5, 2, 12)
    y = 1 + 0.5 * x + 0.3 * u * rng.standard_normal(12)  # scatters less than stated
    line = weighted_line(x, y, u)
    coefficients, covariance = np.polyfit(x, y, 1, w=1 / u, cov="unscaled")
    assert np.allclose(line.value, coefficients[::-1])
    assert line.widened == 1 and line.reason == ""
    assert np.allclose(line.covariance, covariance[::-1, ::-1])
    assert line.dof == 10
    assert line.chi2 == pytest.approx(np.sum(((y - np.polyval(coefficients, x)) / u) ** 2))


def test_scatter_takes_over_where_it_is_larger():
    rng = np.random.default_rng(1)
    x, y, u = drawn(rng, 8, 0.01, 1.0)
    line = weighted_line(x, y, u)
    unknown = weighted_line(x, y)
    assert np.allclose(line.covariance, unknown.covariance)
    scaled = np.polyfit(x, y, 1, cov=True)[1]  # numpy's own scaling by chi2/dof
    factor = student.ppf(0.975, 6) / 1.959964
    assert np.allclose(line.sigma[::-1], factor * np.sqrt(np.diag(scaled)), rtol=1e-5)
    assert "chi2/dof" in line.reason and "dof 6" in line.reason


@pytest.mark.parametrize("dof", [1, 2, 4, 10])
@pytest.mark.parametrize("ratio", [1.0, 3.0, 30.0])
def test_intervals_hold_the_truth(dof, ratio):
    """Never below 95 %; with true errors well above the stated ones neither more."""
    rng = np.random.default_rng([dof, int(ratio)])
    inside = 0
    for _ in range(1500):
        line = weighted_line(*drawn(rng, dof + 2, 0.1, 0.1 * ratio))
        inside += abs(line.value[1] + 2.0) < 1.96 * line.sigma[1]
    highest = {1.0: 0.999, 3.0: 0.985, 30.0: 0.967}[ratio]
    assert 0.933 <= inside / 1500 <= highest


def test_no_degree_of_freedom_keeps_the_stated_uncertainty():
    line = weighted_line(np.array([0.0, 1.0]), np.array([1.0, 4.0]), np.array([0.1, 0.1]))
    assert line.value == pytest.approx([1, 3]) and line.dof == 0 and line.widened == 1
    assert line.sigma == pytest.approx([0.1, 0.1 * np.sqrt(2)])
    assert widening(0.0, 0) == 1


def test_what_cannot_be_fitted_is_named():
    x = np.array([1.0, 1.0, 1.0])
    with pytest.raises(Hall2netError, match="slope"):
        weighted_line(x, x, x)
    with pytest.raises(Hall2netError, match="missing or zero"):
        weighted_line(np.arange(3.0), x, np.array([1.0, 0.0, np.nan]))
    with pytest.raises(Hall2netError, match="1 points for 2"):
        weighted_line(x[:1], x[:1], x[:1])
    with pytest.raises(Hall2netError, match="no scatter"):
        weighted_fit(np.eye(2), np.ones(2))
