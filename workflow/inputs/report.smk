from snakemake.iocontainers import Wildcards


def report_facts(wildcards):
    """Params: what the report says of each study beside its tables, as plain values."""
    return {
        study: {
            "data_source": block["data_source"],
            "samples": SAMPLES[study],
            "kinds": SHEETS[study]["kind"].value_counts().sort_index().to_dict(),
            "decisions": [vars(one) for one in PROJECT.studies[study].decisions],
        }
        for study, block in config["studies"].items()
    }


def figure_sources(wildcards):
    """Params: the files that each figure is drawn from, by its PNG."""
    sources = {}
    for study, block in config["studies"].items():
        for name in block["figures"]:
            drawn = {"study": study, "name": name, "scale": wildcards.scale}
            found = figure_files(Wildcards(fromdict=drawn))
            sources[f"results/{study}/figures/{SCALE}/{name}.png"] = [
                path.format(**drawn)
                for paths in found.values()
                for path in ([paths] if isinstance(paths, str) else paths)
            ]
    return sources
