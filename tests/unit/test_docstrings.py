"""Everything public is documented, and the pages made of it build without a warning."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys

import pytest

import hall2net

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(hall2net.__path__, "hall2net.")
    if not module.name.endswith("__main__")
)
FEW = 2
"""Parameters that one sentence can tell."""


def public(module):
    """Public classes and functions of a module, and the methods of its classes, by name."""
    for name, found in vars(module).items():
        if name.startswith("_") or getattr(found, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(found):
            yield name, found
            for method, member in vars(found).items():
                function = getattr(member, "__func__", getattr(member, "fget", member))
                if not method.startswith("_") and inspect.isfunction(function):
                    yield f"{name}.{method}", function
        elif inspect.isfunction(found):
            yield name, found


def parameters_told(docstring):
    """Names in the section `Parameters`; None where there is none."""
    match = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n\w+\n---|\Z)", docstring, re.DOTALL | re.M)
    if not match:
        return None
    heads = re.findall(r"^([\w*, ]+?) :", match[1], re.M)
    return {name.strip(" *") for head in heads for name in head.split(",")}


@pytest.mark.parametrize("name", MODULES)
def test_what_is_public_says_what_it_is_and_takes(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} says nothing"
    for function, found in public(module):
        docstring = inspect.getdoc(found) or ""
        # Without one of its own a dataclass shows its signature.
        assert docstring and not docstring.startswith(f"{function}("), f"{function} says nothing"
        if inspect.isclass(found) or name.startswith("hall2net.figures."):
            continue  # figures share their arguments: they stand in hall2net.figures
        taken = {p for p in inspect.signature(found).parameters if p not in ("self", "cls")}
        told = parameters_told(docstring)
        if told is None:
            assert len(taken) <= FEW, f"{function} does not tell its parameters"
        else:
            assert told == taken, f"{function}: {sorted(told ^ taken)}"


def test_the_pages_build_without_a_warning(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "pdoc", "--docformat", "numpy", "--no-search"]
    done = subprocess.run(
        [*command, "--output-directory", tmp_path, "hall2net"], capture_output=True, text=True
    )
    assert done.returncode == 0 and "Warn" not in done.stderr, done.stderr
    for name in MODULES:
        page = tmp_path.joinpath(*name.split(".")).with_suffix(".html")
        assert importlib.import_module(name).__doc__[:20] in page.read_text(encoding="utf-8")
