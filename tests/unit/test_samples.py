"""`samples.csv`: facts of samples, however a spreadsheet saved them."""

import pytest

from hall2net.errors import ConfigError, FileError
from hall2net.study.samples import COLUMNS, read_samples

FACTS = {
    "bar_1": {"label": "bar 1", "width_um": 4.5, "stack_nm": 10.25, "thickness_nm": 0.0},
    "bar_2": {"label": "Größe 2", "width_um": 5.0, "rho_xx_uohm_cm": 1.5e2, "source": "paper"},
}
COLUMN = ("sample", "label", "thickness_nm", "width_um", "stack_nm", "rho_xx_uohm_cm", "source")


def sheet(path, delimiter, decimal, encoding, newline="\n", head="", empty=0):
    """The facts as a spreadsheet of some country saves them."""
    rows = [COLUMN]
    rows += [
        [name if c == "sample" else facts.get(c, "") for c in COLUMN]
        for name, facts in FACTS.items()
    ]
    lines = [
        delimiter.join([*(str(cell).replace(".", decimal) for cell in row), *[""] * empty])
        for row in rows
    ]
    lines += [delimiter * (len(COLUMN) - 1 + empty)] * empty
    path.write_bytes((head + newline.join([*lines, ""])).encode(encoding))
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter, decimal", [(",", "."), (";", ","), (";", "."), ("\t", ",")])
@pytest.mark.parametrize("empty", [0, 2])
def test_every_way_of_saving_gives_the_same_facts(
    tmp_path, delimiter, decimal, encoding, newline, empty
):
    path = tmp_path / "samples.csv"
    assert read_samples(sheet(path, delimiter, decimal, encoding, newline, empty=empty)) == FACTS


def test_a_line_that_names_the_separator(tmp_path):
    path = sheet(tmp_path / "samples.csv", ";", ",", "utf-8-sig", "\r\n", head="sep=;\r\n")
    assert read_samples(path) == FACTS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sample,width_um\na,five\n", "line 2: width_um 'five'; expected a number above 0"),
        ("sample,width_um\na,0\nb,-1\n", "line 2: width_um '0'; expected a number above 0"),
        ("sample,width_um\na,?\nb,?\nc,?\n", r"lines 2-4: width_um '\?' is to be filled in"),
        ('sample,width_um\na,"1,000"\n', "line 2: width_um '1,000'; expected"),
        ("sample,width_um\na,1,5\n", "line 2: 3 cells; expected 2"),
        ("sample,width\na,1\n", "line 1: unknown column 'width'; did you mean 'width_um'"),
        ("width_um\n1\n", "line 1: column 'sample' is missing"),
        ("sample,sample\na,b\n", "line 1: 2 columns 'sample'"),
        ("sample\na\nb\na\n", "line 4: sample 'a' is that of line 2 too"),
        ("sample\na/b\n", "line 2: sample 'a/b'; expected letters"),
        ("sample,m_s_t_a\na,0.9\n", "line 2: source is empty; expected words on where m_s_t_a"),
        ("sample\n", "no rows"),
        ("PK\x03\x04", "Excel workbook"),
    ],
)
def test_what_is_wrong_has_its_line_and_column(tmp_path, text, found):
    path = tmp_path / "samples.csv"
    path.write_text(text)
    with pytest.raises((ConfigError, FileError), match=found):
        read_samples(path)


def test_no_sheet(tmp_path):
    with pytest.raises(FileError, match="no such file; expected one row a sample"):
        read_samples(tmp_path / "samples.csv")


def test_every_value_by_hand_has_its_uncertainty(tmp_path):
    text = "sample,m_s_t_a,m_s_t_u_a,r_xx_ohm,r_xx_u_ohm,source\na,0.95,0.02,512,3,thesis\n"
    (tmp_path / "samples.csv").write_text(text)
    (facts,) = read_samples(tmp_path / "samples.csv").values()
    assert (facts["m_s_t_u_a"], facts["r_xx_u_ohm"]) == (0.02, 3.0)
    assert {"width_u_um", "film_area_u_mm2", "rho_xx_u_uohm_cm", "m_s_u_emu_cc"} < set(COLUMNS)
