"""Figures say what they show, in units, without overlap, and come out as the same bytes."""

import re
from importlib import import_module
from itertools import combinations
from pathlib import Path

import made_tables
import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from hall2net.errors import Hall2netError
from hall2net.figures import networks, style, torque, variation
from hall2net.measurement import select
from hall2net.synapse.advisor import advice

ROOT = Path(__file__).parents[2]
PUBLISHED = yaml.safe_load((ROOT / "reference/published.yaml").read_text(encoding="utf-8"))
PRINTED = pd.read_csv(ROOT / "reference/cotb-confusion-matrices.csv")
PROVENANCE = "emulated raw data"


@pytest.fixture(scope="module")
def inputs():
    """Keyword arguments of every family, for both studies."""
    tables = {"cotb": made_tables.cotb(), "ruo2": made_tables.ruo2()}
    levels = np.linspace(-0.07, 0.07, 12)
    cotb_measurement = select(tables["cotb"][0]["freestanding"], "sot_-1")
    luts = {
        "cotb": made_tables.lut(levels, np.linspace(-15, 15, 12)),
        "ruo2": made_tables.lut([0.33, 0.46, 0.49, 0.52, 0.54, 0.57]),
    }
    sources = {
        "cotb": cotb_measurement,
        "ruo2": select(made_tables.train(), "train"),
    }
    runs = {"cotb": made_tables.cotb_runs(), "ruo2": made_tables.ruo2_runs()}
    result = {}
    for study, (datasets, loops, switching) in tables.items():
        common = {"published": PUBLISHED[study], "provenance": PROVENANCE}
        samples = made_tables.SAMPLES[study]
        result[study] = {
            "loops": common | {"datasets": datasets, "loops": loops, "samples": samples},
            "torque": common
            | {"loops": loops, "torque": made_tables.torque(), "samples": samples}
            | {"reference": "pt"}
            | {"convention": made_tables.CONVENTION},
            "switching": common
            | {"datasets": datasets, "switching": switching, "samples": samples},
            "states": common
            | {"measurement": sources[study], "lut": luts[study], "advisor": advice(luts[study])},
            "networks": common | {"runs": runs[study], "printed": PRINTED},
            "variation": common | made_tables.variation(runs[study]),
        }
    return result


COTB = {
    "loops": [
        "ahe_loops", "fig3a_ahe_as_grown", "fig3c_ahe_freestanding", "temperature",
        "fit_residuals",
    ],
    "switching": ["switching_loops", "fig4b_switching_fields"],
    "states": [
        "lut_states", "fig4c_states_on_loop", "state_separation", "potentiation_depression",
        "state_choice",
    ],
    "networks": [
        "fig5bc_device_count", "fig5d_accuracy_loss", "fig5e_confusion_float32",
        "fig5f_confusion_device", "fig5g_weight_histograms", "figS1_confusion_epoch25",
        "figS2_confusion_epoch75", "figS3_layer_histograms", "mapping_comparison",
    ],
    "variation": ["loss_attribution", "accuracy_states_noise"],
}  # fmt: skip
RUO2 = {
    "loops": ["fig2a_loop_pair", "fit_residuals"],
    "torque": [
        "torque_against_thickness",
        "fig2b_torque_against_field", "fig2c_efficiency_anisotropy",
        "fig2d_transparency_conductivity", "fig2e_resistivity_spin_hall_angle",
        "fig2f_critical_current", "fig3c_zero_field_shift",
    ],
    "switching": [
        "switching_loops", "fig3a_switching_fields", "fig3b_field_free_switching",
        "fig3ef_polarity_reversal",
    ],
    "states": [
        "lut_states", "fig4a_states", "state_separation", "potentiation_depression", "state_choice",
    ],
    "networks": [
        "fig4c_accuracy_mnist", "fig4d_accuracy_fashion_mnist", "fig4e_confusion_mnist",
        "figS6_training_loss", "figS7_final_accuracies", "figS8_confusion_mnist",
        "figS9_confusion_fashion_mnist", "mapping_comparison",
    ],
    "variation": ["loss_attribution", "accuracy_states_noise"],
}  # fmt: skip
EVERY = [
    (study, family, name)
    for study, families in (("cotb", COTB), ("ruo2", RUO2))
    for family, names in families.items()
    for name in names
]
every_figure = pytest.mark.parametrize(("study", "family", "name"), EVERY)

# What has no unit, in the words of the axes.
UNITLESS = {
    "epoch", "level", "state", "weights", "predicted class", "true class", "pulse number",
    "residual / noise", "density", "number of loops", "between neighbouring states",
    "devices per weight", "number of states",
}  # fmt: skip
SYMBOLS = (r"\xi_", r"T_\mathrm{int}", r"\theta_", r"\sigma_i")


def draw(inputs, study, family, name):
    return getattr(import_module(f"hall2net.figures.{family}"), name)(**inputs[study][family])


def painted_texts(drawn, monkeypatch):
    """Each text that is really painted, with its box and whether it is slanted."""
    boxes = {}
    paint = Text.draw

    def record(text, renderer, *arguments, **keywords):
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(renderer)
            slanted = text.get_rotation() % 90 > 0
            boxes[(text.get_text(), *np.round(box.extents))] = (text.get_text(), box, slanted)
        paint(text, renderer, *arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", record)
        FigureCanvasAgg(drawn).draw()
    return list(boxes.values())


@every_figure
def test_figure_prints_well(inputs, study, family, name, monkeypatch):
    drawn = draw(inputs, study, family, name)
    texts = painted_texts(drawn, monkeypatch)
    for text, box, _ in texts:
        assert box.x0 > -1 and box.y0 > -1, f"{text!r} leaves the figure"
        assert box.x1 < drawn.bbox.x1 + 1 and box.y1 < drawn.bbox.y1 + 1, f"{text!r} leaves"
    for (first, one, slanted), (second, two, also) in combinations(texts, 2):
        width = min(one.x1, two.x1) - max(one.x0, two.x0)
        height = min(one.y1, two.y1) - max(one.y0, two.y0)
        apart = width < 1 or height < 1 or (slanted and also)
        assert apart, f"{first!r} and {second!r} overlap"
    labels = [label for axes in drawn.axes for label in (axes.get_xlabel(), axes.get_ylabel())]
    for label in filter(None, labels):
        bare = label in UNITLESS or any(symbol in label for symbol in SYMBOLS)
        assert bare or re.search(r"\(.+\)", label), f"no unit in {label!r}"
    assert any(labels)
    assert min(text.get_fontsize() for text in drawn.findobj(Text) if text.get_text()) >= 7
    assert drawn.get_figwidth() in (style.SINGLE, style.DOUBLE)
    assert PROVENANCE in drawn.get_supxlabel().replace("\n", " ")


@pytest.mark.parametrize(
    ("study", "family", "name"),
    [("cotb", "loops", "temperature"), ("ruo2", "networks", "fig4e_confusion_mnist")],
)
def test_same_content_gives_the_same_bytes(inputs, tmp_path, study, family, name):
    files = []
    for number in (1, 2):
        paths = [tmp_path / f"{number}.png", tmp_path / f"{number}.pdf"]
        style.save(draw(inputs, study, family, name), *paths)
        files.append([path.read_bytes() for path in paths])
    assert files[0] == files[1]
    assert b"CreationDate" not in files[0][1] and b"Software" not in files[0][0]


def test_series_differ_in_lightness():
    def lightness(colour):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
        ]
        luminance = np.dot((0.2126, 0.7152, 0.0722), linear)
        return 116 * np.cbrt(luminance) - 16 if luminance > 0.008856 else 903.3 * luminance

    steps = np.diff([lightness(colour) for colour in style.COLOURS])
    assert steps.min() > 15
    assert len(set(style.MARKERS)) == len(style.MARKERS)


@pytest.mark.parametrize(
    ("value", "spread", "unit", "words"),
    [
        (38.24, 0.41, "mT", "38.2(4) mT"),
        (-0.0751, 0.0003, "", "\N{MINUS SIGN}0.0751(3)"),
        (271.3, 4.2, "K", "271(4) K"),
        (12.3, 0.096, "", "12.3(1)"),
        (1234.0, 87.0, "Oe", "1234(87) Oe"),
        (5.0, np.nan, "Oe", "5 Oe"),
    ],
)
def test_measured_writes_the_uncertainty_in_the_last_digits(value, spread, unit, words):
    assert style.measured(value, spread, unit) == words


def test_titles_of_confusion_matrices_say_what_they_are(inputs):
    title = networks.fig5f_confusion_device(**inputs["cotb"]["networks"]).axes[0]
    words = title.get_title(loc="left")
    for part in ("ResNet-18", "32 states", "CIFAR-10 (JPEG q75)", "epoch 100", "%"):
        assert part in words


def test_short_trainings_and_stand_in_data_are_said(inputs):
    runs = made_tables.ruo2_runs(stand_in=True)
    drawn = networks.figS7_final_accuracies(runs=runs, published=PUBLISHED["ruo2"])
    assert "stand-in data" in drawn.get_supxlabel()
    assert "weights averaged over 2 epochs" in drawn.get_supxlabel().replace("\n", " ")
    # The loss is that of the weights as they were stepped.
    loss = networks.figS6_training_loss(runs=runs)
    assert "averaged" not in loss.get_supxlabel()
    short = made_tables.cotb_runs(epochs=6, scale="laptop")
    block = inputs["cotb"]["networks"] | {"runs": short}
    drawn = networks.figS1_confusion_epoch25(**block)
    assert "laptop scale" in drawn.get_supxlabel()
    assert "epoch 2" in drawn.axes[0].get_title(loc="left")


PUBLISHED_DEVICE_ALONE = {
    "fig3a_ahe_as_grown", "fig3c_ahe_freestanding", "fig2a_loop_pair", "fig3b_field_free_switching",
    "fig3ef_polarity_reversal",
}  # fmt: skip


@every_figure
def test_a_device_without_published_numbers_is_drawn_or_told(inputs, study, family, name):
    own = inputs[study][family] | {"published": {}}
    draw_own = getattr(import_module(f"hall2net.figures.{family}"), name)
    if name in PUBLISHED_DEVICE_ALONE:
        with pytest.raises(Hall2netError, match="leave the figure out of the study's `figures`"):
            draw_own(**own)
    else:
        labels = draw_own(**own).axes[0].get_legend_handles_labels()[1]
        assert not any("published" in label for label in labels)


def test_spacers_of_any_material_make_series(inputs):
    materials = {"ruo2_0p5": "Hf", "ruo2_0p7": "Hf", "ruo2_2p0": "Ti", "mgo_0p5": "TiO2"}
    samples = {
        name: {**facts, "label": materials.get(name, "bare"), "spacer": materials.get(name)}
        for name, facts in made_tables.SAMPLES["ruo2"].items()
    }
    drawn = torque.torque_against_thickness(**inputs["ruo2"]["torque"] | {"samples": samples})
    labels = drawn.axes[0].get_legend_handles_labels()[1]
    assert labels == ["Hf (0: no spacer)", "Ti control", r"TiO$_\mathrm{2}$ control"]
    assert drawn.axes[1].get_xlabel() == "Hf thickness (nm)"
    samples["ruo2_2p0"] |= {"spacer": "Ti"}
    samples["mgo_0p5"] |= {"spacer": "Ti"}
    drawn = torque.torque_against_thickness(**inputs["ruo2"]["torque"] | {"samples": samples})
    assert drawn.axes[0].get_legend_handles_labels()[1] == ["Hf (0: no spacer)", "Ti"]
    assert drawn.axes[1].get_xlabel() == "spacer thickness (nm)"


def test_an_empty_panel_says_why(inputs):
    table = made_tables.torque().assign(xi_dl_j=np.nan, reason="no magnetometry")
    drawn = torque.torque_against_thickness(**inputs["ruo2"]["torque"] | {"torque": table})
    assert [t.get_text() for t in drawn.axes[0].texts] == ["nothing to draw: no magnetometry"]
    assert not drawn.axes[1].texts


def test_a_missing_run_is_one_clear_line(inputs):
    runs = [run for run in made_tables.cotb_runs() if not run.name.precision.measured]
    with pytest.raises(Hall2netError, match="no run with lut weights on cifar10"):
        networks.fig5f_confusion_device(runs=runs)
    with pytest.raises(Hall2netError, match="no network with measured states beside one with"):
        variation.loss_attribution(attribution={})
    with pytest.raises(Hall2netError, match="input 'runs' is missing"):
        networks.fig5f_confusion_device()
