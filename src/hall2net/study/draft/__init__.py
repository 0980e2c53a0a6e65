"""A study's sheet and configuration, drafted from a folder of instrument files.

`columns` says what a file's columns hold, `kinds` which measurement that is, `names` what names
and header words say; `rows` makes the sheet of it, `samples` the sheet of samples, `block` the
configuration, `report` the words, `preview` a page of pictures.
"""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import yaml

from hall2net.errors import FileError, Hall2netError
from hall2net.files import atomic, write_csv
from hall2net.study.checksums import checksums
from hall2net.study.draft.block import study_block, with_study
from hall2net.study.draft.preview import preview_page
from hall2net.study.draft.report import report
from hall2net.study.draft.rows import OWN_FILES, Draft, drafted, sheet_of
from hall2net.study.draft.samples import samples_of

SHEET, SAMPLES, SUMS = OWN_FILES


def draft_study(name: str, folder: str | Path, root: str | Path) -> str:
    """Draft `raw/<name>/` and the study's block in `config.yaml`.

    The files are copied with their names; files that already are in `raw/<name>/` stay as they
    are. `config.yaml` changes last: run again after an interruption, the same draft goes on from
    what the first run left.

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
        If the name cannot be one, the study is there already or its sheet is, or no file of the
        folder is recognised. Nothing is changed then.
    """
    folder, root = Path(folder), Path(root)
    _check_name(name)
    config = (root / "config.yaml").resolve()
    text = _text(config)
    with_study(config, text, name, f"{name}:\n  data_source: measured\n")
    if not folder.is_dir():
        raise FileError(folder, "no such folder", "a folder of instrument files")
    target = root / "raw" / name
    if target.resolve().is_relative_to(folder.resolve()) and not _same(folder, target):
        raise FileError(folder, "holds the project itself", "a folder of instrument files")
    draft = drafted(folder, name)
    if not draft.measurements:
        why = "".join(f"\n{folder / file}: {why}" for file, why in draft.skipped.items())
        raise Hall2netError(f"{folder}: no file is recognised as a measurement{why}")
    block = study_block(name, draft.measurements)
    new = with_study(config, text, name, block)
    _write_raw(folder, target, draft)
    if _text(config) != text:
        raise FileError(config, "changed while the files were read", "the command once more")
    with atomic(config) as temporary:
        temporary.write_bytes(new.encode())
        shutil.copymode(config, temporary)
    scale = yaml.safe_load(text)["scale"]
    return report(name, draft.measurements, draft.skipped, block, scale)


def preview_study(name: str, folder: str | Path, root: str | Path) -> str:
    """Draw every file of a folder as a draft would take it, on `<name>-preview.html`.

    Nothing else is written.

    Parameters
    ----------
    name : of the study
    folder : where the instrument files are, at any depth
    root : the folder that gets the page

    Returns
    -------
    Words for the user: how many files, and where the page is.

    Raises
    ------
    Hall2netError
        If the name cannot be one, there is no such folder, or the page cannot be written.
    """
    folder, page = Path(folder), Path(root, f"{name}-preview.html")
    _check_name(name)
    if not folder.is_dir():
        raise FileError(folder, "no such folder", "a folder of instrument files")
    draft = drafted(folder, name)
    content = preview_page(name, folder, draft.measurements, draft.skipped)
    with atomic(page) as temporary:
        temporary.write_text(content, encoding="utf-8")
    counts = f"{len(draft.measurements)} measurements, {len(draft.skipped)} files left out"
    return f"{page.name}: {counts}; open it in a browser. Nothing else was written."


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise Hall2netError(f"study {name!r}; expected a letter a-z, then a-z, 0-9 and _")


def _text(config: Path) -> str:
    """Text of the configuration, line ends as they are."""
    try:
        return config.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        found = f"cannot be read ({error})"
        raise FileError(config, found, "the project's config.yaml; run in its folder") from error


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _write_raw(folder: Path, target: Path, draft: Draft) -> None:
    """Copy the files and write sheets and checksums, all of it beside the target first."""
    names = {name for one in draft.measurements for name in one.file.split(";")}
    made = target.with_name(f".{target.name}.draft")
    try:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        write_csv(sheet_of(draft.measurements), made / SHEET)
        write_csv(samples_of(draft.measurements), made / SAMPLES)
        (made / SUMS).write_text(checksums(folder, names), encoding="utf-8")
        if _same(folder, target):
            _refuse_others(target, made, OWN_FILES)
            for name in (SUMS, SAMPLES, SHEET):
                (made / name).replace(target / name)
            return
        for name in sorted(names):
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, made / name)
        if checksums(made, names) != (made / SUMS).read_text(encoding="utf-8"):
            raise FileError(folder, "changed while it was copied", "files at rest")
        if target.is_dir() and any(target.iterdir()):
            # Left by a run that ended before config.yaml was written, or somebody's own.
            _refuse_others(target, made, [*OWN_FILES, *names])
            if not all((target / name).exists() for name in [*OWN_FILES, *names]):
                raise FileError(target, "holds files already", "another name, or an empty folder")
            return
        os.replace(made, target)
    except OSError as error:
        found = f"cannot be written ({error.strerror or error})"
        raise FileError(target, found, "a writable folder with free space") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _refuse_others(target: Path, made: Path, names: Iterable[str]) -> None:
    """Go on only where what is there is what this draft would write."""
    for name in names:
        there = target / name
        if there.exists() and there.read_bytes() != (made / name).read_bytes():
            raise FileError(there, "is there already", "another name, or this file moved away")
