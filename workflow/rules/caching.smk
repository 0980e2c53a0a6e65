# Snakemake knows a script's time stamp alone. As an input it has a checksum: touching it, a fresh
# clone, or results moved to another machine rerun nothing (`rerun-triggers` of the profiles).
for each in workflow.rules:
    if each.script:
        path = Path(workflow.basedir, "workflow/scripts", Path(each.script).name)
        each.set_input(script=os.path.relpath(path))
