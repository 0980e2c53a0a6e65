"""Figures of the report: picture, caption, and the files behind them."""

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from hall2net.study.figures import STAGES, figure_of

_DOTS_A_MM = 300 / 25.4
_MOST_TABLES = 8
"""Tables that a caption names one by one; more of them are a list that opens."""


def pictures(
    paths: Sequence[str | Path], sources: Mapping[str, Sequence[str]], folder: str | Path
) -> dict[str, Any]:
    """The figures of a study, by stage.

    Parameters
    ----------
    paths : PNG files; a PDF of the same name lies beside each
    sources : PNG file to the files that it was drawn from
    folder : where the page will stand, to which links are relative

    Returns
    -------
    `stages`: stage to its figures, each `name, caption, data` (base64 of the PNG), `mm` (width in
    print), `png, pdf` (links), `tables` (words to link), `many` (whether there are many of these);
    `left_out`: name and reason of figures without data.
    """
    stages: dict[str, list[dict[str, Any]]] = {stage: [] for stage in STAGES.values()}
    left_out = []
    for path in map(Path, paths):
        with Image.open(path) as image:
            width, height, reason = image.width, image.height, image.info.get("Description")
        if reason:
            left_out.append({"name": path.stem, "reason": reason})
            continue
        declared = figure_of(path.stem)
        tables = {_table_words(one): _link(one, folder) for one in sources.get(str(path), ())}
        stages[STAGES[declared.family]].append(
            {
                "name": path.stem,
                "caption": declared.caption,
                "highlight": declared.highlight,
                "data": base64.b64encode(path.read_bytes()).decode(),
                "mm": round(width / _DOTS_A_MM),
                "width": width,
                "height": height,
                "png": _link(path, folder),
                "pdf": _link(path.with_suffix(".pdf"), folder),
                "tables": tables,
                "many": len(tables) > _MOST_TABLES,
            }
        )
    return {"stages": {k: v for k, v in stages.items() if v}, "left_out": left_out}


def _table_words(path: str) -> str:
    """The name of a file; one of a training with its folder."""
    parts = Path(path).parts
    return "/".join(parts[-2:]) if "networks" in parts else parts[-1]


def _link(path: str | Path, folder: str | Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()
