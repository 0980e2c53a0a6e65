"""Snakemake's own lint finds nothing."""


def test_lint(project):
    done = project.snakemake("--lint")
    assert "Congratulations" in done.stdout + done.stderr
