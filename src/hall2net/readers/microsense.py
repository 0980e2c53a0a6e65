"""MicroSense EasyVSM text (`.VHD`): columns listed one a line, then sections of rows."""

from hall2net.readers.delimited import find_table

__all__ = ["AS_DELIMITED", "DEFAULT_COLUMNS", "MARK", "find_table", "recognises"]

MARK = "the lines @@Columns and @@Data"
AS_DELIMITED = True
"""The general parser reads it, too: a sheet may name its columns and call it `delimited`."""

DEFAULT_COLUMNS = {
    "field": ("Applied Field", "Raw Applied Field"),
    "moment": ("Signal X direction", "Signal X", "Raw Signal Mx"),
    "time": ("Time since start", "Time"),
}
"""As the instrument corrected them; their units stand in brackets behind the names."""


def recognises(head: list[str]) -> bool:
    """Whether these first lines of a file are EasyVSM's."""
    return {"@@Columns", "@@Data"} <= {line.strip() for line in head}
