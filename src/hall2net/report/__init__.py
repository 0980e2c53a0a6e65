"""The comparison with the papers, the overview page and the gallery."""
