"""`hall2net check`: every problem of a project at once, and none where there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hall2net.__main__ import main
from hall2net.errors import ConfigError, FileError
from hall2net.study.check import (
    SCHEMA,
    check_project,
    finished_part,
    read_config,
    read_project,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path):
    """The configuration, its schema, and the raw files."""
    (tmp_path / "workflow/schemas").mkdir(parents=True)
    shutil.copy2(ROOT / "workflow/schemas/config.schema.yaml", tmp_path / "workflow/schemas")
    shutil.copy2(ROOT / "config.yaml", tmp_path)
    for study in ("cotb", "ruo2"):
        shutil.copytree(ROOT / "raw" / study, tmp_path / "raw" / study)
    return tmp_path


def edit(path, *pairs):
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def test_the_shipped_project_is_in_order(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    assert main(["check"]) == 0
    sheets = [(project / f"raw/{study}/measurements.csv").read_text() for study in ("cotb", "ruo2")]
    files = sum(len(sheet.splitlines()) - 1 for sheet in sheets)
    assert capsys.readouterr().out == f"2 studies, {files} files, 2 networks: no problem found\n"


def test_a_broken_sheet_hides_neither_the_other_nor_the_configuration(project):
    wrong = ("scale: labtop", "recipe: papr", "    reference: ptt")
    right = ("scale: laptop", "recipe: paper", "    reference: pt")
    edit(project / "config.yaml", *zip(right, wrong, strict=True))
    edit(project / "raw/cotb/measurements.csv", ("ahe_loop", "ahe_lop"))
    edit(project / "raw/ruo2/measurements.csv", ("delimited", "delimted"), (",pt,", ",pd,"))
    with pytest.raises(ConfigError) as caught:
        check_project(project)
    lines = str(caught.value).splitlines()
    assert len(lines) == 6, lines
    for words in (
        "'labtop'",
        "'papr'; did you mean 'paper'",
        "cotb/measurements.csv, line ",
        "ruo2/measurements.csv, line ",
        "no sample 'ptt'; did you mean 'pt'",
        "ruo2/samples.csv: no row of sample 'pd'",
    ):
        assert any(words in line for line in lines), (words, lines)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", '"', "id,kind,sample\n?,?,?\n,,\n", "\0"])
def test_a_sheet_that_is_none_is_told(project, text):
    (project / "raw/cotb/measurements.csv").write_text(text)
    with pytest.raises(ConfigError) as caught:
        check_project(project)
    assert any("cotb/measurements.csv" in line for line in str(caught.value).splitlines())


def test_a_raw_file_that_is_gone_is_named(project):
    gone = next((project / "raw/cotb/versalab").glob("*.dat"))
    gone.unlink()
    with pytest.raises(ConfigError, match=f"raw file 'versalab/{gone.name}' is missing"):
        check_project(project)


def test_a_fact_of_the_wrong_kind_is_named_once(project):
    edit(project / "raw/cotb/samples.csv", ("none,0,5,", "none,0,five,"))
    with pytest.raises(ConfigError) as caught:
        check_project(project)
    assert len(str(caught.value).splitlines()) == 1
    assert "cotb/samples.csv, line 2: width_um 'five'; expected a number" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: [1\nb: 2\n", "config.yaml, line 2: "),
        ("- a\n", "config.yaml: a list; expected keys with values"),
        ("studies: !!python/object/apply:os.system [touch hacked]\n", "config.yaml, line 1: "),
        ("\xe4", "config.yaml: cannot be read"),
        (
            "a: {b: 1}\nc:\n  b: 1\n  b: 2\n",
            "config.yaml, line 4: key 'b' stands in line 3 already",
        ),
    ],
)
def test_a_configuration_that_is_no_yaml(project, text, found):
    (project / "config.yaml").write_text(text, encoding="latin-1")
    with pytest.raises(FileError) as caught:
        check_project(project)
    assert found in str(caught.value) and len(str(caught.value).splitlines()) == 1
    assert not Path("hacked").exists()


def test_no_library_of_networks_or_figures_is_imported():
    """They take seconds, and the check about one."""
    code = "import sys, hall2net.__main__, hall2net.study.check; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "matplotlib", "scipy.stats", "xarray"} & set(done.stdout.split())


def test_an_unfinished_study_concerns_no_other(project, monkeypatch, capsys):
    edit(project / "raw/cotb/samples.csv", (",15,", ",?,"))
    monkeypatch.chdir(project)
    assert main(["check", "ruo2"]) == 0
    assert capsys.readouterr().out.startswith("1 study, ")
    for arguments in (["check"], ["check", "cotb"]):
        assert main(arguments) == 1
        assert "cotb/samples.csv, line 2: stack_nm '?'" in capsys.readouterr().err
    assert main(["check", "rou2"]) == 1
    assert "no study 'rou2'; did you mean 'ruo2'?" in capsys.readouterr().err
    content = read_config(project / "config.yaml")
    found = read_project(content, project, project / SCHEMA)
    assert found.unfinished == ["cotb"]
    part = finished_part(content, found.unfinished)
    assert set(part["studies"]) == {"ruo2"} and set(part["networks"]) == {"mlp"}
    found.require("ruo2")


def test_what_concerns_all_stops_every_study(project, monkeypatch, capsys):
    edit(project / "config.yaml", ("recipe: paper", "recipe: papr"))
    monkeypatch.chdir(project)
    assert main(["check", "cotb"]) == 1
    assert "no recipe 'papr'" in capsys.readouterr().err


def test_equal_cells_stand_in_one_line(project):
    path = project / "raw/cotb/measurements.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *(x.replace("ahe_loop", "?", 1) for x in lines[1:])]))
    with pytest.raises(ConfigError) as caught:
        check_project(project)
    found = [x for x in str(caught.value).splitlines() if "kind '?'" in x]
    assert len(found) == 1 and "lines 2-14, 17-29: kind" in found[0]


def test_a_column_may_be_named_as_the_readers_find_it(project):
    path = project / "raw/cotb/measurements.csv"
    edit(path, ("I write (mA)", "i WRITE"))
    assert "no problem" in check_project(project, study="cotb")


def test_a_column_that_a_file_does_not_have(project):
    path = project / "raw/cotb/measurements.csv"
    text = path.read_text()
    named = next(x for x in text.splitlines() if "sot_as_grown_m25mt" in x)
    column = named.split(",")[text.splitlines()[0].split(",").index("x_column")]
    edit(path, (named, named.replace(column, column.replace("write", "wrote"))))
    with pytest.raises(ConfigError) as caught:
        check_project(project)
    (line,) = str(caught.value).splitlines()
    assert "is no column of switching/sot_as_grown_m25mt.csv; did you mean 'I write (mA)'" in line
    assert f"line {text.splitlines().index(named) + 1}: x_column" in line


@pytest.mark.parametrize("states", [4, 8])
def test_weights_of_other_states_than_the_train_has(project, states):
    """The number is not in the configuration: it is found in the train, which has six."""
    edit(project / "config.yaml", ("      lut6: [maxabs, std]", f"      lut{states}: [std]"))
    with pytest.raises(ConfigError, match=rf"'lut{states}', but the pulse train .* 6 states"):
        check_project(project, study="ruo2")
