"""The comparison with the papers, the report, the loop inspector and the gallery."""
