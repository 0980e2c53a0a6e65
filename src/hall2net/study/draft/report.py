"""A draft in words: what was recognised, what was taken from names, what is missing."""

from collections.abc import Mapping, Sequence

from hall2net.errors import in_lines
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.block import REFERENCE
from hall2net.study.draft.kinds import Measurement
from hall2net.study.draft.samples import samples_of
from hall2net.study.samples import DIMENSIONS
from hall2net.study.sheet import CHOICES, NUMBERS, TEXTS

_MANY_ROWS = 40
_WORDS = {
    "temperature_k": "{:g} K", "field_x_oe": "Hx {:g} Oe", "prefield_x_oe": "Hx before {:g} Oe",
    "initial_field_z_oe": "Hz before {:g} Oe", "current_ma": "I {:g} mA",
    "pulse_width_s": "pulse {:g} s", "cycle": "cycle {:g}", "field_oe": "H {:g} Oe",
    "direction_deg": "at {:g} deg",
}  # fmt: skip


def report(
    name: str,
    measurements: Sequence[Measurement],
    skipped: Mapping[str, str],
    block: str,
    scale: str,
) -> str:
    """Words for the user.

    Parameters
    ----------
    name : of the study
    measurements : rows of the sheet, in its order
    skipped : file to why it has no row
    block : of the study in `config.yaml`
    scale : of the configuration
    """
    sheet = f"raw/{name}/measurements.csv"
    parts = [
        f"Measurements in {sheet}: {len(measurements)}",
        *_table(measurements),
        *_section("Why, and what else it may be", _reasons(measurements)),
        *_section("Please look at these", _remarks(measurements)),
        *_section("Left out", [f"{f}: {w}" for f, w in skipped.items()]),
        *_section("Read from file and folder names; please check", _named(measurements)),
        *_section("Left empty, fill in what you know", _silent(measurements)),
        *_section(f"To be filled in, {sheet}", _open(measurements)),
        *_section(f"To be filled in, raw/{name}/samples.csv", _facts(measurements)),
        *_section("To be filled in, config.yaml", _keys(name, block)),
        "",
        "Then",
        "  hall2net check",
        *(f"  snakemake --cores 2 results/{name}/{target}" for target in _targets(block, scale)),
    ]
    return "\n".join(_printable(part) for part in parts)


def _printable(line: str) -> str:
    """A line without what would move the cursor of a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  and {len(lines) - _MANY_ROWS} more"] if len(lines) > _MANY_ROWS else []
    return ["", title, *(f"  {line}" for line in lines[:_MANY_ROWS]), *more]


def _table(measurements: Sequence[Measurement]) -> list[str]:
    rows: list[tuple[str, ...]] = [("file", "format", "kind", "sample", "conditions")]
    for one in measurements:
        cells = one.cells
        known = [str(cells[key]) for key in ("format", "kind", "sample")]
        rows.append((one.file, *known, ", ".join(conditions_in_words(one))))
    shown = rows[: _MANY_ROWS + 1]
    widths = [max(len(row[k]) for row in shown) for k in range(4)]
    lines = [
        "  ".join([*(row[k].ljust(widths[k]) for k in range(4)), row[4]]).rstrip() for row in shown
    ]
    more = [f"and {len(rows) - len(shown)} more"] if len(rows) > len(shown) else []
    return [f"  {line}" for line in lines + more]


def conditions_in_words(one: Measurement) -> list[str]:
    """What was held, one condition a word or two: `300 K`, `Hx 200 Oe`.

    Parameters
    ----------
    one : a drafted row
    """
    words = [
        form.format(one.cells[cell]) if one.cells[cell] != UNKNOWN else f"{cell} {UNKNOWN}"
        for cell, form in _WORDS.items()
        if cell in one.cells
    ]
    if "orientation" in one.cells:
        orientation = str(one.cells["orientation"])
        words.append(orientation.replace(UNKNOWN, f"orientation {UNKNOWN}"))
    return words


def _reasons(measurements: Sequence[Measurement]) -> list[str]:
    """One line for each reason: the kind, why, what it may be as well, and the files."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in measurements:
        found.setdefault((str(one.cells["kind"]), one.why, one.second), []).append(one.file)
    lines = []
    for (kind, why, second), files in found.items():
        named = _some(list(dict.fromkeys(files)), 3)
        doubt = f"; or {second}" if second else ""
        lines.append(f"{'kind not known' if kind == UNKNOWN else kind}: {why}{doubt} ({named})")
    return lines


def _remarks(measurements: Sequence[Measurement]) -> list[str]:
    """One line for each remark, with the files that it is on."""
    found: dict[str, list[str]] = {}
    for one in measurements:
        for remark in one.remarks:
            found.setdefault(remark, []).append(one.file)
    return [f"{remark}: {_some(list(dict.fromkeys(f)), 3)}" for remark, f in found.items()]


def _named(measurements: Sequence[Measurement]) -> list[str]:
    """One line for each column: which words were read as which values."""
    found: dict[str, dict[str, None]] = {}
    for one in measurements:
        for cell, words in one.named.items():
            shown = words
            if cell == "sample":
                shown = f"{one.cells[cell]} ({words})"
            elif cell != "file":
                shown = f"{words} = {_value(one.cells[cell])}"
            found.setdefault(cell, {})[shown] = None
    return [f"{cell}: {_some(list(shown))}" for cell, shown in found.items()]


def _silent(measurements: Sequence[Measurement]) -> list[str]:
    """Conditions that the tables and figures use where they are there."""
    used = {"temperature_k": ("ahe_loop", "sot_switching"), "field_x_oe": ("sot_switching",)}
    lines = []
    for cell, kinds in used.items():
        files = [m.file for m in measurements if m.cells["kind"] in kinds and cell not in m.cells]
        if files:
            lines.append(f"{cell}: {_some(files, 3)}")
    return lines


def _open(measurements: Sequence[Measurement]) -> list[str]:
    """One line for each open column, with the lines of the sheet and what it may be."""
    found: dict[tuple[str, str], list[int]] = {}
    for line, one in enumerate(measurements, start=2):
        for cell, value in one.cells.items():
            if value != UNKNOWN:
                continue
            if cell in one.choices:
                allowed = " | ".join(one.choices[cell])
                allowed = f"its name says {allowed}; or empty" if cell in NUMBERS else allowed
            elif cell in CHOICES:
                allowed = " | ".join(CHOICES[cell])
            elif cell == "sample":
                allowed = "whose file it is: letters a-z, 0-9 and _"
            else:
                allowed = "a column of the file" if cell in TEXTS else "a number"
            found.setdefault((cell, allowed), []).append(line)
    return [f"{cell}, {in_lines(lines)}: {allowed}" for (cell, allowed), lines in found.items()]


def _facts(measurements: Sequence[Measurement]) -> list[str]:
    """One line for each open column, with the samples that lack it."""
    table = samples_of(measurements).set_index("sample")
    lines = []
    for fact in (name for name in table if (table[name] == UNKNOWN).any()):
        samples = list(map(str, table.index[table[fact] == UNKNOWN]))
        lines.append(f"{fact} ({DIMENSIONS[str(fact)]}): {_some(samples)}")
    return lines


def _keys(name: str, block: str) -> list[str]:
    """Keys of the study's block that are empty."""
    open_keys = "\n  reference:   #" in block
    return [f"studies.{name}.reference ({REFERENCE})"] * open_keys


def _targets(block: str, scale: str) -> list[str]:
    """What to make first."""
    targets = ["loops.csv"] if "\n  loops:" in block else []
    targets += ["torque_methods.csv"] if "\n  harmonic:" in block else []
    targets += ["lut.csv"] if "\n  lut:" in block else []
    return [*targets, *(f"figures/{scale}/{f}.png" for f in _figures(block)[:1])]


def _figures(block: str) -> list[str]:
    return [line.strip("- ") for line in block.splitlines() if line.startswith("    - ")]


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _some(words: Sequence[str], most: int = 8) -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
