"""The numbers that the papers print, and what is said of each: `reference/published.yaml`.

An entry of the file is a number, a word or a list; or, where something is to be said of it, a
mapping with the entry under `value`, and any of

- `remark`: what the paper leaves open, and the choice made here;
- `headline`: words under which the report shows the number;
- `percent`: true for a fraction that the report shows in per cent;
- `range`: true if the two values are the ends of a range and not two numbers;
- `truth`: what in the emulated raw data was made from the number. Where this study's raw data are
  emulated, such a number can be recovered and is no test of the paper;
- `tolerance`: difference to ours that still counts as agreement, stated before it is looked at:
  "10 %" of the number, or a number in its unit.

What is said of an entry holds for everything below it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hall2net.errors import Hall2netError
from hall2net.files import read_yaml

_SAID = ("remark", "headline", "percent", "range", "truth", "tolerance")


@dataclass(frozen=True)
class PublishedNumber:
    """One published number.

    Attributes
    ----------
    path : its keys joined by dots, the study first; numbers of a list are counted from 1
    value : a number, a word, a truth value, or the two ends of a range
    remark : what the paper leaves open, and the choice made here
    headline : words under which the report shows it; empty if its name must do
    truth : what in the emulated raw data was made from it; empty if nothing was
    tolerance : difference that counts as agreement: a percentage in words, or a number in its unit
    percent : whether the report shows it in per cent
    """

    path: str
    value: Any
    remark: str = ""
    headline: str = ""
    truth: str = ""
    tolerance: str | float = "10 %"
    percent: bool = False

    @property
    def allowed(self) -> float:
        """The tolerance in the unit of the number; of a range it is that of the lower end.

        Raises
        ------
        Hall2netError
            If the tolerance is neither a percentage nor a number.
        """
        text = str(self.tolerance)
        try:
            stated = float(text.removesuffix("%"))
        except ValueError:
            stated = -1.0
        if not stated >= 0:
            raise Hall2netError(
                f"published number {self.path}: tolerance {text!r}; expected a percentage such as "
                "'10 %', or a number in the unit of the value"
            )
        if not text.endswith("%"):
            return stated
        low = self.value[0] if isinstance(self.value, list) else self.value
        return stated / 100 * abs(low)

    @property
    def study(self) -> str:
        """The study whose paper prints it."""
        return self.path.partition(".")[0]

    @property
    def quantity(self) -> str:
        """What it is of, within the study."""
        return self.path.partition(".")[2]


def read_published(path: str | Path) -> dict[str, Any]:
    """Study to its published numbers, as nested mappings, without what is said of them.

    Raises
    ------
    FileError
        If the file is missing or no YAML.
    """
    return _plain(read_yaml(path) or {})


def published_numbers(path: str | Path) -> list[PublishedNumber]:
    """Every published number by itself, with what is said of it.

    Raises
    ------
    FileError
        As `read_published`.
    """
    return [*_numbers(read_yaml(path) or {}, "", {})]


def _split(entry: Any) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
    """An entry, and what is said of it."""
    if isinstance(entry, Mapping) and "value" in entry:
        return entry["value"], {key: entry[key] for key in _SAID if key in entry}
    return entry, {}


def _plain(entry: Any) -> Any:  # noqa: ANN401
    value, _ = _split(entry)
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def _numbers(entry: Any, path: str, said: Mapping[str, Any]) -> Iterator[PublishedNumber]:  # noqa: ANN401
    value, more = _split(entry)
    said = {**said, **more}
    inner: Mapping[Any, Any] = {}
    if isinstance(value, Mapping):
        inner = value
    elif isinstance(value, list) and not said.get("range"):
        inner = dict(enumerate(value, start=1))
    else:
        words = {key: what for key, what in said.items() if key != "range"}
        yield PublishedNumber(path, value, **words)
    for key, one in inner.items():
        yield from _numbers(one, f"{path}.{key}" if path else str(key), said)
