"""How often `hall2net init` is right on folders drawn at random: `python bench/drafts.py [files]`.

A file is right where every cell is the truth; open where some are `?` and none is wrong; else it is
a silent error.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from hall2net.emulate.folders import write_folder
from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.rows import drafted


def compare(made: dict, truth: dict) -> tuple[list[str], list[str]]:
    """Cells that are open, and cells that are wrong."""
    opened, wrong = [], []
    for cell, value in truth.items():
        found = made.get(cell)
        if found == UNKNOWN or (found is None and cell in ("x_column", "y_column")):
            opened.append(cell)
        elif isinstance(value, float):
            if found is None or abs(float(found) - value) > 1e-6 * max(abs(value), 1e-9):
                wrong.append(cell)
        elif found != value:
            wrong.append(cell)
    wrong += [
        cell
        for cell in ("temperature_k", "field_x_oe", "current_ma", "pulse_width_s", "prefield_x_oe")
        if cell in made and cell not in truth and made[cell] != UNKNOWN
    ]
    return opened, wrong


def main() -> None:
    """Draw folders until there are enough files; print the shares and what went wrong."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    outcomes, cells, examples = Counter(), Counter(), []
    seed = 0
    while outcomes.total() < wanted:
        with tempfile.TemporaryDirectory() as folder:
            truths = write_folder(Path(folder), seed)
            draft = drafted(Path(folder), "mine")
            made = {one.file: one.cells for one in draft.measurements}
        for truth in truths:
            if truth.file not in made:
                outcomes["left out"] += 1
                examples.append((seed, truth.file, "left out", draft.skipped.get(truth.file)))
                continue
            opened, wrong = compare(made[truth.file], truth.cells)
            outcome = "silent error" if wrong else "open" if opened else "right"
            outcomes[outcome] += 1
            cells.update(wrong or opened)
            if wrong or opened:
                shown = {c: (made[truth.file].get(c), truth.cells.get(c)) for c in wrong or opened}
                examples.append((seed, truth.file, outcome, shown))
        seed += 1
    print(f"{outcomes.total()} files of {seed} folders")
    for outcome, count in outcomes.most_common():
        print(f"  {outcome}: {count} ({count / outcomes.total():.1%})")
    for cell, count in cells.most_common():
        print(f"  {cell}: {count}")
    for example in examples[:40]:
        print("  ", *example)


if __name__ == "__main__":
    main()
