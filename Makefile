# The two commands that a newcomer needs: `make study` and `make test`; `make docs` writes the pages of
# the library to results/docs. Each makes the environment.
PYTHON ?= python3
CORES ?= 2
READY := .venv/ready

study: $(READY)
	.venv/bin/snakemake --cores $(CORES) all

# One test process more than cores: those of SLURM mostly wait.
test: $(READY)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/snakefmt --check Snakefile workflow
	.venv/bin/codespell
	.venv/bin/mypy
	.venv/bin/python -m pytest --numprocesses $$(($(CORES) + 1)) --dist loadfile --no-loadscope-reorder

docs: $(READY)
	.venv/bin/pdoc --docformat numpy --output-directory results/docs hall2net

$(READY): envs/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --requirement envs/requirements.txt
	.venv/bin/pip install --quiet --no-deps --editable .
	touch $@

.PHONY: study test docs
