"""The sheet of raw files: every problem at once, and nothing outside the study's folder."""

import hashlib
import re
from pathlib import Path

import pytest

from hall2net.errors import ConfigError, FileError, Hall2netError
from hall2net.measurement import KINDS
from hall2net.study.checksums import verify_checksums
from hall2net.study.figures import all_figures
from hall2net.study.sheet import has_pulse_widths, read_sheet

HEAD = "id,file,format,kind,sample,temperature_k\n"


def sheet(folder, text):
    (folder / "a.csv").write_text("Field (Oe),R\n1,2\n")
    path = folder / "measurements.csv"
    path.write_text(text)
    return path


def test_a_good_sheet(tmp_path):
    table = read_sheet(sheet(tmp_path, HEAD + "m1,a.csv,delimited,ahe_loop,s1,300\n"))
    assert table["temperature_k"].tolist() == [300.0]
    assert table["id"].tolist() == ["m1"]


@pytest.mark.parametrize(
    ("head", "rows", "found"),
    [
        ("", ["", "", ""], False),
        (",pulse_width_s", [",1e-5", ",1e-4", ",1e-3"], True),
        (",pulse_width_s", [",1e-5", ",1e-5", ",1e-3"], False),
        (",pulse_width_s", [",1e-5", ",1e-3", ","], False),
    ],
)
def test_a_line_takes_three_pulse_widths(tmp_path, head, rows, found):
    lines = [f"m{k},a.csv,delimited,sot_switching,s1,300{cell}" for k, cell in enumerate(rows)]
    text = "\n".join([HEAD.strip() + head, *lines, ""])
    assert has_pulse_widths(read_sheet(sheet(tmp_path, text))) is found


def test_every_problem_is_told_with_its_line_and_nearest_match(tmp_path):
    rows = [
        "m1,a.csv,delimitted,ahe_loop,s1,300",
        "m1,b.csv,delimited,ahe_lop,s1,warm",
        "M 2,../a.csv,delimited,ahe_loop,s1,inf",
    ]
    with pytest.raises(ConfigError) as caught:
        read_sheet(sheet(tmp_path, HEAD + "\n".join(rows)))
    lines = str(caught.value).splitlines()
    for line, words in [
        (2, "'delimitted'; did you mean 'delimited'"), (3, "'ahe_lop'; did you mean 'ahe_loop'"),
        (3, "that of line 2"), (3, "'warm'"), (3, "'b.csv' is missing"), (4, "'M 2'"),
        (4, "outside"), (4, "'inf'"),
    ]:  # fmt: skip
        assert any(f"line {line}:" in text and words in text for text in lines), words


def test_what_a_draft_leaves_open_is_to_be_filled_in(tmp_path):
    head = "id,file,format,kind,sample,current_ma,x_column,orientation\n"
    with pytest.raises(ConfigError) as caught:
        read_sheet(sheet(tmp_path, head + "m1,a.csv,delimited,?,s1,?,?,?\n"))
    found = str(caught.value).splitlines()
    start = f"{tmp_path / 'measurements.csv'}, line 2: "
    assert sorted(found) == [
        f"{start}current_ma '?' is to be filled in; expected a number",
        f"{start}kind '?' is to be filled in; expected one of ahe_loop, loop_shift, "
        "sot_switching, pulse_train, retention, endurance, vsm_loop, resistivity, "
        "harmonic_field, harmonic_angle",
        f"{start}orientation '?' is to be filled in; expected one of oop, ip",
        f"{start}x_column '?' is to be filled in; expected a column of the file",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,file\nm,a.csv\n", "'format' is missing"),
        (HEAD.replace("kind", "knid") + "m,a.csv,delimited,x,s,\n", "'knid'.*'kind'"),
        (HEAD, "no rows"),
        ("", "the file is empty"),
        ('"a', "no readable CSV"),
    ],
)
def test_bad_sheets(tmp_path, text, message):
    with pytest.raises(Hall2netError, match=message):
        read_sheet(sheet(tmp_path, text))


def test_a_link_out_of_the_folder_is_outside(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "secret.csv").write_text("1")
    (tmp_path / "study/link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ConfigError, match="outside"):
        read_sheet(sheet(tmp_path / "study", HEAD + "m,link.csv,delimited,ahe_loop,s,\n"))


@pytest.mark.parametrize(
    "name", ["{wildcards}.csv", "{sample}.csv", "a}.csv", "a\nb.csv", "a\tb.csv", "a\x1b[0m.csv"]
)
def test_a_name_that_snakemake_or_a_terminal_would_read_as_more_is_refused(tmp_path, name):
    (tmp_path / name).write_text("Field (Oe),R\n1,2\n")
    with pytest.raises(ConfigError, match="line 2: file .* braces or control characters"):
        read_sheet(sheet(tmp_path, HEAD + f'm,"{name}",delimited,ahe_loop,s,\n'))


@pytest.mark.parametrize("name", ["/etc/passwd", "../../etc/passwd", "a/../../b.csv", "..", "/"])
def test_a_path_out_of_the_folder_is_outside(tmp_path, name):
    with pytest.raises(ConfigError, match="line 2: file .* is outside"):
        read_sheet(sheet(tmp_path, HEAD + f"m,{name},delimited,ahe_loop,s,\n"))


@pytest.mark.parametrize("name", ["../x", "a/b", "a;b", "$(x)", "{x}", "a b", "A", "", "é"])
@pytest.mark.parametrize("column", ["id", "sample"])
def test_ids_that_would_be_more_than_a_name_are_refused(tmp_path, column, name):
    row = {"id": "m", "file": "a.csv", "format": "delimited", "kind": "ahe_loop", "sample": "s"}
    cells = ",".join((row | {column: name}).values())
    with pytest.raises(ConfigError, match=f"line 2: {column} .*; expected letters"):
        read_sheet(sheet(tmp_path, HEAD + cells + ",\n"))


def test_the_docs_list_every_kind_as_the_table_of_kinds_has_it():
    lines = (Path(__file__).parents[2] / "docs/own-device.md").read_text().splitlines()
    lines = lines[lines.index("### Kinds of measurement") :]
    for name, kind in KINDS.items():
        row = next(line for line in lines if line.startswith(f"| `{name}` |"))
        assert kind.words in row and f"| `{kind.x}` |" in row
        _, _, _, _, conditions, facts, tables, _ = row.split("|")
        assert set(re.findall(r"`(\w+)`", conditions)) == set(kind.conditions)
        assert set(re.findall(r"\*\*`(\w+)`\*\*", conditions)) == set(kind.required)
        assert set(re.findall(r"`(\w+)`", facts)) == set(kind.facts)
        assert set(re.findall(r"`(\w+).csv`", tables)) == set(kind.tables or ["lut"])


@pytest.mark.parametrize(
    ("kind", "unit", "coil", "found"),
    [
        ("ahe_loop", "A", "0.05", ""),
        ("vsm_loop", "mA", "-0.05", ""),
        ("ahe_loop", "mT", "", ""),
        ("sot_switching", "mA", "", ""),
        ("ahe_loop", "A", "", "coil_t_per_a is empty; expected the coil's field in tesla per amp"),
        ("ahe_loop", "T", "0.05", "coil_t_per_a '0.05'; expected nothing"),
        ("sot_switching", "mA", "0.05", "coil_t_per_a '0.05'; expected nothing"),
        ("ahe_loop", "A", "0", "coil_t_per_a '0'; expected a number other than 0"),
    ],
)
def test_a_current_stands_for_a_field_by_a_calibration(tmp_path, kind, unit, coil, found):
    head = "id,file,format,kind,sample,x_unit,coil_t_per_a\n"
    path = sheet(tmp_path, head + f"m,a.csv,delimited,{kind},s,{unit},{coil}\n")
    if not found:
        assert read_sheet(path)["x_unit"].tolist() == [unit]
        return
    with pytest.raises(ConfigError, match=f"line 2: {re.escape(found)}"):
        read_sheet(path)


def test_the_docs_list_the_figures_as_they_are_declared():
    lines = (Path(__file__).parents[2] / "docs/own-device.md").read_text().splitlines()
    first = lines.index("| figure | needs |") + 2
    rows = [line.split("|")[1:3] for line in lines[first : lines.index("", first)]]
    needs = {name: words for names, words in rows for name in re.findall(r"`(\w+)`", names)}
    figures = all_figures()
    assert {name for name in figures if figures[name].of_any_device} <= set(needs)
    for name, words in needs.items():
        assert words.strip() == figures[name].needs, name


def test_no_sheet(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_sheet(tmp_path / "measurements.csv")


def test_checksums(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"abc")
    good = f"{hashlib.sha256(b'abc').hexdigest()}  a.csv\n"
    (tmp_path / "SHA256SUMS").write_text(good)
    assert verify_checksums(tmp_path) == {"a.csv": hashlib.sha256(b"abc").hexdigest()}
    (tmp_path / "SHA256SUMS").write_text(good + good.replace("a.csv", "b.csv"))
    (tmp_path / "a.csv").write_bytes(b"abd")
    with pytest.raises(Hall2netError, match=r"missing: b.csv; changed: a.csv"):
        verify_checksums(tmp_path)
    (tmp_path / "SHA256SUMS").write_text("nonsense\n")
    with pytest.raises(FileError, match="line 1"):
        verify_checksums(tmp_path)


def test_a_folder_of_files_that_is_missing_is_told_whole(tmp_path):
    (tmp_path / "loops").mkdir()
    for k in range(300):
        (tmp_path / f"loops/loop_{k}.dat").write_text("1")
    rows = [f"m{k},loops/loop_{k}.csv,delimited,ahe_loop,s,\n" for k in range(300)]
    with pytest.raises(ConfigError) as caught:
        read_sheet(sheet(tmp_path, HEAD + "".join(rows)))
    lines = str(caught.value).splitlines()
    assert len(lines) == 300
    assert lines[0].endswith("'loops/loop_0.csv' is missing; did you mean 'loops/loop_0.dat'?")
