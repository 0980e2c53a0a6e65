"""Studies of a laboratory's own, each with one kind of measurement, without the papers' two."""

import hashlib
import shutil

import harmonic_laboratory
import pandas as pd
import pytest
import yaml

from hall2net.study.draft import draft_study

STUDIES = {
    "ahe_only": {
        "rows": "kind == 'ahe_loop' and sample in ('pt', 'ruo2_0p5')",
        "block": {"figures": ["ahe_loops"]},
        "tables": ["loops"],
    },
    "train_only": {
        "rows": "kind == 'pulse_train'",
        "block": {
            "lut": {"source": "train", "measurement": "train_ruo2_0p5"},
            "figures": ["lut_states"],
        },
        "tables": ["lut", "merit", "advisor"],
    },
    "switching_only": {
        "rows": "id in ('sot_ruo2_0p7_hxp200', 'sot_mgo_0p5_hxp200')",
        "block": {"figures": ["switching_loops"]},
        "facts": {"width_um": 5, "stack_nm": 11.0},
        "tables": ["switching"],
    },
    "torque_only": {
        "rows": "kind == 'loop_shift' and sample in ('pt', 'ruo2_0p5') and current_ma in (-3, 3)",
        "block": {
            "reference": "pt",
            "conventions": {"adopted": {"t_fm": 1.0}},
            "figures": ["fig2b_torque_against_field", "torque_against_thickness"],
        },
        "facts": {"thickness_nm": 0.5, "width_um": 5, "stack_nm": 10.8, "heavy_metal_nm": 5.5},
        "tables": ["loops", "torque"],
    },
}
NO_NETWORKS = {"scale": "laptop", "data_root": "", "seeds": [0], "networks": {}}


def write_study(project, name, study):
    """The study's raw files and sheet; its block of the configuration."""
    source, target = project.folder / "raw/ruo2", project.folder / "raw" / name
    rows = pd.read_csv(source / "measurements.csv").query(study["rows"])
    for file in rows["file"]:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / file, target / file)
    rows.to_csv(target / "measurements.csv", index=False)
    sums = [
        f"{hashlib.sha256((target / file).read_bytes()).hexdigest()}  {file}\n"
        for file in rows["file"]
    ]
    (target / "SHA256SUMS").write_text("".join(sums))
    facts = {"label": "film $", **study.get("facts", {"width_um": None})}
    samples = [{"sample": sample, **facts} for sample in rows["sample"].unique()]
    pd.DataFrame(samples).to_csv(target / "samples.csv", index=False)
    return {"data_source": "emulated raw data", **study["block"]}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    from project import Project

    project = Project(tmp_path_factory.mktemp("own"))
    blocks = {name: write_study(project, name, study) for name, study in STUDIES.items()}
    config = NO_NETWORKS | {"studies": blocks}
    (project.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    harmonic_laboratory.write(project.folder / "harmonics")
    draft_study("harmonic_only", project.folder / "harmonics", project.folder)
    harmonic_laboratory.fill_in(project.folder / "raw/harmonic_only")
    done = project.snakemake("--", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def test_each_study_has_its_tables_and_figures(own):
    results = own.folder / "results"
    for name, study in STUDIES.items():
        for table in study["tables"]:
            rows = pd.read_csv(results / name / f"{table}.csv")
            assert len(rows) and "refused" not in set(rows.get("status", []))
        drawn = {path.stem for path in (results / name / "figures/laptop").glob("*.png")}
        assert drawn == set(study["block"]["figures"])
    assert not (results / "networks").exists()


def test_harmonics_go_from_a_draft_to_figures(own):
    results = own.folder / "results/harmonic_only"
    harmonic_laboratory.check(pd.read_csv(results / "harmonic.csv"))
    methods = pd.read_csv(results / "torque_methods.csv")
    assert methods["xi_dl_j"].notna().all() and (methods["p_dl"].dropna() > 1e-3).all()
    drawn = {path.stem for path in (results / "figures/laptop").glob("*.png")}
    assert drawn == {"harmonic_sweeps", "harmonic_rotations", "torque_by_method"}


def test_the_pages_are_made_without_the_papers(own):
    report = (own.folder / "results/report-laptop.html").read_text(encoding="utf-8")
    for words in ("Against the papers", 'id="networks"', "claims of the paper"):
        assert words not in report, words
    assert all(f"<b>{name}</b>" in report for name in STUDIES)
    assert "lut_states" in report
    assert pd.read_csv(own.folder / "results/comparison-laptop.csv").empty
