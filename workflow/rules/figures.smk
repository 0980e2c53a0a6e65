FAMILIES = {
    "loops": [
        "fig3a_ahe_as_grown",
        "fig3c_ahe_freestanding",
        "temperature",
        "fit_residuals",
        "fig2a_loop_pair",
    ],
    "torque": [
        "fig2b_torque_against_field",
        "fig2c_efficiency_anisotropy",
        "fig2d_transparency_conductivity",
        "fig2e_resistivity_spin_hall_angle",
        "fig2f_critical_current",
        "fig3c_zero_field_shift",
    ],
    "switching": [
        "fig4b_switching_fields",
        "fig3a_switching_fields",
        "fig3b_field_free_switching",
        "fig3ef_polarity_reversal",
    ],
    "states": ["fig4c_states_on_loop", "fig4a_states", "state_separation"],
    "networks": [
        "fig5bc_device_count",
        "fig5d_accuracy_loss",
        "fig5e_confusion_float32",
        "fig5f_confusion_device",
        "fig5g_weight_histograms",
        "figS1_confusion_epoch25",
        "figS2_confusion_epoch75",
        "figS3_layer_histograms",
        "fig4c_accuracy_mnist",
        "fig4d_accuracy_fashion_mnist",
        "fig4e_confusion_mnist",
        "figS6_training_loss",
        "figS7_final_accuracies",
        "figS8_confusion_mnist",
        "figS9_confusion_fashion_mnist",
        "mapping_comparison",
    ],
}
FIGURES = [
    f"results/{study}/figures/{SCALE}/{name}.{suffix}"
    for study, block in config["studies"].items()
    for name in block["figures"]
    for suffix in ("png", "pdf")
]
