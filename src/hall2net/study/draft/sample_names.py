"""Which sample a file is of, by the words of its name, its folders and the lines above its table.

A word that looks like a sample's name counts: a bar's or wafer's number, a letter with a number,
the formula of a film. Other words describe as often as they name; they count where they come back
in several files, and are offered as a guess where they do not.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from hall2net.study.cells import UNKNOWN
from hall2net.study.draft.names import Hints, hints_of_name
from hall2net.study.draft.sample_words import DEVICE, naming_words

_MANY_SAMPLES = 20  # names that differ in more than so many ways, file by file, count the files


@dataclass(frozen=True)
class SampleName:
    """The sample of a file.

    Attributes
    ----------
    name : as the sheet has it; `?` where nobody but the user knows
    source : the part of the path that says it; empty for another source
    guesses : what it may be, where it is `?`
    """

    name: str
    source: str = ""
    guesses: tuple[str, ...] = ()


def sample_names(
    names: Mapping[str, Hints], words: Mapping[str, Hints], kinds: Mapping[str, str], study: str
) -> dict[str, SampleName]:
    """The sample of each file.

    Parameters
    ----------
    names : file to what its name says
    words : file to what the lines above its table say
    kinds : file to its kind of measurement
    study : its name is the sample's where nothing says which is which
    """
    stated = {name: str(hints.cells.get("sample", "")) for name, hints in words.items()}
    own, guesses = _by_names({name: hints.rest for name, hints in names.items()}, kinds)
    if _count_the_files(own, stated):
        own = dict.fromkeys(own, "")
    folders = {name: _folder(name) for name in names}
    around = _Folders(folders, own, stated)
    found = {
        name: _of_file(stated[name], own[name], hints.rest, folders[name], around)
        for name, hints in names.items()
    }
    samples = {}
    for name, (sample, source) in found.items():
        if guesses.get(name) and (not sample or source == "file names"):
            samples[name] = SampleName(UNKNOWN, guesses=guesses[name])
        elif sample:
            samples[name] = SampleName(sample, source)
    # One sample, called as the study, where no file names one; else nobody knows whose it is.
    left = SampleName(UNKNOWN if samples else study)
    return {name: samples.get(name, left) for name in names}


def _by_names(
    rests: Mapping[str, str], kinds: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Sample of each file by its own name (empty: none), and guesses where that is in doubt."""
    own = {name: naming_words(rest) for name, rest in rests.items()}
    guesses: dict[str, tuple[str, ...]] = {}
    times = Counter(rest for name, rest in rests.items() if not own[name])
    files: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, rest in rests.items():
        if own[name] and rest != own[name]:
            files[own[name], kinds.get(name, "")][rest].append(name)
        elif rest and not own[name]:
            if times[rest] > 1:
                own[name] = rest
            else:
                guesses[name] = (rest,)
    for (base, _), of_rest in files.items():
        # Other words that part files of one kind again and again may name pieces of a sample.
        pieces = [rest for rest, own_files in of_rest.items() if len(own_files) > 1]
        for rest in pieces if len(pieces) > 1 else ():
            guesses |= dict.fromkeys(of_rest[rest], (base, rest))
    return own, guesses


def _count_the_files(own: Mapping[str, str], stated: Mapping[str, str]) -> bool:
    """Whether names part the files and not the samples."""
    different = set(filter(None, own.values()))
    if len(different) > _MANY_SAMPLES and len(different) > 0.5 * len(own):
        return True
    numbered = len({re.sub(r"\d+", "", rest) for rest in different}) == 1
    return numbered and len(different) == len(own) and all(stated.values())


def _folder(name: str) -> str:
    """What the folders of a file name."""
    rests = (hints_of_name(part).rest for part in PurePosixPath(name).parent.parts)
    return "_".join(filter(None, (naming_words(rest) or rest for rest in rests)))


class _Folders:
    """What the folders of all files have in common."""

    def __init__(
        self, folders: Mapping[str, str], own: Mapping[str, str], stated: Mapping[str, str]
    ) -> None:
        self.many = len(set(folders.values())) > 1
        self.stated: dict[str, set[str]] = defaultdict(set)
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for name, folder in folders.items():
            self.stated[folder].add(stated[name])
            counts[folder][own[name]] += 1
        # Folders with several samples: their files have two names or more, each several times.
        self.parted = {
            folder: set(names)
            for folder, names in counts.items()
            if folder and len(names) > 1 and min(names.values()) > 1 and "" not in names
        }


def _of_file(word: str, own: str, rest: str, folder: str, folders: _Folders) -> tuple[str, str]:
    """Sample of a file by what is stated in it, its own name and its folders; and which said it."""
    is_device = bool(DEVICE.search(own))
    if word and (_within(word, rest) or _within(own, word) or not (folder or own)):
        return word, ""
    if word and folder and len(folders.stated[folder]) > 1:
        return f"{folder}_{word}", "folder names and the files"
    if word and not own and not naming_words(folder):
        return word, ""
    if is_device and DEVICE.search(folder):
        return f"{folder}_{own}", "folder and file names"
    if own and folder in folders.parted:
        everywhere = sum(own in names for names in folders.parted.values())
        return (f"{folder}_{own}" if everywhere > 1 else own), "file names"
    if folder and (folders.many or DEVICE.search(folder)) and not is_device:
        return folder, "folder names"
    if own:
        return own, "file names"
    return (folder, "folder names") if folder else (word, "")


def _within(part: str, whole: str) -> bool:
    return bool(part) and f"_{part}_" in f"_{whole}_"
