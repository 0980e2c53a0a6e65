"""Physics of a device: loops, torques, moments, switching; every number with its uncertainty."""
