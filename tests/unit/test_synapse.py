import made_tables
import numpy as np
import pandas as pd
import pytest
import torch
from emulated import pulse_train

from hall2net.emulate.ruo2 import STATES_OHM
from hall2net.errors import ConfigError, Hall2netError
from hall2net.synapse.lut import levels
from hall2net.synapse.model import synapse_from_lut
from hall2net.synapse.states import lut_from_train, train_reads

SWING = STATES_OHM[-1] - STATES_OHM[0]


def table(**columns):
    given = {
        "state": range(1, 7),
        "resistance_ohm": STATES_OHM,
        "resistance_u_ohm": 0.001,
        "level": levels(STATES_OHM),
        "read_sigma_ohm": 0.0,
        "cycle_sigma_ohm": 0.0,
        "drift_per_decade_ohm": 0.0,
    }
    return pd.DataFrame(given | columns)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def all_states(n):
    return torch.arange(6).repeat_interleave(n)


def test_no_noise_is_exact():
    synapse = synapse_from_lut(table())
    state = torch.randint(6, (7, 5, 3), generator=generator())
    array = synapse.write(state, generator())
    read = synapse.read(array, generator(), time_s=1e6)
    assert torch.equal(array.state, state)
    assert torch.equal(read, synapse.levels[state])


def test_same_seed_same_array():
    synapse = synapse_from_lut(table(read_sigma_ohm=0.01, cycle_sigma_ohm=0.01), stuck=0.1)
    one, same, other = (
        synapse.read(synapse.write(all_states(50), g), g)
        for g in (generator(1), generator(1), generator(2))
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_sigmas_of_writing_and_reading():
    synapse = synapse_from_lut(table(read_sigma_ohm=0.012, cycle_sigma_ohm=0.005))
    g = generator()
    array = synapse.write(all_states(40_000), g)
    written = (array.level - synapse.levels[array.state]).view(6, -1).std(1)
    read = (synapse.read(array, g) - array.level).view(6, -1).std(1)
    np.testing.assert_allclose(written, 0.005 * 2 / SWING, rtol=0.02)
    np.testing.assert_allclose(read, 0.012 * 2 / SWING, rtol=0.02)


def test_writing_error_stays_and_reading_error_does_not():
    synapse = synapse_from_lut(table(read_sigma_ohm=0.01, cycle_sigma_ohm=0.01))
    g = generator()
    array = synapse.write(all_states(20_000), g)
    first, second = (synapse.read(array, g) - synapse.levels[array.state] for _ in range(2))
    correlation = np.corrcoef(first, second)[0, 1]
    assert correlation == pytest.approx(0.5, abs=0.01)


def test_drift_counts_decades():
    synapse = synapse_from_lut(table(drift_per_decade_ohm=np.linspace(-0.01, 0.01, 6)))
    array = synapse.write(torch.arange(6), generator())
    moved = synapse.read(array, generator(), time_s=1e3) - synapse.read(array, generator())
    np.testing.assert_allclose(moved, 3 * np.linspace(-0.01, 0.01, 6) * 2 / SWING, atol=1e-6)
    with pytest.raises(ConfigError, match="expected a time above 0"):
        synapse.read(array, generator(), time_s=0.0)


def test_stuck_devices_hold_their_state():
    synapse = synapse_from_lut(table(), stuck=[0.1, 0, 0, 0, 0, 0.05])
    array = synapse.write(torch.full((100_000,), 3), generator())
    share = torch.bincount(array.state, minlength=6) / 100_000
    np.testing.assert_allclose(share, [0.1, 0, 0, 0.85, 0, 0.05], atol=0.005)
    even = synapse_from_lut(table(), stuck=0.6)
    share = torch.bincount(even.write(torch.full((100_000,), 3), generator()).state) / 100_000
    np.testing.assert_allclose(share, [0.1, 0.1, 0.1, 0.5, 0.1, 0.1], atol=0.006)
    everything = synapse_from_lut(table(), stuck=[1.0, 0, 0, 0, 0, 0])
    assert (everything.write(torch.full((1000,), 3), generator()).state == 0).all()


@pytest.mark.parametrize("stuck", [1.5, -0.1, [0.5, 0.6, 0, 0, 0, 0], np.nan])
def test_shares_of_stuck_devices_are_checked(stuck):
    with pytest.raises(ConfigError, match="stuck"):
        synapse_from_lut(table(), stuck=stuck)


def test_measured_deviations_are_sampled_as_they_are():
    """Two-sided read noise is no bell curve: the model keeps its shape."""
    rng = np.random.default_rng(0)
    state = np.tile(np.arange(1, 7), 20)
    pulses = np.repeat(np.arange(120), 10)
    reads = pd.DataFrame({"pulse": pulses, "state": np.repeat(state, 10)})
    reads["residual_ohm"] = 0.01 * rng.choice([-1.0, 1.0], len(reads))
    synapse = synapse_from_lut(table(read_sigma_ohm=0.01), reads)
    g = generator()
    array = synapse.write(all_states(5000), g)
    deviation = (synapse.read(array, g) - array.level).abs() * SWING / 2
    assert (deviation < 0.02).all()
    assert deviation.median() == pytest.approx(0.01, rel=0.1)
    # A normal distribution would have 38 % within half a sigma.
    assert (deviation < 0.004).float().mean() < 0.05


def test_device_of_an_emulated_train():
    train = pulse_train(seed=1, cycles=40, drift=0.0)
    lut = lut_from_train(train)
    synapse = synapse_from_lut(lut, train_reads(train, lut))
    g = generator()
    array = synapse.write(all_states(20_000), g)
    unit = SWING / 2
    written = (array.level - synapse.levels[array.state]).view(6, -1).std(1) * unit
    read = (synapse.read(array, g) - array.level).view(6, -1).std(1) * unit
    np.testing.assert_allclose(written, lut["cycle_sigma_ohm"], rtol=0.03)
    np.testing.assert_allclose(read, 0.008 * SWING, rtol=0.12)
    mean = synapse.read(array, g).view(6, -1).mean(1)
    np.testing.assert_allclose(mean, synapse.levels, atol=0.01)


@pytest.mark.parametrize("columns", [1024, 4096])
def test_first_reads_scatter_as_write_and_read_together(columns):
    synapse = synapse_from_lut(table(read_sigma_ohm=0.012, cycle_sigma_ohm=0.005), stuck=0.06)
    reads = synapse.without("stuck").first_reads(columns)
    sigma = np.hypot(0.012, 0.005) * 2 / SWING
    np.testing.assert_allclose(reads.std(1), sigma, rtol=0.02)
    np.testing.assert_allclose(reads.mean(1), synapse.levels, atol=0.02 * sigma)
    # The sum of two normal deviations is normal.
    z = torch.special.ndtri(torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64))
    quantiles = (reads - synapse.levels[:, None]).double().quantile(torch.special.ndtr(z), dim=1)
    np.testing.assert_allclose(quantiles, (z * sigma)[:, None].expand(-1, 6), atol=0.05 * sigma)
    # One in a hundred holds each of the states, whatever is written.
    stuck = synapse.without("programming", "reading").first_reads(columns)
    for state, level in enumerate(synapse.levels):
        held = (stuck == level).float().mean(1)
        expected = [0.95 if other == state else 0.01 for other in range(6)]
        np.testing.assert_allclose(held, expected, atol=3 / columns)


def test_parts_can_be_switched_off():
    synapse = synapse_from_lut(
        table(read_sigma_ohm=0.01, cycle_sigma_ohm=0.01, drift_per_decade_ohm=0.01), stuck=0.1
    )
    silent = synapse.without("programming", "reading", "drift", "stuck")
    array = silent.write(all_states(10), generator())
    assert torch.equal(silent.read(array, generator(), 1e4), silent.levels[all_states(10)])
    with pytest.raises(ConfigError, match="no part 'noise'; expected programming"):
        synapse.without("noise")


def test_reads_of_an_unknown_state_are_refused():
    reads = pd.DataFrame({"pulse": [1], "state": [9], "residual_ohm": [0.0]})
    with pytest.raises(Hall2netError, match="refer to state 9"):
        synapse_from_lut(table(), reads)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_same_statistics_on_the_gpu():
    synapse = synapse_from_lut(table(read_sigma_ohm=0.012, cycle_sigma_ohm=0.005), stuck=0.1)
    synapse = synapse.to("cuda")
    g = torch.Generator("cuda").manual_seed(0)
    array = synapse.write(all_states(40_000).cuda(), g)
    read = (synapse.read(array, g) - array.level).view(6, -1).std(1).cpu()
    np.testing.assert_allclose(read, 0.012 * 2 / SWING, rtol=0.02)
    assert (array.state != all_states(40_000).cuda()).float().mean().item() == pytest.approx(
        0.1 * 5 / 6, abs=0.005
    )


@pytest.mark.parametrize(
    ("column", "part"),
    [("cycle_sigma_ohm", "programming"), ("read_sigma_ohm", "reading"),
     ("device_sigma_ohm", "devices"), ("drift_per_decade_ohm", "drift")],
)  # fmt: skip
@pytest.mark.parametrize("absent", [True, False])
def test_what_was_measured_for_no_state_is_named(column, part, absent):
    lut = made_tables.lut(np.linspace(0, 1, 5))
    lut = lut.assign(
        cycle_sigma_ohm=1e-3, read_sigma_ohm=1e-3, device_sigma_ohm=1e-3, drift_per_decade_ohm=0.0
    )
    assert synapse_from_lut(lut).unmeasured == ()
    lut.loc[1:, column] = np.nan
    assert synapse_from_lut(lut).unmeasured == ()
    lut = lut.drop(columns=column) if absent else lut.assign(**{column: np.nan})
    device = synapse_from_lut(lut)
    assert device.unmeasured == (part,)
    assert device.to("cpu").unmeasured == device.without("stuck").unmeasured == (part,)


@pytest.mark.parametrize("column", ["cycle_sigma_ohm", "read_sigma_ohm"])
def test_a_state_without_its_own_sigma_has_that_of_the_others(column):
    sigma = [0.003, np.nan, 0.004, np.nan, np.nan, 0.005]
    synapse = synapse_from_lut(table(**{column: sigma}))
    g = generator()
    found = synapse.read(synapse.write(all_states(40_000), g), g).view(6, -1).std(1) * SWING / 2
    others = np.sqrt(np.mean(np.square([0.003, 0.004, 0.005])))
    np.testing.assert_allclose(found, np.where(np.isnan(sigma), others, sigma), rtol=0.02)


def test_devices_differ_and_stay_as_they_are():
    synapse = synapse_from_lut(table(device_sigma_ohm=0.01))
    g = generator()
    array = synapse.write(all_states(40_000), g)
    deviation = (array.level - synapse.levels[array.state]).view(6, -1) * SWING / 2
    np.testing.assert_allclose(deviation.std(1), 0.01, rtol=0.02)
    assert torch.equal(synapse.read(array, g), synapse.read(array, g))
    at_once = synapse.first_reads(4096) - synapse.levels[:, None]
    np.testing.assert_allclose(at_once.std(1) * SWING / 2, 0.01, rtol=0.02)


@pytest.mark.parametrize(("common", "dof"), [(True, 1), (False, 6)])
def test_drift_of_a_chip_is_drawn_from_its_uncertainty(common, dof):
    slopes = np.full(6, -0.002) if common else 0.02 * np.arange(6)
    synapse = synapse_from_lut(
        table(
            drift_per_decade_ohm=slopes, drift_per_decade_u_ohm=0.003 * np.sqrt(6 if common else 1)
        )
    )
    g = generator()
    drawn = torch.stack([synapse.with_drawn_drift(g).drift for _ in range(2000)]) * SWING / 2
    np.testing.assert_allclose(drawn.std(0), 0.003, rtol=0.08)
    np.testing.assert_allclose(drawn.mean(0), slopes, atol=3e-4)
    assert np.linalg.matrix_rank(np.cov(drawn.T), tol=1e-9) == dof
    assert synapse.without("drift").with_drawn_drift(g).drift.abs().max() == 0


def test_a_reference_device_takes_off_what_all_states_share():
    synapse = synapse_from_lut(table(drift_per_decade_ohm=-0.01, drift_per_decade_u_ohm=0.002))
    against = synapse.with_reference().with_drawn_drift(generator())
    assert against.drift.abs().max() < 1e-7
    apart = synapse_from_lut(
        table(drift_per_decade_ohm=0.01 * np.arange(6), drift_per_decade_u_ohm=1e-4)
    )
    left = apart.with_reference().drift * SWING / 2
    np.testing.assert_allclose(left, 0.01 * (np.arange(6) - 2.5), atol=1e-6)
