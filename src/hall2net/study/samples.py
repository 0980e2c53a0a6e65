"""`samples.csv`: names and dimensions of a study's samples, and values known from elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from hall2net.errors import ConfigError, Problem, one_of
from hall2net.physics.substrates import SUBSTRATES
from hall2net.study.cells import UNKNOWN, Sheet, read_cells
from hall2net.study.sheet import TO_FILL_IN, column_problems, finite, name_problem
from hall2net.tables import uncertainty_column

DIMENSIONS = {
    "thickness_nm": "of the spacer; 0 if there is none",
    "width_um": "of the Hall bar",
    "length_um": "of the Hall bar, between the voltage contacts",
    "stack_nm": "all conducting layers",
    "heavy_metal_nm": "the layer that gives the spin current",
    "ferromagnet_nm": "the magnetic layers",
    "film_area_mm2": "of the magnetometer's specimen",
    "oxide_nm": "insulating SiO2 between film and substrate; 0 if there is none",
}
"""What formulas need of a sample, in words."""

GIVEN = {
    "m_s_t_a": "saturation magnetisation times thickness, in A",
    "m_s_emu_cc": "saturation magnetisation",
    "k_s_erg_cm2": "interfacial anisotropy",
    "r_xx_ohm": "resistance along the bar",
    "rho_xx_uohm_cm": "resistivity of the stack",
    "planar_hall_ratio": "planar over anomalous Hall resistance, with its sign",
    "r_ahe_ohm": "half swing of the anomalous Hall resistance, with its sign",
    "h_k_oe": "anisotropy field, positive for a perpendicular easy axis",
    "tcr_per_k": "temperature coefficient of the resistance along the bar, relative",
    "thermal_uohm_per_ma": "second harmonic of the temperature gradient per peak of the current",
}
"""What may be known from elsewhere, each with a `source`."""

WORDS = ("sample", "label", "spacer", "substrate")
NUMBERS = tuple(name for fact in (*DIMENSIONS, *GIVEN) for name in (fact, uncertainty_column(fact)))
COLUMNS = (*WORDS, *NUMBERS, "source")

_MAY_BE_NEGATIVE = {"tcr_per_k", "planar_hall_ratio", "r_ahe_ohm", "h_k_oe", "thermal_uohm_per_ma"}
_MAY_BE_ZERO = {"thickness_nm", "oxide_nm", *map(uncertainty_column, (*DIMENSIONS, *GIVEN))}


def read_samples(path: str | Path) -> dict[str, dict[str, str | float]]:
    """Read and check `samples.csv`.

    Parameters
    ----------
    path : `raw/<study>/samples.csv`

    Returns
    -------
    Sample to its facts, in the order of the rows; what is not known has no entry, and a sample
    without a label is called by its name.

    Raises
    ------
    FileError
        If the sheet is missing or no CSV.
    ConfigError
        Every problem of the sheet: file, lines, column, what was found, what is allowed.
    """
    sheet = read_cells(path, COLUMNS, NUMBERS, "a sample")
    if problems := sample_problems(sheet):
        raise ConfigError(problems=problems)
    return samples_in(sheet)


def sample_problems(sheet: Sheet) -> list[Problem]:
    """Every problem of `samples.csv`.

    Parameters
    ----------
    sheet : its cells, as `hall2net.study.cells.read_cells` gives them
    """
    return column_problems(sheet, COLUMNS, ["sample"], "a sample") or list(_cell_problems(sheet))


def samples_in(sheet: Sheet) -> dict[str, dict[str, str | float]]:
    """Sample to its facts, cells that are none left out.

    Parameters
    ----------
    sheet : as of `sample_problems`
    """
    samples: dict[str, dict[str, str | float]] = {}
    for row in sheet.cells.to_dict("records"):
        name = row.get("sample", "")
        known = {key: _value(key, cell) for key, cell in row.items() if key in COLUMNS}
        facts = {key: value for key, value in known.items() if value is not None}
        facts.pop("sample", None)
        samples.setdefault(name, {"label": name.replace("_", " ")} | facts)
    return samples


def allowed(fact: str) -> str:
    """What the cell of a fact may hold, in words."""
    if fact in _MAY_BE_NEGATIVE:
        return "a number"
    return "a number, 0 or above" if fact in _MAY_BE_ZERO else "a number above 0"


def _value(key: str, cell: str) -> str | float | None:
    if key in NUMBERS:
        return finite(cell)
    return cell if cell not in ("", UNKNOWN) else None


def _cell_problems(sheet: Sheet) -> Iterator[Problem]:
    where = str(sheet.path)
    seen: dict[str, int] = {}
    for line, row in zip(sheet.cells.index, sheet.cells.to_dict("records"), strict=True):
        lines, name = (line,), row["sample"]
        yield from name_problem(sheet, line, "sample", name)
        if name in seen:
            found = f"{name!r} is that of line {seen[name]} too"
            yield Problem(where, found, key="sample", lines=lines)
        seen.setdefault(name, line)
        for key in COLUMNS:
            if row.get(key) == UNKNOWN and key != "sample":
                yield Problem(where, TO_FILL_IN, _allowed(key), key=key, lines=lines)
        if row.get("substrate", "") not in ("", UNKNOWN, *SUBSTRATES):
            yield replace(one_of(where, row["substrate"], SUBSTRATES, "substrate"), lines=lines)
        for key in (key for key in NUMBERS if row.get(key, "") not in ("", UNKNOWN)):
            value = finite(row[key])
            signed = value is not None and key in _MAY_BE_NEGATIVE
            if not signed and not _positive(value, key):
                yield Problem(where, repr(row[key]), allowed(key), key=key, lines=lines)
        yield from _source_problem(where, lines, row)


def _positive(value: float | None, key: str) -> bool:
    """Whether a number is one that a length, an uncertainty or the like can have."""
    return value is not None and (value > 0 or (value == 0 and key in _MAY_BE_ZERO))


def _source_problem(
    where: str, lines: tuple[int, ...], row: Mapping[str, str]
) -> Iterator[Problem]:
    by_hand = [key for key in GIVEN if row.get(key)]
    if by_hand and not row.get("source"):
        expected = f"words on where {', '.join(by_hand)} comes from"
        yield Problem(where, "is empty", expected, key="source", lines=lines)


def _allowed(key: str) -> str:
    return allowed(key) if key in NUMBERS else "words"
