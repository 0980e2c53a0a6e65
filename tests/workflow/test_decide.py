"""A decision made in the inspector, saved where the page says, is carried out by the next run."""

from pathlib import Path

import pandas as pd
from browser import browse, in_browser

PAGE = "results/cotb/inspector.html"
LOOPS, SWITCHING = "results/cotb/loops.csv", "results/cotb/switching.csv"


@in_browser
def test_a_decision_of_the_inspector_is_carried_out_by_a_rerun(project, tmp_path_factory):
    project.shrink()

    def run():
        done = project.snakemake("--", PAGE)
        assert done.returncode == 0, done.stdout + done.stderr
        folder = tmp_path_factory.mktemp("browser")
        found = browse(project.folder / PAGE, folder, Path(__file__).parent / "decide.js")
        tables = [
            pd.read_csv(project.folder / path, keep_default_na=False).set_index("id")
            for path in (LOOPS, SWITCHING)
        ]
        return *tables, found

    before, switched_before, made = run()
    first, second = list(before.index[:2])
    (project.folder / "raw/cotb/decisions.csv").write_text(made["lines"], encoding="utf-8")
    after, switched, kept = run()
    assert kept["before"] == 3 and kept["lines"] == made["lines"]
    assert after.at[first, "status"] == "refused"
    assert "bad contact, see the notebook" in after.at[first, "reason"]
    assert kept["statuses"][first] == ["refused", after.at[first, "reason"]]
    assert before.at[second, "criterion"] == "half" and after.at[second, "criterion"] == "erf"
    assert before.at[second, "h_up_oe"] != after.at[second, "h_up_oe"]
    (third,) = switched.index[switched["criterion"] != switched_before["criterion"]]
    assert switched.at[third, "criterion"] == "onset"
    assert switched.at[third, "j_c_a_m2"] == switched_before.at[third, "j_c_onset_a_m2"]
    others = before.index.drop([first, second])
    pd.testing.assert_frame_equal(after.loc[others], before.loc[others])
