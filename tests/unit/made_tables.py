"""Small made tables and measurements, of the columns that the real ones have."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from hall2net.networks.runs import Run, RunName
from hall2net.physics.background import Terms
from hall2net.physics.harmonic import harmonic_table
from hall2net.physics.torque_methods import torque_methods_table

OE = 1e3 / (4 * np.pi)
CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
POINT = "field write_current resistance moment resistivity point_temperature time pulse".split()
MEASUREMENT = "temperature field_x prefield_x initial_field_z current pulse_width".split()

SAMPLES = {
    "cotb": {
        name: {"label": name.replace("_", " "), "spacer": "none", "thickness_nm": 0,
               "width_um": 5, "length_um": 30, "stack_nm": 15, "heavy_metal_nm": 9,
               "ferromagnet_nm": 6}
        for name in ("as_grown", "freestanding")
    },
    "ruo2": {
        name: {"label": label, "spacer": spacer, "thickness_nm": t, "width_um": 5,
               "length_um": 30, "stack_nm": 10.3 + t, "heavy_metal_nm": 5.5,
               "ferromagnet_nm": 1.0, "film_area_mm2": 16}
        for name, label, spacer, t in (
            ("pt", "Pt reference", "none", 0.0),
            ("ruo2_0p5", "RuO2 0.5 nm", "RuO2", 0.5),
            ("ruo2_0p7", "RuO2 0.7 nm", "RuO2", 0.7),
            ("ruo2_2p0", "RuO2 2.0 nm", "RuO2", 2.0),
            ("mgo_0p5", "MgO 0.5 nm", "MgO", 0.5),
        )
    },
}  # fmt: skip
CONVENTION = {"loop_shift": "line", "dh_to_field": "half", "wall_factor": "2/pi"}


def dataset(sample, measurements):
    """One sample's Dataset: `measurements` gives id, kind, conditions and arrays of points."""
    counts = [len(next(v for v in m.values() if np.ndim(v))) for m in measurements]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    point = {
        name: np.concatenate(
            [
                np.asarray(m.get(name, np.full(n, np.nan)), float)
                for m, n in zip(measurements, counts, strict=True)
            ]
        )
        for name in POINT
    }
    each = {name: [float(m.get(name, np.nan)) for m in measurements] for name in MEASUREMENT}
    return xr.Dataset(
        {name: ("point", values) for name, values in point.items()}
        | {name: ("measurement", values) for name, values in each.items()}
        | {
            "id": ("measurement", [m["id"] for m in measurements]),
            "kind": ("measurement", [m["kind"] for m in measurements]),
            "orientation": ("measurement", [""] * len(measurements)),
            "start": ("measurement", starts),
            "count": ("measurement", counts),
        },
        attrs={"sample": sample},
    )


def hall_loop(rng, name, kind, h_0, h_c, r_ahe, reach, **conditions):
    up = np.linspace(-reach, reach, 81)
    field = np.concatenate([up, up[::-1]])
    switch = np.where(np.arange(162) < 81, h_0 + h_c, h_0 - h_c)
    resistance = r_ahe * np.tanh((field - switch) / (0.08 * reach)) + 1e-5 * field
    resistance = resistance + rng.normal(0, 0.01 * abs(r_ahe), field.size)
    return {"id": name, "kind": kind, "field": field * OE, "resistance": resistance, **conditions}


def background(reach, slope):
    """The background of a loop as its row keeps it: a slope alone."""
    terms = Terms(reach, (), np.nan)
    values = dict.fromkeys(terms.names, 0.0) | {"slope": slope * reach}
    closed = [-0.9 * reach, 0.9 * reach]
    return json.dumps(
        {"breaks": [], "centre": None, "largest": reach, "values": values}
        | {"saturated": {"up": closed, "down": closed}}
    )


def loop_row(sample, m, h_0, h_c, r_ahe):
    return {
        "background": background(float(m["field"].max() / OE), 1e-5),
        "id": m["id"], "kind": m["kind"], "sample": sample, "temperature_k": m["temperature"],
        "field_x_oe": m.get("field_x", np.nan) / OE, "current_ma": m["current"] * 1e3,
        "h_up_oe": h_0 + h_c, "h_up_u_oe": 2.0, "h_dn_oe": h_0 - h_c, "h_dn_u_oe": 2.0,
        "h_c_oe": h_c, "h_c_u_oe": 1.4, "h_0_oe": h_0, "h_0_u_oe": 1.4, "r_ahe_ohm": r_ahe,
        "r_ahe_u_ohm": 0.01 * abs(r_ahe),
        "r_offset_ohm": 0.0, "r_offset_u_ohm": 1e-4,
        "slope_ohm_per_oe": 1e-5, "slope_u_ohm_per_oe": 1e-7, "h_step_u_oe": 1.0,
        "even_ohm": 0.0, "even_u_ohm": 1e-5, "drift_ohm": 0.0, "drift_u_ohm": 1e-5,
        "noise_ohm": 0.01 * abs(r_ahe), "n_points": 162, "criterion": "half", "status": "ok",
        "reason": "",
    }  # fmt: skip


def cotb():
    rng = np.random.default_rng(1)
    datasets, rows = {}, []
    for sample in SAMPLES["cotb"]:
        measurements = []
        for temperature in (150, 200, 250, 300, 350):
            r_ahe = 0.075 * np.sign(temperature - 270)
            h_c = 4000 / (1 + abs(temperature - 270) / 20)
            m = hall_loop(rng, f"ahe_{sample}_{temperature}", "ahe_loop", 0, h_c, r_ahe, 5000,
                          temperature=temperature, current=1e-4)  # fmt: skip
            measurements.append(m)
            rows.append(loop_row(sample, m, 0.0, h_c, r_ahe))
        if sample == "freestanding":
            measurements += [
                sweep(rng, f"sot_{sign:+d}", 20, sign, 0.075, field_x=sign * 250 * OE, current=1e-4)
                for sign in (1, -1)
            ]
        datasets[sample] = dataset(sample, measurements)
    switching = pd.DataFrame(
        [
            switching_row("freestanding", f"sot_{s:+d}", s * 250, np.nan, 20, s, 0.98)
            for s in (1, -1)
        ]
    )
    return datasets, pd.DataFrame(rows), switching


def harmonic():
    """A sample by both harmonic methods, its tables, and the loop shift beside them."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
    import coverage_harmonic as bench

    truth = bench.drawn(np.random.default_rng(4))
    kinds = ("harmonic_field", "harmonic_angle")
    data = bench.dataset(truth, kinds, np.random.default_rng(4))
    samples = {"emulated": truth.facts | {"label": "Pt/Co", "m_s_t_a": 9e-4}}
    given = (bench.EMPTY, bench.EMPTY, samples)
    table = harmonic_table([data], bench.EMPTY, *given, settings={}, convention={})
    shift = table.iloc[:1].drop(columns="kind").assign(h_dl_is_lower_bound=False)
    methods = torque_methods_table(table, shift, *given, convention={})
    return {"datasets": {"emulated": data}, "harmonic": table, "torque_methods": methods,
            "samples": samples}  # fmt: skip


def sweep(rng, name, reach_ma, sign, r_ahe, **conditions):
    current = np.concatenate(
        [np.linspace(-reach_ma, reach_ma, 41), np.linspace(reach_ma, -reach_ma, 41)]
    )
    switch = np.where(np.arange(82) < 41, 0.5, -0.5) * reach_ma
    resistance = sign * r_ahe * np.tanh((current - switch) / (0.15 * reach_ma))
    resistance = resistance + rng.normal(0, 0.01 * r_ahe, current.size)
    return {"id": name, "kind": "sot_switching", "write_current": current * 1e-3,
            "resistance": resistance, "temperature": 300, **conditions}  # fmt: skip


CRITERIA = (("half", 1.0), ("onset", 0.8), ("90", 1.2), ("fixed", 1.01), ("saturation", 1.3))
"""Criteria, and their currents over that of the first."""


def switching_row(sample, name, field_x, prefield, reach, polarity, ratio, width=1e-3):
    i_c = reach / 2 * (1 - np.log(width / 1e-3) / 40)
    return {
        "id": name, "sample": sample, "field_x_oe": field_x, "prefield_x_oe": prefield,
        "initial_field_z_oe": 5000.0, "temperature_k": 300.0, "pulse_width_s": width,
        "current_max_ma": float(reach),
        "i_up_ma": i_c, "i_up_u_ma": 0.3, "i_dn_ma": -i_c, "i_dn_u_ma": 0.3,
        "i_c_ma": i_c, "i_c_u_ma": 0.2, "write_energy_uj": 1e3 * i_c**2 * width * 0.5,
        "write_energy_u_uj": 0.4 * 1e3 * i_c * width * 0.5, "criterion": "half",
        "current_layer": "stack", "systematics": "assumed",
        "j_c_sys_a_m2": 0.07 * i_c * 1e-3 / (5e-6 * 10.8e-9),
        "j_c_criteria_lo_a_m2": 0.8 * i_c * 1e-3 / (5e-6 * 10.8e-9),
        "j_c_criteria_hi_a_m2": 1.3 * i_c * 1e-3 / (5e-6 * 10.8e-9),
        "j_c_a_m2": i_c * 1e-3 / (5e-6 * 10.8e-9), "j_c_u_a_m2": 1e9,
        **{f"j_c_{name}_a_m2": part * i_c * 1e-3 / (5e-6 * 10.8e-9) for name, part in CRITERIA},
        **{f"j_c_{name}_u_a_m2": 2e9 for name, _ in CRITERIA},
        "delta_r_sot_ohm": 0.15 * ratio, "delta_r_sot_u_ohm": 1e-3, "delta_r_ahe_ohm": 0.15,
        "delta_r_ahe_u_ohm": 1e-3, "switching_ratio": ratio, "switching_ratio_u": 0.01,
        "polarity": polarity, "status": "ok", "reason": "",
    }  # fmt: skip


def ruo2():
    rng = np.random.default_rng(2)
    datasets, rows, switching = {}, [], []
    for sample in SAMPLES["ruo2"]:
        measurements = []
        for field_x in (-600, -200, 0, 200, 600):
            for current in (-3, 3):
                h_0 = 5 * current * np.clip(field_x / 300, -1, 1)
                name = f"shift_{sample}_{field_x}_{current}".replace("-", "m")
                m = hall_loop(rng, name, "loop_shift", h_0, 150, 0.15, 400, temperature=300,
                              field_x=field_x * OE, current=current * 1e-3)  # fmt: skip
                measurements.append(m)
                rows.append(loop_row(sample, m, h_0, 150.0, 0.15))
        if sample == "ruo2_0p5":
            cases = [(x, np.nan, 13) for x in (-400, -200, 0, 200, 400)]
            cases += [(0, np.nan, reach) for reach in (8, 10, 11)]
            cases += [(0, prefield, 13) for prefield in (-390, -1500, -2350, -2750)]
            for number, (field_x, prefield, reach) in enumerate(cases):
                sign = -1 if field_x < 0 or prefield <= -2350 else 1
                name = f"sot_{number}"
                measurements.append(
                    sweep(rng, name, reach, sign, 0.1, field_x=field_x * OE, current=1e-4)
                )
                ratio = 0.68 * (reach - 6) / 7
                row = switching_row(sample, name, field_x, prefield, reach, sign, ratio)
                switching.append(row)
            for number, width in enumerate((1e-6, 1e-5, 1e-4)):
                name = f"sot_width{number}"
                measurements.append(
                    sweep(rng, name, 13, 1, 0.1, field_x=200 * OE, current=1e-4, pulse_width=width)
                )
                ratio = 0.95
                switching.append(
                    switching_row(sample, name, 200, np.nan, 13, 1, ratio, width=width)
                )
        if sample in ("pt", "ruo2_0p7"):
            for sign in (-1, 1):
                name = f"sot_{sample}_{sign:+d}"
                measurements.append(
                    sweep(rng, name, 20, sign, 0.1, field_x=sign * 200 * OE, current=1e-4)
                )
                row = switching_row(sample, name, sign * 200, np.nan, 20, sign, 0.95)
                switching.append(row)
        datasets[sample] = dataset(sample, measurements)
    return datasets, pd.DataFrame(rows), pd.DataFrame(switching)


def compensation():
    """T_M of the loops of `cotb`: between 250 and 300 K."""
    return pd.DataFrame(
        {
            "sample": list(SAMPLES["cotb"]), "t_m_k": 270.0, "t_m_u_k": 1.0, "t_m_sys_k": 8.0,
            "status": "ok", "reason": "",
        }
    )  # fmt: skip


def torque():
    xi = {"pt": 0.031, "ruo2_0p5": 0.1612, "ruo2_0p7": 0.13, "ruo2_2p0": 0.06, "mgo_0p5": 0.04}
    free = {"pt": 0.0, "ruo2_0p5": 0.68, "ruo2_0p7": 0.79, "ruo2_2p0": 0.0, "mgo_0p5": 0.0}
    table = pd.DataFrame(
        {
            "sample": list(xi),
            "thickness_nm": [SAMPLES["ruo2"][name]["thickness_nm"] for name in xi],
            "h_dl_per_ma_oe": [100 * value for value in xi.values()],
            "h_dmi_oe": 300.0,
            "zero_field_shift_per_ma_oe": [0.1, 3.0, 2.0, 0.0, 0.0],
            "xi_dl_j": list(xi.values()),
            "k_s_erg_cm2": [1.28, 0.3, 0.5, 1.0, 0.365],
            "t_int": [0.33, 0.44, 0.42, 0.37, 0.43],
            "sigma_sh": [1e5, 4e5, 3e5, 2e5, 1.1e5],
            "theta_sh": [0.09, 0.36, 0.3, 0.16, 0.09],
            "rho_xx_uohm_cm": [85.0, 90.0, 91.0, 95.0, 92.0],
            "j_c_a_m2": [3e11, 1e11, 1.2e11, 2e11, 2.7e11],
            "switching_ratio": list(free.values()),
        }
    )
    for column, unit in (("h_dl_per_ma", "_oe"), ("h_dmi", "_oe"), ("xi_dl_j", ""),
                         ("zero_field_shift_per_ma", "_oe"), ("k_s", "_erg_cm2"), ("t_int", ""),
                         ("sigma_sh", ""), ("theta_sh", ""), ("rho_xx", "_uohm_cm"),
                         ("j_c", "_a_m2"), ("switching_ratio", "")):  # fmt: skip
        table[f"{column}_u{unit}"] = 0.04 * table[f"{column}{unit}"].abs()
        if column != "switching_ratio":
            table[f"{column}_sys{unit}"] = 0.08 * table[f"{column}{unit}"].abs()
    reference = table.iloc[0]
    return table.assign(
        xi_ratio=table["xi_dl_j"] / reference["xi_dl_j"],
        xi_ratio_u=0.1,
        theta_ratio=table["theta_sh"] / reference["theta_sh"],
        theta_ratio_u=0.1,
        j_c_ratio=reference["j_c_a_m2"] / table["j_c_a_m2"],
        j_c_ratio_u=0.1,
        h_dmi_sys_oe=20.0,
        j_c_field_x_oe=200.0,
        h_dl_is_lower_bound=False,
        knee_model="clip",
        convention="adopted",
        dh_to_field="half",
        wall_factor="2/pi",
        current_layer="stack",
        sbf_form="product",
        status="ok",
        reason="",
    )


def lut(resistances, currents=None):
    r = np.asarray(resistances, float)
    table = pd.DataFrame(
        {
            "state": np.arange(1, len(r) + 1),
            "resistance_ohm": r,
            "resistance_u_ohm": 1e-4,
            "level": 2 * (r - r.min()) / np.ptp(r) - 1,
            "level_u": 1e-3,
            "read_sigma_ohm": 2e-3,
            "cycle_sigma_ohm": np.nan,
            "separation_sigma": np.append(np.diff(r) / 2e-3, np.nan),
        }
    )
    return table if currents is None else table.assign(write_current_ma=currents)


def train():
    rng = np.random.default_rng(3)
    states = np.repeat([0.33, 0.46, 0.49, 0.52, 0.54, 0.57], 40)
    return dataset(
        "ruo2_0p5",
        [{"id": "train", "kind": "pulse_train", "pulse": np.arange(240) // 5,
          "write_current": np.full(240, 0.013), "current": 1e-4,
          "resistance": states + rng.normal(0, 2e-3, 240)}],
    )  # fmt: skip


def run(network, name, epochs, classes, accuracy, levels=None, stand_in=False, scale="laptop"):
    """A training whose accuracy rises to `accuracy` and whose confusions are spread evenly."""
    parts = RunName.of(name)
    epoch = np.arange(1, epochs + 1)
    reached = accuracy * (1 - 0.5 * np.exp(-epoch / (0.2 * epochs)))
    history = pd.DataFrame(
        {"epoch": epoch, "train_loss": 2 * np.exp(-epoch / (0.3 * epochs)) + 0.01,
         "train_accuracy": reached, "validation_accuracy": reached - 0.01,
         "test_accuracy": reached - 0.01}
    )  # fmt: skip
    recorded = sorted({round(epochs * quarter / 4) for quarter in range(5)})
    confusions = {}
    for each in recorded:
        right = round(1000 * accuracy * (1 - 0.5 * np.exp(-(each + 1) / (0.2 * epochs))))
        square = np.full((10, 10), (1000 - right) // 9)
        np.fill_diagonal(square, 1000 - 9 * ((1000 - right) // 9))
        confusions[each] = pd.DataFrame(square, pd.Index(classes, name="true"), classes)
    bins = np.linspace(-1, 1, 41)
    left, right_edge = (bins[:-1], bins[1:]) if levels is None else (levels, levels)
    histogram = pd.DataFrame(
        [
            {"epoch": each, "layer": layer, "bin_left": a, "bin_right": b,
             "level": np.nan if levels is None else a,
             "count": round(1e4 * np.exp(-4 * (a * each / epochs) ** 2))}
            for each in recorded
            for layer in ("all", "conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1")
            for a, b in zip(left, right_edge, strict=True)
        ]
    )  # fmt: skip
    words = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10 (JPEG q75)"}
    metrics = {
        "run": name, "network": network, "dataset": parts.dataset,
        "precision": str(parts.precision), "mapping": parts.mapping, "recipe": parts.recipe,
        "test_images": 10_000,
        "settings": {
            "batch": 128, "optimizer": "adam", "learning_rate": 1e-3,
            "average_epochs": 2 if network["model"] == "mlp" else 0,
        },
        "epochs": epochs, "seed": parts.seed, "scale": scale, "stand_in": stand_in,
        "source": "stand-in data: drawn shapes" if stand_in else words[parts.dataset],
        "weights": 700_000, "test_accuracy": accuracy, "validation_accuracy": accuracy,
    }  # fmt: skip
    images = np.arange(round(10_000 * (1 - accuracy)))
    wrong = pd.DataFrame({"image": images, "true": classes[0], "predicted": classes[1]})
    return Run(history, confusions, histogram, wrong, metrics)


def cotb_runs(epochs=100, scale="published"):
    levels = np.linspace(-1, 1, 32)
    model = {"model": "resnet18", "base_width": 64}
    names = {
        "resnet18-cifar10-float32-none-paper-seed0": 0.925,
        "resnet18-cifar10-lut32-maxabs-paper-seed0": 0.917,
        "resnet18-cifar10-lut32-std-paper-seed0": 0.921,
    }
    return [
        run(model, name, epochs, CLASSES, accuracy, levels if "lut" in name else None, scale=scale)
        for name, accuracy in names.items()
    ]


def ruo2_runs(stand_in=False):
    levels = np.array([-1, 1 / 12, 1 / 3, 7 / 12, 0.75, 1])
    model = {"model": "mlp", "layers": [784, 256, 128, 10]}
    fashion = "T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Ankle_boot".split()
    reached = {
        "float32-none": (0.9879, 0.89), "lut6-maxabs": (0.9521, 0.865), "lut6-std": (0.98, 0.88),
        "binary-maxabs": (0.9088, 0.80), "binary-std": (0.978, 0.87),
    }  # fmt: skip
    runs = []
    for weights, both in reached.items():
        for data, accuracy in zip(("mnist", "fashion_mnist"), both, strict=True):
            name = f"mlp-{data}-{weights}-paper-seed0"
            classes = [str(digit) for digit in range(10)] if data == "mnist" else fashion
            quantized = levels if "lut" in weights else [-1.0, 1.0] if "binary" in weights else None
            runs.append(run(model, name, 50, classes, accuracy, quantized, stand_in))
    return runs


def variation(runs):
    """Tables of what devices do to each network with measured states, mapping `std`."""
    tables = {"attribution": {}, "noise": {}, "states": {}}
    for each in [run for run in runs if run.name.precision.kind == "lut"]:
        if each.name.mapping != "std":
            continue
        name, metrics = str(each.name), each.metrics
        labels = {"run": name, "source": metrics["source"], "scale": metrics["scale"]}
        steps = [
            "float32",
            "measured states",
            "programming error",
            "read noise",
            "device to device",
            "drift",
            "drift, reference column",
            "stuck devices",
        ]
        n, nan = len(steps), np.nan
        accuracy = np.linspace(0.98, 0.93, n)
        tables["attribution"][name] = pd.DataFrame(
            {"step": steps, "accuracy": accuracy, "accuracy_sd": [nan, nan, *[1e-3] * (n - 2)],
             "accuracy_min": accuracy - 1e-3, "cost_points": [nan, 1, 1, -0.1, 1, 1, 0.5, 1],
             "cost_points_sd": [nan, nan, *[0.1] * (n - 2)], "n": [1, 1, *[5] * (n - 2)]}
        ).assign(time_s=3600.0, stuck_share=0.01, **labels)  # fmt: skip
        tables["noise"][name] = pd.DataFrame(
            {"noise": ["none", "measured", "assumed", "assumed"], "sigma": [0, 0.01, 0.05, 0.2],
             "accuracy": [0.97, 0.97, 0.96, 0.8], "accuracy_sd": [np.nan, 1e-3, 2e-3, 0.02]}
        ).assign(**labels)  # fmt: skip
        counts = np.unique(np.geomspace(2, each.name.precision.states, 8).round().astype(int))
        rows = [("float32", np.nan, 0.98, 1e-3)]
        rows += [
            (choice, count, 0.97 - 0.5 / count, 2e-3)
            for choice in ("measured states", "evenly spaced")
            for count in counts
        ]
        columns = ["choice", "n_states", "accuracy", "accuracy_u"]
        tables["states"][name] = pd.DataFrame(rows, columns=columns).assign(**labels)
    return tables
