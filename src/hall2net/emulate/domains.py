"""A magnet of many domains that a field or a current turns: one model of a film for all its files.

A domain turns up when the out-of-plane field and the torque of the current together exceed its
depinning field, and down when they exceed it the other way:

    H_z + H_SOT > +H_p  (up),    H_z + H_SOT < -H_p  (down)
    H_SOT = (pi/2) (H_DL/I) c I [clip(H_x/H_DMI) + g b],   H_p = H_1 h(c I) w(t) (1 - |H_x|/H_K)

Each domain has its own H_1, H_DMI, g and c, the current density where it lies over the mean. The
current also heats, h(x) = exp(-(x/I_h)^2), and thermal activation makes slow changes easier than
fast ones, w(t) = [1 - ln(t/1 ns)/Delta]/[1 - ln(1 ms/1 ns)/Delta]. Hall loops at any current,
switching loops and pulse trains differ in nothing but the fields, currents and times that are
applied. b, the direction of the interfacial moment that gives a torque without a field, is
described with `Magnet`.

A sum over domains follows none of the functions that the analysis fits: corners are round, and the
critical current is not proportional to H_c.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

REFERENCE_S = 1e-3
"""Time for which `Film.depinning_oe` holds."""
ATTEMPT_S = 1e-9
SET_Z_OE = 1000.0
"""Out-of-plane field that a Hall loop does not reach and a saturation before a sweep does."""


@dataclass(frozen=True)
class Film:
    """The domains of a film; arrays are (n,), one value a domain, and all domains weigh the same.

    Attributes
    ----------
    depinning_oe : H_1, depinning field within 1 ms, without current and in-plane field
    crowding : c, local current density over the mean
    h_dmi_oe : in-plane field that aligns the walls
    built_in : g, torque without an in-plane field over that of aligned walls
    reversal_oe : in-plane field that reverses the interfacial moment
    torque_oe_per_ma : (pi/2) H_DL/I
    heating_ma : I_h
    h_k_oe : anisotropy field H_K
    stability : Delta
    common_scatter, own_scatter : relative scatter of the depinning fields from one sweep or pulse
        to the next, of all domains together and of each
    """

    depinning_oe: np.ndarray
    crowding: np.ndarray
    h_dmi_oe: np.ndarray
    built_in: np.ndarray
    reversal_oe: np.ndarray
    torque_oe_per_ma: float
    heating_ma: float
    h_k_oe: float
    stability: float = 40.0
    common_scatter: float = 0.0
    own_scatter: float = 0.0

    @property
    def size(self) -> int:
        """Number of domains."""
        return self.depinning_oe.size

    def barrier(self, current_ma: float, field_x_oe: float, seconds: float) -> np.ndarray:
        """Depinning fields (n,) in Oe.

        Parameters
        ----------
        current_ma, field_x_oe : what the film is under
        seconds : time that a domain has to turn
        """
        slow, reference = (
            1 - np.log(t / ATTEMPT_S) / self.stability for t in (seconds, REFERENCE_S)
        )
        heated = np.exp(-((self.crowding * current_ma / self.heating_ma) ** 2))
        aligned = 1 - abs(field_x_oe) / self.h_k_oe
        return self.depinning_oe * heated * aligned * slow / reference

    def torque(self, current_ma: float, field_x_oe: float, interface: np.ndarray) -> np.ndarray:
        """Out-of-plane field (n,) in Oe that the current is worth.

        Parameters
        ----------
        current_ma, field_x_oe : what the film is under
        interface : (n,) direction of the interfacial moment where it acts, else 0
        """
        walls = np.clip(field_x_oe / self.h_dmi_oe, -1, 1)
        return (
            self.torque_oe_per_ma * self.crowding * current_ma * (walls + self.built_in * interface)
        )


class Magnet:
    """The state of a film: each domain up or down, with its interfacial moment.

    The interfacial moment follows what the ruo2 paper reports of figures 3e and f, which proposes
    no mechanism for the second half of it: an in-plane field of 2350 Oe reverses it, and it gives
    a torque only where the last out-of-plane saturation was opposite to it in sign (saturated up
    with the moment along -x as the film was made; down with it along +x). +x is antiparallel to
    the write current.

    Parameters
    ----------
    film : its domains
    rng : source of the scatter of depinning fields; None for a magnet without scatter
    """

    def __init__(self, film: Film, rng: np.random.Generator | None = None) -> None:
        self.film = film
        self.m = np.ones(film.size)
        self._along_x = -np.ones(film.size)
        self._set_z = 1.0
        self._rng = rng

    def expose(self, *, field_x_oe: float = 0.0, field_z_oe: float = 0.0) -> None:
        """Apply a large field and take it off: saturate, or reverse the interfacial moment."""
        if field_z_oe:
            self.m[:] = np.sign(field_z_oe)
        if abs(field_z_oe) >= SET_Z_OE:
            self._set_z = float(np.sign(field_z_oe))
        reversed_ = np.abs(field_x_oe) >= self.film.reversal_oe
        self._along_x[reversed_] = np.sign(field_x_oe)

    def pulse(
        self, currents_ma: np.ndarray, *, field_x_oe: float = 0.0, seconds: float = REFERENCE_S
    ) -> np.ndarray:
        """Magnetisation (pulses,) after each of some write pulses.

        Parameters
        ----------
        currents_ma : (pulses,), signed
        field_x_oe : in-plane field during the pulses
        seconds : width of a pulse
        """
        after = np.empty(len(currents_ma))
        for k, current in enumerate(np.asarray(currents_ma).tolist()):
            barrier, torque = self._fields(current, field_x_oe, seconds)
            after[k] = self._turn(torque, barrier)
        return after

    def sweep(
        self, fields_oe: np.ndarray, *, current_ma: float, field_x_oe: float, seconds: float
    ) -> tuple[np.ndarray, float]:
        """Magnetisation along one monotonic sweep of the out-of-plane field.

        Parameters
        ----------
        fields_oe : (points,), in order
        current_ma, field_x_oe : constant
        seconds : that the field rests at a point

        Returns
        -------
        m : (points,)
        switching_oe : field at which half of a saturated film turns in this direction
        """
        barrier, torque = self._fields(current_ma, field_x_oe, seconds)
        m = np.array([self._turn(field + torque, barrier) for field in fields_oe.tolist()])
        direction = np.sign(fields_oe[-1] - fields_oe[0])
        return m, float(np.median(direction * barrier - torque))

    def _fields(
        self, current_ma: float, field_x_oe: float, seconds: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Depinning fields as they are this time, and the field that the current is worth."""
        barrier = self.film.barrier(current_ma, field_x_oe, seconds)
        if self._rng is not None:
            own = self.film.own_scatter * self._rng.standard_normal(self.film.size)
            barrier *= 1 + self.film.common_scatter * self._rng.standard_normal() + own
        interface = np.where(self._along_x == -self._set_z, self._along_x, 0.0)
        return barrier, self.film.torque(current_ma, field_x_oe, interface)

    def _turn(self, field_oe: np.ndarray, barrier: np.ndarray) -> float:
        self.m[field_oe >= barrier] = 1.0
        self.m[field_oe <= -barrier] = -1.0
        return float(self.m.mean())


def deviates(n: int, quantities: int, rng: np.random.Generator) -> np.ndarray:
    """(quantities, n) normal deviates of n domains, spread evenly over all quantities together.

    Halton's sequence (Numer. Math. 2, 84 (1960)), moved by a random vector: medians of sums are
    those of many more domains.

    Parameters
    ----------
    n : number of domains
    quantities : one to four
    rng : source of the vector
    """
    number = np.arange(1, n + 1)
    drawn = np.zeros((quantities, n))
    for row, base in zip(drawn, (2, 3, 5, 7)[:quantities], strict=True):
        rest, digit = number.copy(), 1.0 / base
        while rest.any():
            row += digit * (rest % base)
            rest, digit = rest // base, digit / base
    return ndtri((drawn + rng.random((quantities, 1))) % 1.0)


def crowded(
    deviate: np.ndarray, sigma: float, edges: float = 0.0, arms: float = 1.0, corners: float = 1.0
) -> np.ndarray:
    """Local current densities (n,) over their median, which is 1.

    Parameters
    ----------
    deviate : (n,) normal deviates
    sigma : relative spread
    edges : fraction of the film in the voltage arms, and as much again at the corners of the cross
    arms, corners : factors of the current density there: little current reaches the arms, and
        around the corners it is crowded
    """
    if edges:
        limit = ndtri(edges)
        place = np.where(deviate < limit, arms, np.where(deviate > -limit, corners, 1.0))
    else:
        place = np.ones_like(deviate)
    return place * np.exp(sigma * deviate)


def shift_per_torque(film: Film, current_ma: float) -> float:
    """Slope of a loop's centre against current, over (pi/2) H_DL/I, where the walls are aligned.

    1 but for what a median of so many domains deviates by.

    Parameters
    ----------
    film : its domains
    current_ma : of the loop, and its negative
    """
    field_x = 3.0 * float(np.median(film.h_dmi_oe))
    barrier = film.barrier(current_ma, field_x, REFERENCE_S)
    torque = film.torque(current_ma, field_x, np.zeros(film.size))
    # barrier - torque turns up at +I; minus barrier - torque turns down; -I has the other torque.
    up, down = (
        np.median(barrier - torque) - np.median(barrier + torque),
        np.median(-barrier - torque) - np.median(-barrier + torque),
    )
    return float(-(up + down) / 4 / (current_ma * film.torque_oe_per_ma))


def built_in_torque(film: Film, thresholds_ma: np.ndarray) -> np.ndarray:
    """g (n,) with which the domains of a film turn at given currents without any field.

    Parameters
    ----------
    film : its domains, whatever their g
    thresholds_ma : (n,), in any order; domains in a low current density get the large ones as far
        as their depinning fields let them
    """
    reach = np.log(film.depinning_oe) - np.log(film.crowding)
    order = np.argsort(np.argsort(reach, kind="stable"), kind="stable")
    current = np.sort(thresholds_ma)[order]
    barrier = film.depinning_oe * np.exp(-((film.crowding * current / film.heating_ma) ** 2))
    return barrier / (film.torque_oe_per_ma * film.crowding * current)


def critical_current(
    film: Film, field_x_oe: float, maximum_ma: float, *, seconds: float = REFERENCE_S
) -> float:
    """Current in mA at which a film without scatter has done half of its swing.

    Parameters
    ----------
    film : its domains, saturated upwards before
    field_x_oe : in-plane field
    maximum_ma : largest current of the loop
    seconds : width of a pulse
    """
    current = np.linspace(0, maximum_ma, 1001)
    turned = np.empty(current.size)
    interface = -np.ones(film.size)
    done = np.zeros(film.size)
    for k, one in enumerate(current.tolist()):
        torque = film.torque(one, field_x_oe, interface)
        done[np.abs(torque) >= film.barrier(one, field_x_oe, seconds)] = 1.0
        turned[k] = np.sign(torque) @ done
    return float(np.interp(0.5, np.maximum.accumulate(turned / turned[-1]), current))
