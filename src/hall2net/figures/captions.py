"""What each figure shows, in a sentence."""

from importlib import import_module

from hall2net.errors import Hall2netError

_FAMILIES = ("loops", "torque", "switching", "states", "networks", "variation")


def caption(name: str) -> str:
    """What a figure shows, in a sentence.

    Raises
    ------
    Hall2netError
        If there is no figure of this name.
    """
    for family in (import_module(f"hall2net.figures.{part}") for part in _FAMILIES):
        if (draw := getattr(family, name, None)) and draw.__module__ == family.__name__:
            return " ".join(str(draw.__doc__).split("\n\n")[0].split())
    raise Hall2netError(f"there is no figure {name!r}")
