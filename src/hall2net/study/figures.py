"""The figures that a study may ask for, and what each needs: read from where they are declared.

A figure is a function of `hall2net.figures` under `@figure(...)`. Its arguments say which tables it
takes, its docstring is its caption, and the decorator says for which measurements and for which
study it is drawn. All of this is read from the source, since importing the functions would load
matplotlib at the start of every job.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from hall2net.errors import ConfigError
from hall2net.sources import LIBRARY
from hall2net.study.cells import UNKNOWN

# From the decorator to the end of the docstring: all that declares a figure.
_DECLARED = re.compile(r'^@figure\b.*?^    """.*?"""', re.MULTILINE | re.DOTALL)
_BLOCKS = {
    "lut": ("lut", "measurement", "advisor", "merit", "write_scatter", "updates"),
    "device": ("hardware",),
    "conventions": ("torque", "convention"),
}
"""Blocks of a study's configuration, and the arguments of figures that come of them."""
_OF_NETWORKS = ("runs", "attribution", "noise", "states")
"""Arguments of figures that trainings give."""

STAGES = {
    "loops": "Hall loops",
    "torque": "Torque",
    "harmonic": "Torque",
    "switching": "Switching",
    "critical_currents": "Switching",
    "states": "States",
    "aging": "States",
    "networks": "Networks",
    "confusion": "Networks",
    "variation": "Networks",
}
"""Family of a figure to the stage of the study that it belongs to, in the order of the report."""


@dataclass(frozen=True)
class Figure:
    """One figure, as it is declared.

    Attributes
    ----------
    name : of the figure, its function and its file
    source : file of the library with its function
    inputs : the function's arguments: tables, data and settings
    caption : what it shows, in a sentence
    kinds : kinds of measurement of which a study needs one; any study will do if empty
    several : column of the sheet that must have two values or more among these; empty if none
    study : the only study that it is drawn for; None if any
    highlight : whether the report of a study without claims begins with it
    """

    name: str
    source: Path
    inputs: tuple[str, ...]
    caption: str
    kinds: tuple[str, ...] = ()
    several: str = ""
    study: str | None = None
    highlight: bool = False

    @property
    def family(self) -> str:
        """The stage that it belongs to, as its module is called."""
        return self.source.stem

    @property
    def of_any_device(self) -> bool:
        """Whether it is drawn of measurements alone, and is no panel of a paper."""
        panel = re.match(r"fig[S\d]", self.name)
        return self.study is None and not panel and set(_OF_NETWORKS).isdisjoint(self.inputs)

    @property
    def needs(self) -> str:
        """What it needs, in words for the docs."""
        words = [" or ".join(f"`{kind}`" for kind in self.kinds)] if self.kinds else []
        words += [f"two values of `{self.several}` or more"] if self.several else []
        words += [
            f"a block `{key}`"
            for key, inputs in _BLOCKS.items()
            if not set(inputs).isdisjoint(self.inputs)
        ]
        words += [] if set(_OF_NETWORKS).isdisjoint(self.inputs) else ["a network, as in step 5"]
        return "; ".join(words)

    def lacking(
        self, study: str, block: Mapping[str, Any], measurements: pd.DataFrame | None
    ) -> Iterator[str]:
        """What it needs and a study does not have, each as the end of a sentence.

        Parameters
        ----------
        study : name of the study
        block : its configuration
        measurements : its sheet, or what can be read of it; None if nothing can
        """
        if self.study not in (None, study):
            yield f"is a figure of study {self.study!r} alone; leave it out"
            return
        for key, inputs in _BLOCKS.items():
            if key not in block and not set(inputs).isdisjoint(self.inputs):
                yield f"needs a block {key!r} of the study"
        if not self.kinds or measurements is None:
            return
        rows = measurements[measurements["kind"].isin(self.kinds)]
        wanted = f"measurements of kind {' or '.join(self.kinds)}"
        if rows.empty:
            yield f"needs {wanted}"
        elif self.several and self._values(rows) < 2:
            yield f"needs {wanted} with two values of {self.several} or more"

    def _values(self, rows: pd.DataFrame) -> float:
        """How many values there are; any number where some are to be filled in."""
        if self.several not in rows:
            return 0
        values = rows[self.several]
        return float("inf") if (values == UNKNOWN).any() else values.nunique()


@cache
def all_figures() -> dict[str, Figure]:
    """Every figure by its name."""
    return {
        declared.name: declared
        for source in sorted(LIBRARY.glob("figures/*.py"))
        for declared in _declared(source)
    }


def figure_of(name: str) -> Figure:
    """The figure of a name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in all_figures():
        raise ConfigError(f"there is no figure {name!r}")
    return all_figures()[name]


def _declared(source: Path) -> Iterator[Figure]:
    for text in _DECLARED.findall(source.read_text(encoding="utf-8")):
        function = ast.parse(text).body[0]
        assert isinstance(function, ast.FunctionDef)
        decorator = function.decorator_list[0]
        options = decorator.keywords if isinstance(decorator, ast.Call) else []
        words = str(ast.get_docstring(function)).split("\n\n")[0]
        yield Figure(
            name=function.name,
            source=source,
            inputs=tuple(argument.arg for argument in function.args.kwonlyargs),
            caption=" ".join(words.split()),
            **{str(option.arg): ast.literal_eval(option.value) for option in options},
        )
