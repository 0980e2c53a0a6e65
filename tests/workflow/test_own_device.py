"""The tutorial `docs/own-device.md`, run as it stands, on the files of a third, emulated device."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import third_device

TUTORIAL = Path(__file__).parents[2] / "docs/own-device.md"


def blocks(language):
    text = TUTORIAL.read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [block for kind, block in found if kind == language]


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """What each command of the tutorial gave, the edits made where it asks for them."""
    from project import Project

    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "project").mkdir()
    project = Project(folder / "project")
    third_device.write(folder / "wafer7")
    init, check, again, tables, figures, network = blocks("sh")
    (samples,), (block,) = blocks("csv"), blocks("yaml")
    config = project.folder / "config.yaml"

    def run(commands):
        clean = {name: value for name, value in os.environ.items() if name != "HALL2NET_DATA"}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        source = {"PATH": path, "PYTHONPATH": str(project.folder / "src")}
        return subprocess.run(
            ["bash", "-euc", commands],
            cwd=project.folder,
            env=clean | source,
            capture_output=True,
            text=True,
        )

    done = {"init": run(init), "incomplete": run(check)}
    (project.folder / "raw/wcofeb/samples.csv").write_text(samples, encoding="utf-8")
    done["check"] = run(again)
    done |= {"tables": run(tables), "figures": run(figures)}
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("networks:\n", "networks:\n" + block, 1), encoding="utf-8")
    done["network"] = run(network)
    return SimpleNamespace(results=project.folder / "results/wcofeb", **done)


def test_every_command_does_what_the_tutorial_says(tutorial):
    for step in ("init", "check", "tables", "figures", "network"):
        done = getattr(tutorial, step)
        assert done.returncode == 0, done.stdout + done.stderr
    assert tutorial.incomplete.returncode == 1
    told = tutorial.init.stdout + tutorial.incomplete.stderr
    shown = [text for text in blocks("") if "wafer7/" not in text]
    assert len(shown) == 2
    for line in "".join(shown).splitlines():
        assert line in told.splitlines()
    assert "no problem found" in tutorial.check.stdout


def test_coercive_fields_hold_the_truth(tutorial):
    loops = pd.read_csv(tutorial.results / "loops.csv")
    assert set(loops["status"]) == {"ok"} and len(loops) == len(third_device.H_C_OE)
    for _, row in loops.iterrows():
        truth = third_device.H_C_OE[row["sample"], row["temperature_k"]]
        assert row["h_c_lo95_oe"] < truth < row["h_c_hi95_oe"]
        assert row["h_c_hi95_oe"] - row["h_c_lo95_oe"] < 3
        assert abs(row["r_ahe_ohm"] - third_device.R_AHE_OHM) < 3 * row["r_ahe_u_ohm"]


def test_states_hold_the_truth(tutorial):
    lut = pd.read_csv(tutorial.results / "lut.csv")
    assert len(lut) == len(third_device.STATES_OHM)
    for (_, row), truth in zip(lut.iterrows(), third_device.STATES_OHM, strict=True):
        assert abs(row["resistance_ohm"] - truth) < 3 * row["resistance_u_ohm"] < 0.03


def test_the_critical_current_density_is_that_of_the_whole_stack(tutorial):
    (row,) = pd.read_csv(tutorial.results / "switching.csv").to_dict("records")
    assert abs(row["i_c_ma"] - third_device.SWITCHED_MA) < 3 * row["i_c_u_ma"]
    facts = third_device.FACTS
    area = facts["width_um"] * 1e-6 * facts["stack_nm"] * 1e-9
    assert row["j_c_a_m2"] == pytest.approx(row["i_c_ma"] * 1e-3 / area)


def test_figures_and_trainings_are_there(tutorial):
    figures = {path.name for path in (tutorial.results / "figures/laptop").iterdir()}
    names = ("ahe_loops", "switching_loops", "lut_states", "mapping_comparison")
    assert figures == {f"{name}.{suffix}" for name in names for suffix in ("png", "pdf")}
    runs = {path.name for path in (tutorial.results.parent / "networks/laptop").iterdir()}
    weights = ("float32-none", "lut4-std")
    assert runs == {f"wcofeb_mlp-mnist-{name}-ours-seed0" for name in weights}
