def torque_of_shifts(study):
    """torque.csv of a study that has loop shifts and conventions; nothing elsewhere."""
    shifts = "loop_shift" in set(SHEETS[study]["kind"])
    with_torque = shifts and study in TORQUE_STUDIES["adopted"]
    return f"results/{study}/torque.csv" if with_torque else []
