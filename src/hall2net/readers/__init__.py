"""Instrument files: every file format that hall2net reads, and nothing else knows them."""
