"""Hall loops as laboratories record them, with their truth.

The magnet is a set of many domains, each with a field at which it turns up and one at which it
turns down (Preisach, Z. Phys. 94, 277 (1935)); edges, steps, rounded corners, initial curves and
minor loops follow from them. What a set-up adds is drawn at random, everything at once. Nothing
here is shared with the fit.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from hall2net.emulate.loop import pink_noise

KINDS = {
    "loop": "a whole loop",
    "inverted": "the field lags behind its reading by more than H_c",
    "two_steps": "two phases with different switching fields",
    "hump": "a second signal of opposite sign with larger switching fields",
    "metamagnet": "a plateau without magnetisation around zero field",
    "open": "some domains need more than the largest field",
    "one_sided": "one polarity of the field only",
    "incomplete": "the measurement ends before the second branch has switched",
    "none": "no hysteresis",
}
"""What a loop is."""

FITTABLE = ("loop", "inverted")
"""Kinds with one pair of switching fields."""

_SEVERAL = ("two_steps", "hump", "metamagnet")
_STEPS_SEEN = 120
"""Points of a loop with several steps, so that some lie between them."""
_SHARES = {
    "loop": 0.74, "inverted": 0.03, "two_steps": 0.05, "hump": 0.03, "metamagnet": 0.02,
    "open": 0.04, "one_sided": 0.02, "incomplete": 0.03, "none": 0.04,
}  # fmt: skip
_CLOSED_POINTS = 4
"""Points of a branch beyond the last domain, on either side, of a loop that can be fitted."""
_AVALANCHE = 50
"""Rounds in which coupled domains turn each other, at most."""
_CLOSED_PART = 0.03
"""Fraction of the sweep that it takes at least, on either side."""


@dataclass(frozen=True)
class LabTruth:
    """What a laboratory-like loop is made of.

    Attributes
    ----------
    kind : key of `KINDS`
    h_up_oe, h_dn_oe : reported fields at which the noiseless branches cross the half height
    r_ahe_ohm : half swing between the saturated levels, signed
    noise_ohm : white noise of a point
    largest_oe : largest field of the sweep
    significance : norm of the branch difference over its noise, in sigma
    nuisances : names of what was added
    """

    kind: str
    h_up_oe: float
    h_dn_oe: float
    r_ahe_ohm: float
    noise_ohm: float
    largest_oe: float
    significance: float
    nuisances: tuple[str, ...] = ()

    @property
    def fittable(self) -> bool:
        """Whether the loop has one pair of switching fields."""
        return self.kind in FITTABLE

    @property
    def h_c_oe(self) -> float:
        """Coercive field."""
        return (self.h_up_oe - self.h_dn_oe) / 2

    @property
    def h_0_oe(self) -> float:
        """Centre."""
        return (self.h_up_oe + self.h_dn_oe) / 2


@dataclass(frozen=True)
class LabLoop:
    """A recorded loop.

    Attributes
    ----------
    field_oe : (n,), reported, in the order of the measurement
    resistance_ohm : (n,)
    resistance_xx_ohm : (n,), or None where that channel was not recorded
    truth : what it is made of
    """

    field_oe: np.ndarray
    resistance_ohm: np.ndarray
    resistance_xx_ohm: np.ndarray | None
    truth: LabTruth


@dataclass(frozen=True)
class _Domains:
    """Switching fields (n,) of the domains, their shares of the moment, and their coupling."""

    up: np.ndarray
    down: np.ndarray
    weight: np.ndarray
    coupling: float = 0.0
    reversible: float = 0.0
    reversible_field: float = 1.0

    def shifted(self, widen: float, move: float) -> "_Domains":
        return replace(self, up=self.up + widen + move, down=self.down - widen + move)

    def along(self, path: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Magnetisation along a path of the field; `state` (n,) of -1 and 1 is carried on."""
        m = np.empty(path.size)
        now = float(self.weight @ state)
        for k, h in enumerate(path.tolist()):
            # An avalanche is over before the next point is measured.
            for _ in range(_AVALANCHE if self.coupling else 1):
                felt, before = h + self.coupling * now, now
                state[felt >= self.up] = 1.0
                state[felt <= self.down] = -1.0
                now = float(self.weight @ state)
                if now == before:
                    break
            m[k] = now
        turned = self.reversible * path / np.hypot(path, self.reversible_field)
        return (m + turned) / (1 + abs(self.reversible))


@dataclass
class _Sweep:
    """Reported and true fields of a measurement, and which cycle each point belongs to."""

    reported: np.ndarray
    true: np.ndarray
    cycle: np.ndarray
    run: np.ndarray
    names: list[str] = field(default_factory=list)


def draw_loop(rng: np.random.Generator, kind: str | None = None) -> LabLoop:
    """Draw one loop with everything that a laboratory adds to it.

    Parameters
    ----------
    rng : source of all that is random
    kind : key of `KINDS`; left out, drawn
    """
    kind = kind or str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    points = int(np.exp(rng.uniform(np.log(40), np.log(3000))))
    if kind in _SEVERAL:
        points = max(points, _STEPS_SEEN)
    largest = float(np.exp(rng.uniform(np.log(100), np.log(7e4))))
    amplitude = float(rng.choice([-1, 1]) * np.exp(rng.uniform(np.log(1e-3), np.log(10))))
    noise = abs(amplitude) * float(np.exp(rng.uniform(np.log(2e-3), np.log(0.25))))
    if kind in _SEVERAL:
        noise = min(noise, 0.12 * abs(amplitude))
    sweep, step = _sweep(kind, points, largest, rng)
    ends = np.sort(sweep.reported)
    room = min(-_inner(ends, step), -_inner(-ends[::-1], step))
    domains = _domains(kind, largest if kind == "open" else max(room, 3 * step), step, rng)
    lag = _lag(kind, domains, step, rng, sweep)
    rising = np.where(np.gradient(_smooth(sweep.reported)) >= 0, 1.0, -1.0)
    sweep.true = sweep.true - lag * rising
    m = _magnetisation(kind, domains, sweep, rng)
    if kind == "incomplete":
        sweep, m = _cut(sweep, m, rng)
    signal, r_xx = _recorded(sweep, amplitude * m, amplitude, noise, largest, rng)
    up, down = _half_height(domains, 1.5 * largest)
    truth = LabTruth(
        kind, up + lag, down - lag, amplitude, noise, largest,
        _significance(sweep, amplitude * m, noise), tuple(sweep.names),
    )  # fmt: skip
    if kind == "none":
        truth = replace(truth, h_up_oe=np.nan, h_dn_oe=np.nan)
    return LabLoop(sweep.reported, signal, r_xx, truth)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _inner(ends: np.ndarray, step: float) -> float:
    """Field beyond which enough points lie for a saturated level, at the low end."""
    margin = max((_CLOSED_POINTS + 1) * step, _CLOSED_PART * (ends[-1] - ends[0]))
    return float(ends[0] + margin)


def _smooth(values: np.ndarray) -> np.ndarray:
    width = max(3, values.size // 40)
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="same")[width // 2 :][: values.size]


def _sweep(
    kind: str, points: int, largest: float, rng: np.random.Generator
) -> tuple[_Sweep, float]:
    """Reported fields of the whole measurement and the field step."""
    names = []
    low, high, first = -1.0, 1.0, float(rng.choice([-1, 1]))
    if kind == "one_sided":
        low = 0.0 if rng.random() < 0.5 else rng.uniform(0, 0.02)
    elif rng.random() < 0.15 and kind not in ("open",):
        names.append("asymmetric")
        low, high = rng.permutation([rng.uniform(0.4, 0.9), 1.0]) * [-1, 1]
    ends = (low, high) if first < 0 else (high, low)
    cycles = int(rng.integers(2, 5)) if rng.random() < 0.2 and kind != "incomplete" else 1
    corners = [*ends * cycles, ends[0]]
    if kind == "loop" and rng.random() < 0.2:
        names.append("initial curve")
        corners = [0.0, *corners]
    elif kind == "loop" and cycles == 1 and rng.random() < 0.08:
        names.append("starts at zero")
        corners = [0.0, ends[1], ends[0], 0.0]
    if cycles > 1:
        names.append(f"{cycles} cycles")
        points = max(points, 40 * cycles)
    bend = 0.0
    if rng.random() < 0.07 and kind not in _SEVERAL:
        names.append("log-spaced")
        bend = rng.uniform(2, 6)
    path = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(corners)))])
    along = np.linspace(0, path[-1], points)
    if rng.random() < 0.15:
        names.append("pauses")
        again = rng.integers(2, points - 2, int(rng.integers(1, 6)))
        along = np.sort(np.concatenate([along, *(along[[k]].repeat(4) for k in again)]))
    nominal = np.interp(along, path, corners)
    run = np.clip(np.searchsorted(path, along, side="right") - 1, 0, len(corners) - 2)
    step = largest * float(path[-1]) / points
    if bend:
        nominal = np.sinh(bend * nominal) / np.sinh(bend)
        step *= bend / np.tanh(bend)
    reported = largest * nominal
    if rng.random() < 0.6:
        names.append("field noise")
        reported = reported + _log_uniform(rng, 0.01, 0.3) * step * rng.standard_normal(along.size)
    if rng.random() < 0.15:
        names.append("quantised field")
        quantum = _log_uniform(rng, 0.3, 2.0) * step
        true, reported = reported, np.round(reported / quantum) * quantum
    else:
        true = reported
    first_run = 1 if "initial curve" in names else 0
    cycle = np.maximum(run - first_run, 0) // 2
    return _Sweep(reported, true, cycle, run, names), step


def _domains(kind: str, room: float, step: float, rng: np.random.Generator) -> _Domains:
    """Switching fields that end within `room` on either side of zero."""
    number = int(_log_uniform(rng, 60, 500))
    h_c = room * _log_uniform(rng, 0.02, 0.9)
    spread = _log_uniform(rng, 0.003, 0.5)
    shape = rng.choice(["normal", "lognormal"])
    draws = rng.standard_normal((2, number))
    draws[1] = rng.uniform(0, 1) * draws[0] + draws[1] * rng.uniform(0.2, 1)
    deviation = np.expm1(spread * draws) if shape == "lognormal" else spread * draws
    deviation = h_c * np.maximum(deviation, -0.95)
    centre = h_c * rng.normal(0, 0.1)
    weight = rng.lognormal(0, rng.uniform(0, 0.7), number)
    weight /= weight.sum()
    # Coupled domains turn in avalanches, at fields moved by it.
    coupling = 0.3 * h_c * spread * rng.random() if rng.random() < 0.2 else 0.0
    room = room - coupling
    if kind == "open":
        beyond = rng.uniform(0.15, 0.6)
        values = h_c + deviation
        up, down = (
            sign * v * room / np.quantile(v, 1 - beyond)
            for sign, v in zip((1, -1), values, strict=True)
        )
        return _Domains(up, down, weight)
    if kind in _SEVERAL:
        return _several(kind, room, step, number, spread, weight, rng)
    limits = (room - h_c - centre, room - h_c + centre)
    scale = min(
        1.0, *(limit / max(d.max(), 1e-12) for d, limit in zip(deviation, limits, strict=True))
    )
    if scale <= 0:
        scale, centre = min(1.0, (room - h_c) / deviation.max()), 0.0
    up, down = h_c + scale * deviation + np.array([[centre], [-centre]])
    reversible = rng.uniform(0.02, 0.2) if rng.random() < 0.25 and kind == "loop" else 0.0
    domains = _Domains(up, -down, weight, coupling, reversible, room * rng.uniform(0.02, 0.25))
    if kind == "none":
        flat = np.full(number, np.inf)
        reversible = 1e9 if rng.random() < 0.5 else 0.0
        return _Domains(flat, -flat, weight, 0.0, reversible, room * rng.uniform(0.05, 0.3))
    return domains


def _several(
    kind: str,
    room: float,
    step: float,
    number: int,
    spread: float,
    weight: np.ndarray,
    rng: np.random.Generator,
) -> _Domains:
    """Two phases, whose switching fields lie apart by several widths and several field steps."""
    soft = room * rng.uniform(0.15, 0.35)
    hard = min(soft * rng.uniform(2, 3), 0.85 * room)
    narrow = min(spread, 0.06)
    factor = 1 + narrow * rng.uniform(-1, 1, (2, number))
    first = np.arange(number) < number * rng.uniform(0.35, 0.65)
    weight = np.where(first, weight / weight[first].sum(), weight / weight[~first].sum())
    share = rng.uniform(0.3, 0.7)
    if kind == "two_steps":
        weight = weight * np.where(first, share, 1 - share)
        up, down = factor * np.where(first, soft, hard)
        return _Domains(up, -down, weight)
    if kind == "hump":
        ratio = rng.uniform(0.2, 0.6)
        weight = weight * np.where(first, 1, -ratio) / (1 - ratio)
        up, down = factor * np.where(first, soft, hard)
        return _Domains(up, -down, weight)
    # Half of the domains turn up at +hard and half at -hard, both with a narrow hysteresis.
    centre = np.where(first, hard, -hard)
    gap = max(0.1 * hard, 2.5 * step)
    weight = weight / 2
    up, down = factor[0] * centre + gap / 2, factor[1] * centre - gap / 2
    return _Domains(np.maximum(up, down), np.minimum(up, down), weight)


def _lag(
    kind: str, domains: _Domains, step: float, rng: np.random.Generator, sweep: _Sweep
) -> float:
    """How far the reported field is ahead of the true one, in Oe."""
    if kind == "inverted":
        up, down = _half_height(domains, 10 * float(np.max(np.abs(domains.up))))
        return float(-(up - down) / 2 * rng.uniform(1.3, 1.8))
    if rng.random() < 0.2 and kind in ("loop", "two_steps"):
        sweep.names.append("field lag")
        return float(rng.uniform(0, 0.5) * step)
    return 0.0


def _magnetisation(
    kind: str, domains: _Domains, sweep: _Sweep, rng: np.random.Generator
) -> np.ndarray:
    """Magnetisation at every point, each cycle with switching fields of its own."""
    number = domains.weight.size
    start = -1.0 if sweep.true[-1] < sweep.true[sweep.true.size // 2] else 1.0
    if "starts at zero" in sweep.names:
        start = -1.0 if sweep.true[sweep.true.size // 4] > 0 else 1.0
    elif sweep.run[0] == 0 and sweep.true[0] > np.median(sweep.true[sweep.run == 1]):
        start = 1.0 if sweep.true[0] > 0 else start
    state = np.full(number, start)
    if "initial curve" in sweep.names:
        state = rng.choice([-1.0, 1.0], number)
    if kind == "open" and rng.random() < 0.5:
        domains.along(sweep.true, state)
    scatter = 0.0
    if f"{sweep.cycle.max() + 1} cycles" in sweep.names and rng.random() < 0.7:
        sweep.names.append("scatter of cycles")
        typical = (
            float(np.median(np.abs(domains.up[np.isfinite(domains.up)]), axis=0))
            if np.any(np.isfinite(domains.up))
            else 0.0
        )
        scatter = _log_uniform(rng, 0.002, 0.05) * typical
    m = np.empty(sweep.true.size)
    for k in np.unique(sweep.cycle):
        part = sweep.cycle == k
        moved = domains.shifted(
            scatter * rng.standard_normal(), 0.3 * scatter * rng.standard_normal()
        )
        m[part] = moved.along(sweep.true[part], state)
    return m


def _cut(sweep: _Sweep, m: np.ndarray, rng: np.random.Generator) -> tuple[_Sweep, np.ndarray]:
    """The measurement up to a point before the second branch has switched."""
    second = np.flatnonzero(sweep.run == 1)
    switching = second[np.abs(np.diff(m, append=m[-1])[second]) > 1e-9]
    last = int(switching[0]) if switching.size else int(second[-1])
    first = int(second[0])
    stop = max(int(first + (last - first) * rng.uniform(0, 0.7)), 30)
    arrays = (v[:stop] for v in (sweep.reported, sweep.true, sweep.cycle, sweep.run))
    reported, true, cycle, run = arrays
    return _Sweep(reported, true, cycle, run, sweep.names), m[:stop]


def _recorded(
    sweep: _Sweep,
    signal: np.ndarray,
    amplitude: float,
    noise: float,
    largest: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray | None]:
    """What the instrument writes down: the signal with all that comes on top of it."""
    n, names, x = signal.size, sweep.names, sweep.reported / largest
    time = np.linspace(0, 1, n)
    size = abs(amplitude)
    signal = signal + size * rng.normal(0, 1) * rng.choice([0.1, 10])

    def adds(name: str, chance: float, low: float, high: float) -> float:
        if rng.random() >= chance:
            return 0.0
        names.append(name)
        return float(size * rng.choice([-1, 1]) * _log_uniform(rng, low, high))

    slope = adds("slope", 0.8, 0.01, 10)
    signal = signal + slope * x
    if slope and rng.random() < 0.2:
        names.append("curved background")
        signal = signal - slope * rng.uniform(0.01, 0.1) * x**3
    signal = signal + adds("even pick-up", 0.5, 0.005, 0.3) * x**2
    dip = adds("dip of R_xx", 0.15, 0.005, 0.2)
    r_xx = None
    if dip:
        shape = 1 / (1 + (x / _log_uniform(rng, 0.05, 0.5)) ** 2)
        signal = signal + dip * shape
        if rng.random() < 0.5:
            names.append("R_xx recorded")
            r_xx = 20 * size * (10 - shape) + noise * rng.standard_normal(n)
    signal = signal + adds("drift", 0.6, 0.003, 0.3) * (time - 0.5)
    signal = signal + adds("thermal drift", 0.2, 0.003, 0.3) * np.exp(
        -time / rng.uniform(0.05, 0.5)
    )
    if sweep.run[-1] > 0:
        jump = adds("jump", 0.15, 0.02, 2)
        at = rng.integers(1, sweep.run[-1] + 1)
        signal = signal + jump * (sweep.run >= at)
    signal = signal + noise * rng.standard_normal(n)
    if rng.random() < 0.5:
        names.append("1/f")
        signal = signal + noise * _log_uniform(rng, 0.05, 1.0) * pink_noise(n, rng)
    if rng.random() < 0.3:
        names.append("spikes")
        struck = rng.random(n) < _log_uniform(rng, 0.001, 0.01)
        signal = signal + struck * noise * rng.choice([-20, 20], n)
    if rng.random() < 0.3:
        names.append("ADC")
        quantum = noise * _log_uniform(rng, 0.1, 3.0)
        signal = np.round(signal / quantum) * quantum
    return signal, r_xx


def _half_height(domains: _Domains, largest: float) -> tuple[float, float]:
    """Fields at which the noiseless branches cross the half height."""
    largest = 1.5 * max(largest, 1e-9)
    fields = []
    for direction in (1, -1):
        coarse = direction * np.linspace(-largest, largest, 301)
        for _ in range(2):
            state = np.full(domains.weight.size, -float(direction))
            passed = np.flatnonzero(direction * domains.along(coarse, state) >= 0)
            if not passed.size or not passed[0]:
                break
            low, high = coarse[passed[0] - 1 : passed[0] + 1]
            coarse = np.concatenate([coarse[: passed[0] - 1], np.linspace(low, high, 301)])
        fields.append(float(coarse[passed[0]]) if passed.size else np.nan)
    return fields[0], fields[1]


def _significance(sweep: _Sweep, signal: np.ndarray, noise: float) -> float:
    """Norm of the difference of the first two whole branches over its noise."""
    whole = np.ptp(sweep.reported)
    runs = [
        (sweep.reported[part], signal[part])
        for part in (sweep.run == k for k in range(sweep.run[-1] + 1))
        if part.sum() > 2 and np.ptp(sweep.reported[part]) > 0.8 * whole
    ]
    if len(runs) < 2:
        return 0.0
    (h, y), (other_h, other_y) = (
        (h[order], y[order]) for h, y in runs[:2] for order in [np.argsort(h, kind="stable")]
    )
    difference = y - np.interp(h, other_h, other_y)
    return float(np.sqrt(np.sum(difference**2) / (2 * noise**2)))
