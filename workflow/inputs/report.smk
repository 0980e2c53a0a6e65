HIGHLIGHTS = {
    "ahe_loops",
    "switching_loops",
    "torque_against_thickness",
    "lut_states",
    "temperature",
    "fig4b_switching_fields",
    "fig4c_states_on_loop",
    "fig5d_accuracy_loss",
    "fig2c_efficiency_anisotropy",
    "fig3c_zero_field_shift",
    "fig4a_states",
    "fig4c_accuracy_mnist",
}
"""Figures on the overview page, of those that a study has."""


def highlights(wildcards):
    return [
        f"results/{study}/figures/{wildcards.scale}/{name}.png"
        for study, block in config["studies"].items()
        for name in block["figures"]
        if name in HIGHLIGHTS
    ]
