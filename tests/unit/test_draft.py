"""`hall2net init`: recognition against the true sheets, and nothing lost on the way."""

import os
import shutil
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from hall2net.__main__ import main
from hall2net.emulate.folders import judged, row_of, write_folder
from hall2net.errors import Hall2netError
from hall2net.measurement import KINDS
from hall2net.readers.reading import read_measurement
from hall2net.study.cells import UNKNOWN
from hall2net.study.check import check_project
from hall2net.study.checksums import verify_checksums
from hall2net.study.draft import draft_study
from hall2net.study.draft.names import hints_of_name, hints_of_words
from hall2net.study.draft.rows import drafted, sheet_of
from hall2net.study.samples import read_samples
from hall2net.study.sheet import NUMBERS, read_sheet
from hall2net.units import OERSTED

ROOT = Path(__file__).parents[2]
REAL = Path(
    os.environ.get(
        "HALL2NET_INSTRUMENT_FILES", Path(__file__).parents[3] / "shared" / "instrument-files"
    )
)


def true_sheet(study):
    return pd.read_csv(ROOT / "raw" / study / "measurements.csv").set_index("file")


def made_sheet(folder, study="mine"):
    return sheet_of(drafted(folder, study).measurements).set_index("file")


def told(made, truth, column):
    """A condition where the draft tells it, and what is true there."""
    known = made[column].notna() & (made[column] != UNKNOWN)
    return made.loc[known, column].astype(float), truth.loc[known, column].astype(float)


@pytest.fixture(scope="module")
def own_names():
    """The emulated studies as drafted from their files alone, beside their true sheets."""
    return {
        study: (made_sheet(ROOT / "raw" / study), true_sheet(study)) for study in ("cotb", "ruo2")
    }


@pytest.fixture(scope="module")
def bland_names(tmp_path_factory):
    """The same with names that say nothing, all in one folder; of ruo2 two films, since the others
    are measured like them."""
    found = {}
    for study in ("cotb", "ruo2"):
        folder, truth = tmp_path_factory.mktemp(study), true_sheet(study)
        if study == "ruo2":
            truth = truth[truth["sample"].isin(["pt", "ruo2_0p5"])]
        bland = {name: f"m{k:04d}{Path(name).suffix}" for k, name in enumerate(truth.index)}
        for name, other in bland.items():
            shutil.copyfile(ROOT / "raw" / study / name, folder / other)
        found[study] = made_sheet(folder), truth.rename(index=bland).sort_index()
    return found


@pytest.mark.parametrize("study", ["cotb", "ruo2"])
@pytest.mark.parametrize("names", ["own_names", "bland_names"])
def test_format_and_kind_are_those_of_the_true_sheet(names, study, request):
    made, truth = request.getfixturevalue(names)[study]
    made = made.reindex(truth.index)
    right = (made["format"] == truth["format"]) & (made["kind"] == truth["kind"])
    assert right.mean() >= 0.95, made[~right]


@pytest.mark.parametrize("study", ["cotb", "ruo2"])
@pytest.mark.parametrize("names", ["own_names", "bland_names"])
def test_no_condition_is_told_wrongly(names, study, request):
    made, truth = request.getfixturevalue(names)[study]
    made = made.reindex(truth.index)
    for column in set(NUMBERS) & set(made):
        found, expected = told(made, truth, column)
        np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=column)


def test_conditions_in_names_headers_and_columns_are_found(own_names):
    """In cotb's names the temperatures, in its headers the fields; in ruo2's names the fields."""
    shares = {("cotb", "current_ma"): 1, ("cotb", "field_x_oe"): 1, ("ruo2", "current_ma"): 1}
    for (study, column), share in shares.items():
        made, truth = own_names[study]
        # Nothing in the files of a state that is only kept or cycled names the field.
        truth = truth[~truth["kind"].isin(["retention", "endurance"])]
        assert len(told(made.reindex(truth.index), truth, column)[0]) == (
            share * truth[column].notna().sum()
        )
    made, truth = own_names["cotb"]
    loops = truth["kind"] == "ahe_loop"
    assert made.reindex(truth.index).loc[loops, "temperature_k"].notna().all()
    made, truth = own_names["ruo2"]
    shifts = truth.index[truth["kind"] == "loop_shift"]
    assert (made.loc[shifts, "field_x_oe"] != UNKNOWN).all()
    vsm = truth.index[truth["kind"] == "vsm_loop"]
    assert (made.loc[vsm, "orientation"] == truth.loc[vsm, "orientation"]).all()


@pytest.mark.parametrize("study", ["cotb", "ruo2"])
def test_samples_are_those_of_the_true_sheet(own_names, study):
    made, truth = own_names[study]
    assert (made["sample"].reindex(truth.index) == truth["sample"]).all()
    assert made["id"].is_unique


@pytest.mark.parametrize("study", ["cotb", "ruo2"])
def test_the_draft_reads_as_the_true_sheet_does(own_names, study):
    """But for what it asks: whether amplitudes are rms or peak."""
    made, truth = own_names[study]
    asked = [name for name in truth if name.endswith("_amplitude")]
    made = made.assign(**truth[asked])
    for name in truth.groupby("kind").head(3).index:
        true = truth.loc[name].to_dict()
        # What the draft leaves open is filled in.
        draft = {k: true.get(k) if v == UNKNOWN else v for k, v in made.loc[name].items()}
        rows = [
            {"file": name, **{k: v for k, v in row.items() if pd.notna(v)}} for row in (draft, true)
        ]
        mine, theirs = (read_measurement(ROOT / "raw" / study, row) for row in rows)
        pd.testing.assert_frame_equal(mine[theirs.columns], theirs)


def test_what_bland_names_do_not_tell_is_open(bland_names):
    made, truth = bland_names["ruo2"]
    kinds = truth["kind"].reindex(made.index)
    assert (made.loc[kinds == "loop_shift", "field_x_oe"] == UNKNOWN).all()
    assert (made.loc[kinds == "vsm_loop", "orientation"] == UNKNOWN).all()


@pytest.mark.skipif(not REAL.is_dir(), reason="no real instrument files here")
def test_real_instrument_files():
    draft = drafted(REAL, "real")
    made = sheet_of(draft.measurements)
    assert set(draft.skipped) <= {"README.md", "LICENSE-MIT.txt"}
    formats = {
        "lakeshore8600_vsm.csv": ("lakeshore8600", "vsm_loop"),
        "micromag_a4.hys": ("micromag", "vsm_loop"),
        "qd_ppms_vsm_mh.dat": ("multivu", "vsm_loop"),
        "qd_ppms_act_hall.dat": ("multivu", "ahe_loop"),
        "qd_ppms_resistivity.dat": ("multivu", "ahe_loop"),
    }
    for name, (form, kind) in formats.items():
        rows = made[made["file"] == name]
        assert set(rows["format"]) == {form}, name
        assert set(rows["kind"]) == {kind}, name
    temperatures = made.groupby("file")["temperature_k"].apply(list)
    assert temperatures["qd_ppms_act_hall.dat"] == [2, 2.2, 2.4, 2.6, 2.8, 3, 3.2, 3.4]
    assert temperatures["qd_ppms_resistivity.dat"] == [2, 2.1, 2.2, 2.3]
    assert temperatures["qd_ppms_vsm_mh.dat"] == [300]
    assert made["id"].is_unique
    # Of two channels the heads say which is the Hall bar: "Ch1 4 wire Hall", "Hall", "Rxy".
    channels = {
        "qd_ppms_act_hall.dat": "Volts ch1",
        "qd_ppms_resistivity.dat": "Bridge 2 Resistance (Ohms)",
        "qd_ppms_hall_bar_50K.dat": "Bridge 2 Resistance (Ohms)",
    }
    for name, column in channels.items():
        assert set(made.loc[made["file"] == name, "y_column"]) == {column}, name
    act = next(m for m in draft.measurements if m.file == "qd_ppms_act_hall.dat")
    assert len(read_measurement(REAL, {"file": act.file, **act.cells})) > 190


NAMES = [
    ("300K", {"temperature_k": 300}),
    ("T=4.2K", {"temperature_k": 4.2}),
    ("loop_T300", {"temperature_k": 300}),
    ("x_1.5mA", {"current_ma": 1.5}),
    ("shift_ip1p5ma", {"current_ma": 1.5}),
    ("shift_im3p0ma", {"current_ma": -3}),
    ("I=-100uA", {"current_ma": -0.1}),
    ("sot_-25mT", {"field_x_oe": -250}),
    ("a-c-25mT", {"field_x_oe": 250}),
    ("a-c_-25mT", {"field_x_oe": -250}),
    ("sot_m25mt", {"field_x_oe": -250}),
    ("500Oe", {"field_x_oe": 500}),
    ("hx+100Oe", {"field_x_oe": 100}),
    ("Hx=-0.02T", {"field_x_oe": -200}),
    ("sot_10us", {"pulse_width_s": 1e-5}),
    ("pulse 2 ms", {"pulse_width_s": 2e-3}),
    ("vsm_oop", {"orientation": "oop"}),
    ("vsm_ip", {"orientation": "ip"}),
    ("pt_2p0nm_0p5", {}),
    ("chip 3A", {}),
    ("2026-03-02", {}),
    # Ends and steps of a sweep are no conditions, nor is one of two values.
    *((f"{word}{value}", {}) for word in ("to_", "max ", "pm", "±", "step_", "rate_", "Hmax=")
      for value in ("9kOe", "9k", "5T", "10K")),
    ("9kOe_max", {}), ("2K_min", {}), ("10K-300K", {}), ("-10mA_to_10mA", {}), ("R=10k", {}),
    # A small k may stand for kilo.
    ("9k", {}), ("12k_scan", {}), ("300k", {"temperature_k": 300}), ("T4k", {"temperature_k": 4}),
    ("9K", {"temperature_k": 9}), ("pt_1 T=300K", {"temperature_k": 300}),
    # A word before it says which of two is meant.
    ("Hx=100Oe_5kOe", {"field_x_oe": 100}), ("I_read0.1mA_5mA", {"current_ma": 0.1}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "cells"), NAMES)
def test_conditions_in_names(name, cells):
    assert hints_of_name(name).cells == pytest.approx(cells)


@pytest.mark.parametrize(("name", "said"), [("9k", "9k"), ("loop_12k", "12k"), ("S1 4k", "4k")])
def test_a_small_k_in_a_name_is_left_to_the_user(tmp_path, name, said):
    hall_file(tmp_path / f"{name}.csv")
    (one,) = drafted(tmp_path, "mine").measurements
    assert one.cells["temperature_k"] == UNKNOWN and one.choices["temperature_k"] == [said]


def test_conditions_in_the_words_above_a_table():
    lines = [
        "# sample bar_7, w 4 um, L 20 um",
        "# read 0.5 mA, pulse 1e-06 s, compliance 20 mA",
        "# mu0 Hx = -25 mT, max field 2 T",
        "Temperature: 77 K",
    ]
    cells = hints_of_words(lines).cells
    assert cells.pop("sample") == "bar_7"
    assert cells == pytest.approx(
        {
            "width_um": 4, "length_um": 20, "current_ma": 0.5, "pulse_width_s": 1e-6,
            "field_x_oe": -250, "temperature_k": 77,
        }
    )  # fmt: skip


FIELD_MT = np.concatenate([np.arange(-60.0, 61, 2), np.arange(58.0, -61, -2)])
HALL_MOHM = np.where(np.arange(121) < 61, np.sign(FIELD_MT - 20.3), np.sign(FIELD_MT + 20.3)) * 85.0


def decimal_comma(*columns):
    return "".join(
        ";".join(f"{x:.4f}".replace(".", ",") for x in row) + "\n"
        for row in zip(*columns, strict=True)
    )


def made_files(folder):
    """Files of a third laboratory, each with its name, its text and its encoding."""
    loop = decimal_comma(FIELD_MT, HALL_MOHM)
    sweep = np.concatenate([np.arange(0, 9), np.arange(8, -9, -1.0), np.arange(-8, 1)]) * 250
    switched = np.where(np.arange(len(sweep)) < 6, -80.0, 80.0)
    pulses = np.repeat(np.arange(1, 25), 5)
    write = np.tile(np.repeat([-3000, 1500, 2000, 2500], 5), 6)
    states = np.tile(np.repeat([-75, -20, 15, 70], 5), 6) + 0.1 * np.sin(np.arange(120))
    field_t = FIELD_MT / 1e3
    texts = {
        "bar 1/ahe 300K 0.1mA.txt": ("µ0H (mT);R_xy [mΩ]\n" + loop, "utf-8"),
        "bar 1/ahe 250K 0.1mA.txt": ("µ0H (mT);R_xy [mOhm]\n" + loop, "latin-1"),
        "bar 1/train.txt": (
            "pulse no.;I_pulse (µA);R_xy (mΩ)\n" + decimal_comma(pulses, write, states),
            "utf-8",
        ),
        "bar 1/sot -10mT.txt": ("Iw / µA;R_H / mΩ\n" + decimal_comma(sweep, switched), "utf-8"),
        "bar 2/ahe.txt": (
            "B\tR\nT\tohm\n" + decimal_comma(field_t, HALL_MOHM / 1e3).replace(";", "\t"),
            "utf-8",
        ),
        "bar 2/no unit.txt": ("B;R_xy\n" + decimal_comma(field_t, HALL_MOHM / 1e3), "utf-8"),
        "bar 2/no names.txt": (loop, "utf-8"),
        "bar 2/split_up.txt": (
            "B (T);Rxy (ohm)\n" + decimal_comma(field_t[:61], HALL_MOHM[:61] / 1e3),
            "utf-8",
        ),
        "bar 2/split_down.txt": (
            "B (T);Rxy (ohm)\n" + decimal_comma(field_t[61:], HALL_MOHM[61:] / 1e3),
            "utf-8",
        ),
        "bar 2/cooling.txt": (
            "T (K);R (ohm)\n" + decimal_comma(np.linspace(10, 300, 50), np.linspace(90, 100, 50)),
            "utf-8",
        ),
        "bar 2/notes.txt": ("Bonded on Monday.\nContact 3 is bad.\n", "utf-8"),
        ".hidden.txt": ("B (T);Rxy (ohm)\n0;1\n", "utf-8"),
    }
    for name, (text, encoding) in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode(encoding))
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    return folder


def test_files_of_a_third_laboratory(tmp_path):
    draft = drafted(made_files(tmp_path), "mine")
    made = {one.file: one.cells for one in draft.measurements}
    kinds = {name: cells["kind"] for name, cells in made.items()}
    assert kinds == {
        "bar 1/ahe 250K 0.1mA.txt": "ahe_loop",
        "bar 1/ahe 300K 0.1mA.txt": "ahe_loop",
        "bar 1/sot -10mT.txt": "sot_switching",
        "bar 1/train.txt": "pulse_train",
        "bar 2/ahe.txt": "ahe_loop",
        "bar 2/no unit.txt": "ahe_loop",
        "bar 2/no names.txt": UNKNOWN,
        "bar 2/split_down.txt;bar 2/split_up.txt": "ahe_loop",
    }
    assert set(draft.skipped) == {
        ".hidden.txt", "bar 2/cooling.txt", "bar 2/notes.txt", "picture.png",
    }  # fmt: skip
    assert {cells["sample"] for name, cells in made.items() if "bar 1" in name} == {"bar_1"}
    assert made["bar 1/ahe 300K 0.1mA.txt"]["temperature_k"] == 300
    assert made["bar 1/sot -10mT.txt"]["field_x_oe"] == pytest.approx(-100)
    assert made["bar 2/no unit.txt"]["x_unit"] == UNKNOWN
    for name in ("bar 1/ahe 300K 0.1mA.txt", "bar 1/ahe 250K 0.1mA.txt", "bar 2/ahe.txt"):
        points = read_measurement(tmp_path, {"file": name, **made[name]})
        np.testing.assert_allclose(points["field"] / OERSTED, 10 * FIELD_MT, rtol=1e-6)
        np.testing.assert_allclose(points["resistance"], HALL_MOHM / 1e3)
    train = read_measurement(tmp_path, {"file": "bar 1/train.txt", **made["bar 1/train.txt"]})
    assert train["pulse"].nunique() == 24
    assert sorted(train["write_current"].unique()) == pytest.approx([-3e-3, 1.5e-3, 2e-3, 2.5e-3])


@pytest.fixture
def project(tmp_path):
    """A project without raw files but those that `hall2net init` brings."""
    root = tmp_path / "project"
    root.mkdir()
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for study in config["studies"]:
        (root / "raw").mkdir(exist_ok=True)
        (root / "raw" / study).symlink_to(ROOT / "raw" / study)
    shutil.copyfile(ROOT / "config.yaml", root / "config.yaml")
    (root / "workflow").symlink_to(ROOT / "workflow")
    return root


@pytest.fixture
def lab(tmp_path):
    """A folder of two Hall loops and a pulse train of one bar."""
    everything = made_files(tmp_path / "everything")
    for name in ("ahe 300K 0.1mA.txt", "ahe 250K 0.1mA.txt", "train.txt"):
        (tmp_path / "lab/bar 1").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(everything / "bar 1" / name, tmp_path / "lab/bar 1" / name)
    return tmp_path / "lab"


def content(folder):
    """Every file below a folder that is no link, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def test_a_drafted_study_passes_the_check(project, lab):
    words = draft_study("mine", lab, project)
    assert "no problem" in check_project(project)
    assert len(verify_checksums(project / "raw/mine")) == 3
    assert set(read_sheet(project / "raw/mine/measurements.csv")["sample"]) == {"bar_1"}
    for name, there in content(lab).items():
        assert (project / "raw/mine" / name).read_bytes() == there
        assert name in words
    block = yaml.safe_load((project / "config.yaml").read_text(encoding="utf-8"))["studies"]["mine"]
    assert block["lut"] == {"source": "train", "measurement": "train"}
    assert "250K = 250" in words
    assert "results/mine/loops.csv" in words


def test_a_study_with_all_kinds_tells_what_to_fill_in(project, tmp_path):
    folder = tmp_path / "films"
    ignored = shutil.ignore_patterns("*s.csv", "SHA256SUMS", "*_hx*", "*ruo2_[12]*")
    shutil.copytree(ROOT / "raw/ruo2", folder, ignore=ignored)
    for name in ("hxp0100_ip3p0ma", "hxp0100_im3p0ma"):
        shutil.copy(ROOT / f"raw/ruo2/loops/shift_pt_{name}.csv", folder / "loops")
    words = draft_study("films", folder, project)
    sheet = project / "raw/films/measurements.csv"
    with pytest.raises(Hall2netError, match="prefield_x_oe '[?]' is to be filled in"):
        check_project(project)
    assert "prefield_x_oe" in words.partition("To be filled in")[2]
    sheet.write_text(sheet.read_text(encoding="utf-8").replace("?", "1570"), encoding="utf-8")
    with pytest.raises(Hall2netError) as caught:
        check_project(project)
    problems = str(caught.value).splitlines()
    assert all("films" in line for line in problems), problems
    # Every key that the check misses was told, and the dimensions in headers were taken.
    for fact in ("reference", "thickness_nm", "stack_nm", "heavy_metal_nm", "ferromagnet_nm"):
        assert fact in words
        assert any(fact in line for line in problems), fact
    for fact in ("width_um", "length_um", "film_area_mm2"):
        assert not any(fact in line for line in problems)


def test_all_comments_and_lines_of_the_configuration_stay(project, lab):
    before = (project / "config.yaml").read_text(encoding="utf-8")
    draft_study("mine", lab, project)
    after = (project / "config.yaml").read_text(encoding="utf-8")
    head = os.path.commonprefix([before, after])
    tail = before[len(head) :]
    assert after.endswith(tail)
    assert yaml.safe_load(before)["studies"].keys() < yaml.safe_load(after)["studies"].keys()
    new = yaml.safe_load(after)
    del new["studies"]["mine"]
    assert new == yaml.safe_load(before)


CONFIGS = {
    "last key": "scale: laptop\nstudies:\n    a: {data_source: x}\n    # of a\n",
    "no line end": "scale: laptop\nstudies:\n  a:\n    figures: [b, c] # why",
    "comment after": "scale: laptop\nstudies:\n  a:\n    b:\n      - b\n      # - c\n# end\nx: 1\n",
    "empty": "scale: laptop\nstudies: {}   # none yet\nx: 1\n",
    "windows": "scale: laptop\r\nstudies:\r\n  a:\r\n    b: 1\r\n\r\n# end\r\nx: 1\r\n",
    "no studies": "scale: laptop\nstudies:\nnetworks: {}\n",
    "no studies, at the end": "scale: laptop\nnetworks: {}\nstudies:\n",
    "no studies, with a comment": "scale: laptop\nstudies:\n  # none yet\nnetworks: {}\n",
    "block of text": "scale: laptop\nstudies:\n  a:\n    words: |\n      so\n      so\nx: 1\n",
}


@pytest.mark.parametrize("text", CONFIGS.values(), ids=CONFIGS.keys())
def test_configurations_of_other_shapes(tmp_path, lab, text):
    config = tmp_path / "config.yaml"
    config.write_bytes(text.encode())
    draft_study("mine", lab, tmp_path)
    after = config.read_bytes().decode()
    new, old = yaml.safe_load(after), yaml.safe_load(text)
    assert "mine" in new["studies"]
    assert {k: v for k, v in new["studies"].items() if k != "mine"} == (old["studies"] or {})
    for line in text.splitlines():
        assert line in after.splitlines() or line.replace(" {}", "") in after.splitlines()
    assert ("\r\n" in text) == ("\r\n" in after)
    if "\r\n" in text:
        assert "\n" not in after.replace("\r\n", "")


REFUSED = [
    ("ruo2", "lab", "'ruo2' is there already"),
    ("Mine", "lab", "expected a letter"),
    ("a/b", "lab", "expected a letter"),
    ("../x", "lab", "expected a letter"),
    ("mine", "nowhere", "no such folder"),
    ("mine", "nothing", "no file is recognised"),
    ("mine", "project", "holds the project"),
]


@pytest.mark.parametrize(("name", "folder", "message"), REFUSED)
def test_refusals_change_nothing(
    project, lab, tmp_path, name, folder, message, capsys, monkeypatch
):
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing/notes.txt").write_text("none\n")
    before = content(project)
    monkeypatch.chdir(project)
    assert main(["init", name, str(tmp_path / folder)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert message in lines[0]
    assert all(line.startswith("error: ") for line in lines)
    assert content(project) == before


@pytest.mark.parametrize(
    "there",
    [
        {"measurements.csv": "id,file\nmine,mine.txt\n"},
        {"bar 1/train.txt": "my own\n"},
        {"other.txt": "my own\n"},
    ],
)
def test_what_is_in_raw_is_not_overwritten(project, lab, there):
    for name, text in there.items():
        (project / "raw/mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "raw/mine" / name).write_text(text)
    before = content(project)
    with pytest.raises(Hall2netError, match="already"):
        draft_study("mine", lab, project)
    assert content(project) == before


def test_files_in_raw_stay_where_they_are(project, lab):
    shutil.copytree(lab, project / "raw/mine")
    before = content(project / "raw/mine")
    draft_study("mine", project / "raw/mine", project)
    after = content(project / "raw/mine")
    assert after.items() > before.items()
    assert set(after) - set(before) == {"measurements.csv", "samples.csv", "SHA256SUMS"}
    assert "no problem" in check_project(project)


@pytest.mark.parametrize("where", ["folder elsewhere", "files in raw"])
def test_a_run_that_was_killed_before_the_configuration_goes_on(project, lab, where, monkeypatch):
    if where == "files in raw":
        shutil.copytree(lab, project / "raw/mine")
        lab = project / "raw/mine"

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hall2net.study.draft.atomic", killed)
        with pytest.raises(KeyboardInterrupt):
            draft_study("mine", lab, project)
    assert (project / "raw/mine/measurements.csv").is_file()
    (project / "raw/.mine.draft").mkdir()
    (project / "raw/.mine.draft/half.txt").write_text("of a copy")
    draft_study("mine", lab, project)
    assert "no problem" in check_project(project)
    assert not (project / "raw/.mine.draft").exists()


def test_a_full_disk_leaves_nothing(project, lab, monkeypatch):
    before = content(project)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("hall2net.study.draft.shutil.copyfile", full)
        with pytest.raises(Hall2netError, match="No space left"):
            draft_study("mine", lab, project)
    assert content(project) == before
    draft_study("mine", lab, project)
    assert "no problem" in check_project(project)


def test_names_of_files_reach_no_shell_and_leave_no_folder(project, lab, tmp_path, monkeypatch):
    text = (lab / "bar 1/ahe 300K 0.1mA.txt").read_bytes()
    secret = tmp_path / "secret.txt"
    secret.write_bytes(text)
    fine = ["a..b.txt", "$(touch pwned).txt", "-rf.txt", "'quoted' \"so\".txt", "größe µ.txt"]
    left_out = ["a;b.txt", "two\nlines.txt", "{sample}.txt", " blank.txt", "link.txt"]
    for name in fine + left_out[:-1]:
        (lab / name).write_bytes(text)
    (lab / "link.txt").symlink_to(secret)
    monkeypatch.chdir(project)
    words = draft_study("mine", lab, project)
    sheet = project / "raw/mine/measurements.csv"
    sheet.write_text(sheet.read_text().replace(UNKNOWN, "bar_1"))  # samples, that no name says
    assert "no problem" in check_project(project)
    rows = read_sheet(sheet)
    assert set(fine) <= set(rows["file"])
    assert not set(left_out) & set(rows["file"])
    assert rows["id"].str.fullmatch("[a-z0-9_]+").all()
    assert rows["sample"].str.fullmatch("[a-z0-9_]+").all()
    verify_checksums(project / "raw/mine")
    assert not list(tmp_path.rglob("pwned"))
    assert "two\nlines" not in words


def test_samples_that_a_parser_would_take_for_something_else(project, lab, tmp_path):
    folder = tmp_path / "odd"
    for sample in ("no", "1e3", "on", "null"):
        shutil.copytree(lab / "bar 1", folder / sample)
    draft_study("odd", folder, project)
    samples = read_samples(project / "raw/odd/samples.csv")
    assert set(samples) == {"no", "1e3", "on", "null"}
    assert "no problem" in check_project(project)


def test_currents_of_both_signs_make_loop_shifts(tmp_path):
    for current in ("1mA", "-1mA", "2mA"):
        text = "B (mT);R_xy (mOhm)\n" + decimal_comma(FIELD_MT, HALL_MOHM)
        (tmp_path / f"bar_{current}.txt").write_text(text)
    made = made_sheet(tmp_path)
    assert made["kind"].to_dict() == {
        "bar_1mA.txt": "loop_shift", "bar_-1mA.txt": "loop_shift", "bar_2mA.txt": "loop_shift",
    }  # fmt: skip
    assert made["sample"].unique() == ["mine"]  # a bar without a number is no name
    assert (made.loc[made["kind"] == "loop_shift", "field_x_oe"] == UNKNOWN).all()


def test_a_current_voltage_curve_is_no_switching_loop(tmp_path):
    current = np.linspace(-1, 1, 41)
    text = "I (mA);V (mV)\n" + decimal_comma(current, 98.7 * current + 0.02)
    (tmp_path / "iv.txt").write_text(text)
    made = made_sheet(tmp_path)
    assert made.loc["iv.txt", "kind"] == "resistivity"


def test_a_text_of_instructions_is_shown_as_text(tmp_path):
    """Hostile words above a table are data."""
    lines = ["# sample $(rm -rf /)", "# T = ../../etc K", "B (mT);R_xy (mOhm)"]
    text = "\n".join(lines) + "\n" + decimal_comma(FIELD_MT, HALL_MOHM)
    (tmp_path / "a.txt").write_text(textwrap.dedent(text))
    made = made_sheet(tmp_path)
    assert made.loc["a.txt", "kind"] == "ahe_loop"
    assert made.loc["a.txt", "sample"] in ("a", "mine", UNKNOWN)


def test_words_without_end_are_no_table(tmp_path):
    """Seconds and not minutes: no line of 50,000 words is cut into names."""
    (tmp_path / "wide.txt").write_text(("a," * 49_000 + "\n") * 500)
    (tmp_path / "quotes.txt").write_text('"a,b\n' * 100_000)
    draft = drafted(tmp_path, "mine")
    assert not draft.measurements
    assert all("no table of numbers" in why for why in draft.skipped.values())


@pytest.fixture(scope="module", params=range(5))
def make(request, tmp_path_factory):
    """A folder of one make, drawn at random, and what is true of it."""
    folder = tmp_path_factory.mktemp("make")
    truths = write_folder(folder, 1000 + request.param)
    draft = drafted(folder, "mine")
    return folder, [(truth, row_of(truth, draft.measurements)) for truth in truths]


def test_drawn_folders_are_recognised_and_nothing_is_wrong_in_silence(make):
    _, rows = make
    outcomes = [(truth.file, *judged(truth, row.cells if row else {})) for truth, row in rows]
    assert not [(file, wrong) for file, _, wrong in outcomes if wrong]
    assert sum(not opened for _, opened, _ in outcomes) >= 0.97 * len(rows)


def test_drawn_folders_read_as_their_truth_says(make):
    folder, rows = make
    for truth, row in rows:
        cells = {k: row.choices[k][0] if v == UNKNOWN else v for k, v in row.cells.items()}
        points = read_measurement(folder, {"file": truth.file, **cells})
        # A current-voltage curve has no resistance at zero current.
        assert truth.points - 1 <= len(points) <= truth.points, truth.file
        assert points[KINDS[truth.cells["kind"]].x].abs().max() == pytest.approx(truth.largest_x)


def test_a_preview_draws_every_file_and_writes_nothing_else(project, lab, monkeypatch, capsys):
    (lab / "<b>.txt").write_text("1 2 3\n" * 20)
    before = content(project)
    monkeypatch.chdir(project)
    assert main(["init", "mine", str(lab), "--preview"]) == 0
    page = project / "mine-preview.html"
    assert page.name in capsys.readouterr().out
    assert content(project).keys() - before.keys() == {page.name}
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 3 and "−600 to 600 Oe" in text and text.count("<figure") >= 3
    assert "<b>.txt" not in text and "ahe_loop" in text and "http" not in text


def test_reasons_and_second_guesses_are_printed(project, lab):
    words = draft_study("mine", lab, project)
    reasons = words.partition("Why, and what else it may be")[2].partition("\n\n")[0]
    for kind in ("ahe_loop", "pulse_train"):
        assert f"  {kind}: " in reasons


def hall_file(path, *, column="", value="", field=FIELD_MT, signal=HALL_MOHM, unit="mOhm"):
    """A Hall loop with one more column, whose cell in every row is `value`."""
    head = f"B (mT),R_xy ({unit})" + (f",{column}" if column else "")
    rows = [f"{x:.4f},{y:.4f}" for x, y in zip(field, signal, strict=True)]
    values = value if isinstance(value, list) else [value] * len(rows)
    rows = [f"{row},{cell}" if column else row for row, cell in zip(rows, values, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")


@pytest.mark.parametrize("constant", ["Initial resistance (ohm)", "R0 (ohm)", "Reference (mOhm)"])
def test_what_does_not_change_is_no_signal(tmp_path, constant):
    hall_file(tmp_path / "a.csv", column=constant, value="2811.4")
    assert made_sheet(tmp_path).loc["a.csv", "y_column"] == "R_xy (mOhm)"


@pytest.mark.parametrize("name", ["Magnet current (A)", "Coil (A)", "Supply output (A)", "I (A)"])
def test_the_magnets_current_is_no_write_current(tmp_path, name):
    hall_file(tmp_path / "a.csv", column=name, value=[f"{0.02 * x:.4f}" for x in FIELD_MT])
    made = made_sheet(tmp_path)
    assert made.loc["a.csv", ["kind", "x_column"]].tolist() == ["ahe_loop", "B (mT)"]


@pytest.mark.parametrize("dead", [1701.0, -5.0, 0.0])
def test_a_channel_that_is_not_connected_gives_no_temperature(tmp_path, dead):
    hall_file(tmp_path / "a.csv", column="Temperature (K)", value=f"{dead}")
    draft = drafted(tmp_path, "mine")
    (one,) = draft.measurements
    assert "temperature_k" not in one.cells
    assert any("not connected" in remark for remark in one.remarks)
    assert len(read_measurement(tmp_path, {"file": one.file, **one.cells})) == len(FIELD_MT)


def test_a_drift_is_one_measurement_at_its_mean(tmp_path):
    drift = [f"{100 + 0.04 * k:.3f}" for k in range(len(FIELD_MT))]
    hall_file(tmp_path / "a.csv", column="T (K)", value=drift)
    (one,) = drafted(tmp_path, "mine").measurements
    assert one.cells["temperature_k"] == pytest.approx(np.mean(np.asarray(drift, float)), rel=1e-3)
    assert any("drifts from 100 to 104.8 K" in remark for remark in one.remarks)
    assert len(read_measurement(tmp_path, {"file": one.file, **one.cells})) == len(FIELD_MT)


@pytest.mark.parametrize(
    ("column", "settings", "cell", "kind"),
    [
        ("I read (mA)", (-2.0, -1.0, 1.5), "current_ma", "loop_shift"),
        ("Temperature (K)", (50.0, 150.0, 300.0), "temperature_k", "ahe_loop"),
        ("In-plane field (Oe)", (-400.0, 100.0, 700.0), "field_x_oe", "ahe_loop"),
    ],
)
def test_several_settings_in_one_file_are_several_measurements(
    tmp_path, column, settings, cell, kind
):
    repeated = np.tile(FIELD_MT, len(settings)), np.tile(HALL_MOHM, len(settings))
    held = [f"{s:g}" for s in np.repeat(settings, len(FIELD_MT))]
    hall_file(tmp_path / "a.csv", column=column, value=held, field=repeated[0], signal=repeated[1])
    draft = drafted(tmp_path, "mine")
    assert sorted(one.cells[cell] for one in draft.measurements) == sorted(settings)
    assert {one.cells["kind"] for one in draft.measurements} == {kind}
    for one in draft.measurements:
        cells = {k: v for k, v in one.cells.items() if v != UNKNOWN}
        assert len(read_measurement(tmp_path, {"file": one.file, **cells})) == len(FIELD_MT)


def test_cycles_in_one_file_are_measurements_of_their_own(tmp_path):
    repeated = np.tile(FIELD_MT, 3), np.concatenate([HALL_MOHM, 0.5 * HALL_MOHM, 2 * HALL_MOHM])
    cycle = [f"{k}" for k in np.repeat([1, 2, 3], len(FIELD_MT))]
    hall_file(
        tmp_path / "a.csv", column="Cycle", value=cycle, field=repeated[0], signal=repeated[1]
    )
    draft = drafted(tmp_path, "mine")
    for one, size in zip(draft.measurements, (85, 42.5, 170), strict=True):
        points = read_measurement(tmp_path, {"file": one.file, **one.cells})
        assert len(points) == len(FIELD_MT)
        assert points["resistance"].max() == pytest.approx(size / 1e3)
    assert [one.cells["id"] for one in draft.measurements] == [f"a_cycle{k}" for k in (1, 2, 3)]


def test_branches_that_a_column_counts_are_no_cycles(tmp_path):
    sweep = ["1"] * 61 + ["2"] * 60
    hall_file(tmp_path / "a.csv", column="Sweep", value=sweep)
    (one,) = drafted(tmp_path, "mine").measurements
    assert "cycle" not in one.cells


@pytest.mark.parametrize(
    ("name", "kind"), [("Magnet current (A)", "ahe_loop"), ("Output (A)", UNKNOWN)]
)
def test_the_current_of_a_magnet_alone_takes_its_calibration(tmp_path, name, kind):
    rows = [f"{0.02 * x:.5g},{y}" for x, y in zip(FIELD_MT, HALL_MOHM, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join([f"{name},R_xy (mOhm)", *rows, ""]))
    (one,) = drafted(tmp_path, "mine").measurements
    assert one.cells["kind"] == kind and one.cells["coil_t_per_a"] == UNKNOWN
    filled = {**one.cells, "file": one.file, "kind": "ahe_loop", "coil_t_per_a": 0.05}
    points = read_measurement(tmp_path, filled)
    assert points["field"].max() / OERSTED == pytest.approx(10 * FIELD_MT.max(), rel=1e-6)


def test_a_wide_drift_is_asked_about_and_not_left_out(tmp_path):
    drift = [f"{90 + 0.25 * k:.2f}" for k in range(len(FIELD_MT))]
    hall_file(tmp_path / "a.csv", column="T (K)", value=drift)
    (one,) = drafted(tmp_path, "mine").measurements
    assert one.cells["temperature_k"] == UNKNOWN and one.cells["temperature_column"] == "none"
    assert any("from 90 to 120 K" in remark for remark in one.remarks)


@pytest.mark.parametrize("column", ["T (°C)", "Temperature (C)", "Temp_C", "Temp / degC"])
def test_degrees_celsius_are_kelvin_in_the_sheet(tmp_path, column):
    hall_file(tmp_path / "a.csv", column=column, value="25")
    (one,) = drafted(tmp_path, "mine").measurements
    assert one.cells["temperature_k"] == pytest.approx(298.15)
    points = read_measurement(tmp_path, {"file": one.file, **one.cells})
    assert points["point_temperature"].tolist() == pytest.approx([298.15] * len(FIELD_MT))


def test_a_file_whose_sample_nothing_tells_is_asked_about(tmp_path):
    for name in ("bar1_300K.csv", "bar2_300K.csv", "ahe.csv"):
        hall_file(tmp_path / name)
    made = made_sheet(tmp_path)["sample"]
    assert made.to_dict() == {
        "bar1_300K.csv": "bar1", "bar2_300K.csv": "bar2", "ahe.csv": UNKNOWN,
    }  # fmt: skip


def test_a_current_that_only_a_name_tells_is_open_where_the_kind_is(tmp_path):
    rows = "\n".join(f"{x:.3f} {y:.3f}" for x, y in zip(FIELD_MT, HALL_MOHM, strict=True))
    (tmp_path / "psweep_6mA.txt").write_text(rows)
    (one,) = drafted(tmp_path, "mine").measurements
    assert one.cells["current_ma"] == UNKNOWN and one.choices["current_ma"] == ["6mA"]


@pytest.mark.parametrize("currents", [(-1.6, -0.9, -0.2, 0.5, 1.2, 1.9), (-3, 1), (-2, -1, 0.5)])
def test_a_series_needs_no_opposite_currents(tmp_path, currents):
    for current in currents:
        hall_file(tmp_path / f"bar3/AHE_-900.0Oe_{current}mA.csv")
    made = made_sheet(tmp_path)
    assert set(made["kind"]) == {"loop_shift"} and set(made["field_x_oe"]) == {-900.0}
    assert sorted(made["current_ma"]) == sorted(currents) and set(made["sample"]) == {"bar3"}


@pytest.mark.parametrize(
    ("names", "samples"),
    [
        (["waferA/bar1_300K.csv", "waferB/bar1_300K.csv"], {"wafera_bar1", "waferb_bar1"}),
        (["bar1_300K.csv", "bar2_300K.csv"], {"bar1", "bar2"}),
        (["data/hb1 run1.csv", "data/hb2 run2.csv"], {"hb1", "hb2"}),
        (["W12/ahe_1.csv", "W12/ahe_2.csv"], {"w12"}),
        (["x_0p1s.csv", "x_100us.csv", "x_-900.0Oe.csv", "x_m25mT.csv", "x_T=300K.csv"], {"x"}),
    ],
)
def test_samples_of_wafers_and_bars(tmp_path, names, samples):
    for name in names:
        hall_file(tmp_path / name)
    assert set(made_sheet(tmp_path)["sample"]) == samples


def test_columns_without_names_are_a_row_to_fill_in(tmp_path):
    rows = "\n".join(
        f"{x:.3f} {y:.3f} {y + 1:.3f}" for x, y in zip(FIELD_MT, HALL_MOHM, strict=True)
    )
    (tmp_path / "a.txt").write_text(rows)
    (one,) = drafted(tmp_path, "mine").measurements
    assert one.cells["kind"] == one.cells["x_column"] == one.cells["y_column"] == UNKNOWN
    assert one.choices["x_column"] == ["1", "2", "3"]


def test_programs_and_prose_are_no_measurements(tmp_path):
    table = "Field (Oe),R (ohm)\n" + "1,2\n3,4\n5,6\n" * 5
    for name in ("plot.py", "notes.md", "setup.json"):
        (tmp_path / name).write_text(table)
    assert not drafted(tmp_path, "mine").measurements
