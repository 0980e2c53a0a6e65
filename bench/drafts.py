"""How often `hall2net init` is right on folders drawn at random: `bench/drafts.py [files] [seed]`.

A file is right where every cell is the truth; open where some are `?` and none is wrong; else it is
a silent error.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from hall2net.emulate.folders import judged, row_of, write_folder
from hall2net.study.draft.rows import drafted


def main() -> None:
    """Draw folders until there are enough files; print the shares and what went wrong."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    outcomes, cells, examples = Counter(), Counter(), []
    first = seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    while outcomes.total() < wanted:
        with tempfile.TemporaryDirectory() as folder:
            truths = write_folder(Path(folder), seed)
            draft = drafted(Path(folder), "mine")
        for truth in truths:
            row = row_of(truth, draft.measurements)
            if row is None:
                outcomes["left out"] += 1
                examples.append((seed, truth.file, "left out", draft.skipped.get(truth.file)))
                continue
            opened, wrong = judged(truth, row.cells)
            outcome = "silent error" if wrong else "open" if opened else "right"
            outcomes[outcome] += 1
            cells.update(wrong or opened)
            if wrong or opened:
                shown = {c: (row.cells.get(c), truth.cells.get(c)) for c in wrong or opened}
                examples.append((seed, truth.file, outcome, shown))
        seed += 1
    print(f"{outcomes.total()} files of {seed - first} folders")
    for outcome, count in outcomes.most_common():
        print(f"  {outcome}: {count} ({count / outcomes.total():.1%})")
    for cell, count in cells.most_common():
        print(f"  {cell}: {count}")
    for example in examples[:40]:
        print("  ", *example)


if __name__ == "__main__":
    main()
