"""Every figure, one function each, named after its target; tables in, a matplotlib Figure out.

The functions of one family take the same keyword arguments; each uses those that its signature
names. `provenance`, a sentence for the figure's lower edge, is taken by all.

| family | keyword arguments |
|---|---|
| loops | `datasets` (sample to Dataset), `loops`, `samples`, `published` |
| torque | `loops`, `torque`, `samples`, `reference`, `convention`, `published` |
| switching | `datasets`, `switching`, `samples`, `published` |
| states | `measurement` (the Dataset that the look-up table comes from), `lut`, `published` |
| networks | `runs`, `published`, `printed` |
| variation | `attribution`, `noise`, `states` (each: run to its table) |

`runs` takes each run to its `history`, `metrics`, `confusions` (by epoch) and `histogram`,
`published` is the study's block of `reference/published.yaml` (empty for a device of one's own),
`printed` the table `reference/cotb-confusion-matrices.csv`.
"""

from hall2net.errors import Hall2netError
from hall2net.figures import loops, networks, states, style, sweeps, switching, torque, variation
from hall2net.figures.style import save

__all__ = [
    "caption", "loops", "networks", "save", "states", "style", "sweeps", "switching", "torque",
    "variation",
]  # fmt: skip


def caption(name: str) -> str:
    """What a figure shows, in a sentence.

    Raises
    ------
    Hall2netError
        If there is no figure of this name.
    """
    for family in (loops, torque, switching, states, networks, variation):
        if (draw := getattr(family, name, None)) and draw.__module__ == family.__name__:
            return " ".join(str(draw.__doc__).split("\n\n")[0].split())
    raise Hall2netError(f"there is no figure {name!r}")
