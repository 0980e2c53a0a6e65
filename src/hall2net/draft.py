"""A study's sheet and configuration, drafted from a folder of instrument files."""

import re
from pathlib import Path

import yaml

from hall2net.errors import FileError, Hall2netError


def draft_study(name: str, folder: str | Path, root: str | Path) -> str:
    """Draft `raw/<name>/` and the study's block in `config.yaml`.

    Parameters
    ----------
    name : of the study
    folder : where the instrument files are, at any depth
    root : the project's folder, in which `config.yaml` stands

    Returns
    -------
    Words for the user: what was recognised, what has to be filled in, what to run next.

    Raises
    ------
    Hall2netError
        If the name cannot be one, the study is there already, or the folder is missing.
    """
    folder, root = Path(folder), Path(root)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise Hall2netError(f"study {name!r}; expected a letter a-z, then a-z, 0-9 and _")
    config = root / "config.yaml"
    if name in yaml.safe_load(config.read_text(encoding="utf-8"))["studies"]:
        raise FileError(config, f"study {name!r} is there already", "another name")
    if not folder.is_dir():
        raise FileError(folder, "no such folder", "a folder of instrument files")
    raise Hall2netError("init: files are not recognised yet")
