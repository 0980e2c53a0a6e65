def device_runs():
    """One training with measured states for each network and data set, beside one in float32."""
    chosen = {}
    for run, parts in RUNS.items():
        block = config["networks"][parts["network"]]
        if parts["precision"].startswith("lut") and "float32" in block["weights"]:
            best = "std" if "std" in block["weights"][parts["precision"]] else None
            if parts["mapping"] == (best or parts["mapping"]):
                chosen.setdefault((parts["network"], parts["dataset"]), run)
    return list(chosen.values())


DEVICE_RUNS = device_runs()


def seeds_of(wildcards, **other):
    """Metrics of a run at every seed, or of the runs that differ from it in a part."""
    parts = RUNS[wildcards.run] | other
    return [
        f"results/networks/{wildcards.scale}/{run}/metrics.json"
        for run, found in RUNS.items()
        if {**found, "seed": 0} == {**parts, "seed": 0}
    ]


def float_run(wildcards):
    """The float32 network of the same data set and seed."""
    parts = RUNS[wildcards.run] | {"precision": "float32", "mapping": "none"}
    run = next(run for run, found in RUNS.items() if found == parts)
    return f"results/networks/{wildcards.scale}/{run}/model.pt"
