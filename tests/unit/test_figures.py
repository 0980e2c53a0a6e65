"""Figures say what they show, in units, without overlap, and come out as the same bytes."""

import inspect
import re
from importlib import import_module
from itertools import combinations
from pathlib import Path

import made_tables
import numpy as np
import pandas as pd
import pytest
import test_aging
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from hall2net.errors import ConfigError, Hall2netError
from hall2net.figures import confusion, networks, style, torque, variation
from hall2net.measurement import CONDITIONS, KINDS, select
from hall2net.physics.pulse_widths import pulse_width_table
from hall2net.physics.switching_map import switching_map
from hall2net.study.figures import all_figures, figure_of
from hall2net.study.published import read_published
from hall2net.synapse.advisor import advice
from hall2net.synapse.merit import figures_of_merit
from hall2net.synapse.updates import updates_table
from hall2net.synapse.write_scatter import states_against_write_scatter

ROOT = Path(__file__).parents[2]
PUBLISHED = read_published(ROOT / "reference/published.yaml")
PRINTED = pd.read_csv(ROOT / "reference/cotb-confusion-matrices.csv")
PROVENANCE = "emulated raw data"


CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
# Figures for any device that the two studies do not ask for.
ANY_DEVICE = {
    "cotb": ["ahe_loops", "switching_loops", "lut_states"],
    "ruo2": [
        "torque_against_thickness",
        "switching_loops",
        "lut_states",
        "harmonic_sweeps",
        "harmonic_rotations",
        "torque_by_method",
        "retention",
        "endurance",
    ],
}


@pytest.fixture(scope="module")
def inputs():
    """Keyword arguments of every family, for both studies."""
    tables = {"cotb": made_tables.cotb(), "ruo2": made_tables.ruo2()}
    levels = np.linspace(-0.07, 0.07, 12)
    cotb_measurement = select(tables["cotb"][0]["freestanding"], "sot_-1")
    luts = {
        "cotb": made_tables.lut(levels, np.linspace(-15, 15, 12)),
        "ruo2": made_tables.lut(
            [0.33, 0.46, 0.49, 0.52, 0.54, 0.57], [-15.6, 11, 12, 13, 14.2, 15.4]
        ),
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
            "loops": common
            | {"datasets": datasets, "loops": loops, "samples": samples}
            | {"compensation": made_tables.compensation()},
            "torque": common
            | {"loops": loops, "torque": made_tables.torque(), "samples": samples}
            | {"reference": "pt", "switching_map": switching_map(switching)}
            | {"convention": made_tables.CONVENTION},
            "harmonic": common | made_tables.harmonic(),
            "switching": common
            | {"datasets": datasets, "switching": switching, "samples": samples},
            "critical_currents": common
            | {"switching": switching, "switching_map": switching_map(switching)}
            | {"pulse_widths": pulse_width_table(switching), "samples": samples},
            "states": common
            | {"measurement": sources[study], "lut": luts[study], "advisor": advice(luts[study])}
            | {"merit": figures_of_merit(luts[study], sources[study])}
            | {"write_scatter": states_against_write_scatter(luts[study])}
            | {"updates": updates_table(sources[study])},
            "aging": test_aging.aged() | {"provenance": PROVENANCE},
            "networks": common
            | {"runs": runs[study], "printed": PRINTED}
            | {"hardware": pd.DataFrame({"polarity": ["bipolar"]})},
            "confusion": common | {"runs": runs[study], "printed": PRINTED},
            "variation": common | made_tables.variation(runs[study]),
        }
    return result


FIGURES = all_figures()
EVERY = [
    (study, FIGURES[name].family, name)
    for study, block in CONFIG["studies"].items()
    for name in dict.fromkeys([*block["figures"], *ANY_DEVICE[study]])
]
every_figure = pytest.mark.parametrize(("study", "family", "name"), EVERY)

# What has no unit, in the words of the axes.
UNITLESS = {
    "epoch", "level", "state", "weights", "predicted class", "true class", "pulse number",
    "residual / noise", "density", "number of loops", "between neighbouring states",
    "sample", "devices per weight", "number of states", "distinguishable states", "write cycles",
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


def test_what_is_declared_is_what_the_functions_are():
    """Read from the source, without matplotlib, it is the same as from the functions."""
    assert {name for _, _, name in EVERY} == set(FIGURES)
    for name, declared in FIGURES.items():
        module = import_module(f"hall2net.figures.{declared.family}")
        function = inspect.unwrap(getattr(module, name))
        assert module.__file__ == str(declared.source)
        assert declared.inputs == tuple(inspect.signature(function).parameters)
        assert declared.caption == " ".join(inspect.getdoc(function).split("\n\n")[0].split())
        assert set(declared.kinds) <= set(KINDS) and declared.study in (None, "cotb", "ruo2")


def test_every_figure_is_declared():
    for family in sorted({declared.family for declared in FIGURES.values()}):
        module = import_module(f"hall2net.figures.{family}")
        drawn = {k for k, f in vars(module).items() if hasattr(f, "__wrapped__") and k != "figure"}
        own = {name for name in drawn if getattr(module, name).__module__ == module.__name__}
        assert own == {name for name, declared in FIGURES.items() if declared.family == family}


def test_a_figure_says_what_a_study_lacks():
    torque = FIGURES["fig2c_efficiency_anisotropy"]
    sheet = pd.DataFrame({"kind": ["loop_shift"] * 2, "sample": ["a", "b"]})
    assert [*torque.lacking("own", {"conventions": {}}, sheet)] == []
    assert [*torque.lacking("own", {"conventions": {}}, None)] == []
    assert "block 'conventions'" in " ".join(torque.lacking("own", {}, sheet))
    assert "of kind loop_shift" in " ".join(
        torque.lacking("own", {"conventions": {}}, sheet.assign(kind="vsm_loop"))
    )
    against = FIGURES["torque_against_thickness"]
    assert [*against.lacking("own", {"conventions": {}}, sheet)] == []
    words = " ".join(against.lacking("own", {"conventions": {}}, sheet[:1]))
    assert "two values of sample" in words
    own = " ".join(FIGURES["fig3b_field_free_switching"].lacking("own", {}, sheet))
    assert "study 'ruo2' alone" in own
    with pytest.raises(ConfigError, match="no figure 'fig9z'"):
        figure_of("fig9z")


def test_a_figure_left_out_says_why(tmp_path):
    reason = "no fitted loop in loops.csv"
    drawn = style.left_out(name="ahe_loops", reason=reason, provenance=PROVENANCE)
    words = " ".join(text.get_text() for text in drawn.texts).replace("\n", " ")
    assert "ahe_loops" in words and reason in words and PROVENANCE in drawn.get_supxlabel()
    style.save(drawn, tmp_path / "1.png", tmp_path / "1.pdf", reason)
    with Image.open(tmp_path / "1.png") as image:
        assert image.text == {"Description": reason}


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
    [("cotb", "loops", "temperature"), ("ruo2", "confusion", "fig4e_confusion_mnist")],
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
    title = confusion.fig5f_confusion_device(**inputs["cotb"]["networks"]).axes[0]
    words = title.get_title(loc="left")
    for part in ("ResNet-18", "32 states", "CIFAR-10 (JPEG q75)", "epoch 100", "%"):
        assert part in words


def test_short_trainings_and_stand_in_data_are_said(inputs):
    runs = made_tables.ruo2_runs(stand_in=True)
    drawn = networks.figS7_final_accuracies(runs=runs, published=PUBLISHED["ruo2"])
    assert "one seed" in drawn.get_supxlabel()
    assert "stand-in data" in drawn.get_supxlabel()
    assert "weights averaged over 2 epochs" in drawn.get_supxlabel().replace("\n", " ")
    # The loss is that of the weights as they were stepped.
    loss = networks.figS6_training_loss(runs=runs)
    assert "averaged" not in loss.get_supxlabel()
    short = made_tables.cotb_runs(epochs=6, scale="laptop")
    block = inputs["cotb"]["networks"] | {"runs": short}
    drawn = confusion.figS1_confusion_epoch25(**block)
    assert "laptop scale" in drawn.get_supxlabel()
    assert "epoch 2" in drawn.axes[0].get_title(loc="left")
    # No difference to a matrix of another epoch and width.
    assert len(drawn.axes) == 2


def labels_of(drawn):
    return [
        label
        for axes in drawn.axes
        for label in axes.get_legend_handles_labels()[1]
        if "published" in label
    ]


def test_published_accuracies_stand_beside_the_same_training_only(inputs):
    cotb, ruo2 = PUBLISHED["cotb"], PUBLISHED["ruo2"]
    same = networks.fig5d_accuracy_loss(runs=made_tables.cotb_runs(), published=cotb)
    assert len(labels_of(same)) == 2
    short = networks.fig5d_accuracy_loss(runs=made_tables.cotb_runs(10), published=cotb)
    assert labels_of(short) == []
    for draw in (networks.fig4c_accuracy_mnist, networks.figS7_final_accuracies):
        assert labels_of(draw(runs=made_tables.ruo2_runs(), published=ruo2)) == ["published"]
        assert labels_of(draw(runs=made_tables.ruo2_runs(stand_in=True), published=ruo2)) == []


def test_an_unmeasured_loss_says_so_and_has_no_bar(inputs):
    table = inputs["cotb"]["variation"]["attribution"]
    table = {name: rows.copy() for name, rows in table.items()}
    for rows in table.values():
        chosen = rows["step"] == "programming error"
        rows.loc[chosen, rows.columns.str.startswith(("accuracy", "cost_points"))] = np.nan
    axes = variation.loss_attribution(attribution=table).axes[0]
    assert [text.get_text() for text in axes.texts].count("not measured") == 1
    widths = [bar.get_width() for bar in axes.patches]
    assert len(widths) == 7 and np.isnan(widths).sum() == 1


def test_no_published_marker_follows_our_own_reference(inputs):
    block = {key: inputs["ruo2"]["torque"][key] for key in ("torque", "samples")}
    drawn = torque.fig2c_efficiency_anisotropy(**block, published=PUBLISHED["ruo2"])
    assert labels_of(drawn) == ["published, MgO"]
    assert not any("published" in label for label in drawn.axes[0].get_legend_handles_labels()[1])
    block |= {key: inputs["ruo2"]["torque"][key] for key in ("switching_map", "reference")}
    assert labels_of(torque.fig2f_critical_current(**block)) == []


def test_reduction_of_the_critical_current_has_every_criterion(inputs):
    block = inputs["ruo2"]["torque"]
    axes = torque.fig2f_critical_current(
        **{key: block[key] for key in ("torque", "switching_map", "samples", "reference")}
    ).axes[1]
    assert len(axes.get_legend_handles_labels()[1]) == 5
    # Reference, 0.5 and 0.7 nm: the reference's sweeps go to 20 mA, those of 0.5 nm to 13 mA.
    for series in axes.containers:
        np.testing.assert_allclose(series.lines[0].get_ydata(), [1, 20 / 13, 1])


@every_figure
def test_a_device_without_published_numbers_is_drawn_or_told(inputs, study, family, name):
    own = inputs[study][family] | {"published": {}}
    draw_own = getattr(import_module(f"hall2net.figures.{family}"), name)
    if FIGURES[name].study and "published" in FIGURES[name].inputs:
        with pytest.raises(Hall2netError, match="leave the figure out of the study's `figures`"):
            draw_own(**own)
    else:
        labels = draw_own(**own).axes[0].get_legend_handles_labels()[1]
        assert not any("published" in label for label in labels)


def without_rows(table):
    return table.iloc[:0]


def all_refused(table):
    """As a table is when nothing could be fitted."""
    if "status" not in table:
        return table
    numbers = table.select_dtypes("number").columns.difference(CONDITION_COLUMNS)
    return table.assign(
        status="refused", reason="one-sided sweep", **dict.fromkeys(numbers, np.nan)
    )


def one_row(table):
    return table.iloc[:1]


CONDITION_COLUMNS = [column for column, *_ in CONDITIONS.values()] + ["thickness_nm"]


@pytest.mark.parametrize("changed", [without_rows, all_refused, one_row])
@pytest.mark.parametrize(
    ("study", "family", "name"),
    [each for each in EVERY if {"loops", "torque", "switching"} & set(FIGURES[each[2]].inputs)],
)
def test_a_figure_without_data_is_drawn_or_says_why(inputs, study, family, name, changed):
    """It is then left out of the report with that reason, and stops no run."""
    given = {
        key: changed(value) if key in ("loops", "torque", "switching") else value
        for key, value in inputs[study][family].items()
    }
    try:
        drawn = getattr(import_module(f"hall2net.figures.{family}"), name)(**given)
    except Hall2netError as error:
        assert len(str(error)) > 10
    else:
        FigureCanvasAgg(drawn).draw()


@pytest.mark.parametrize(
    ("study", "family", "name"),
    [each for each in EVERY if {"runs", "attribution", "states"} & set(FIGURES[each[2]].inputs)],
)
def test_a_figure_without_networks_says_so(inputs, study, family, name):
    nothing = {"runs": [], "attribution": {}, "noise": {}, "states": {}}
    given = {k: nothing.get(k, v) for k, v in inputs[study][family].items()}
    with pytest.raises(Hall2netError, match="no run|no network"):
        getattr(import_module(f"hall2net.figures.{family}"), name)(**given)


def test_spacers_of_any_material_make_series(inputs):
    materials = {"ruo2_0p5": "Hf", "ruo2_0p7": "Hf", "ruo2_2p0": "Ti", "mgo_0p5": "TiO2"}
    samples = {
        name: {**facts, "label": materials.get(name, "bare"), "spacer": materials.get(name)}
        for name, facts in made_tables.SAMPLES["ruo2"].items()
    }
    drawn = torque.torque_against_thickness(**inputs["ruo2"]["torque"] | {"samples": samples})
    labels = drawn.axes[0].get_legend_handles_labels()[1]
    assert labels == ["Hf (0: no spacer)", "Ti control", r"TiO$_\mathrm{2}$ control (drawn aside)"]
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
    with pytest.raises(
        Hall2netError, match="no run with lut weights and the mapping maxabs on cifar10"
    ):
        confusion.fig5f_confusion_device(runs=runs)
    with pytest.raises(Hall2netError, match="no network with measured states beside one with"):
        variation.loss_attribution(attribution={})
    with pytest.raises(Hall2netError, match="input 'runs' is missing"):
        confusion.fig5f_confusion_device()
