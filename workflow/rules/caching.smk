# Snakemake knows a script's time stamp alone, and nothing of what it imports. As inputs both have a
# checksum: editing one makes its results again; touching it, a fresh clone, or results moved to
# another machine rerun nothing (`rerun-triggers` of the profiles). A rule with an input `code` says
# itself on which files of the library its results depend.
for each in workflow.rules:
    if each.script:
        adapter = Path(workflow.basedir, "workflow/scripts", Path(each.script).name)
        each.input_modifier = each.output_modifier  # None in a rule without an input
        each.set_input(script=os.path.relpath(adapter))
        if "code" not in each.input.keys():
            each.set_input(code=code_of(adapter))
