"""The device as a synapse: its resistance states, the look-up table, and what follows from it."""
