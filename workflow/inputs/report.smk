def highlights(wildcards):
    return [
        f"results/{study}/figures/{wildcards.scale}/{name}.png"
        for study, block in config["studies"].items()
        for name in block["figures"]
        if figure_of(name).highlight
    ]
