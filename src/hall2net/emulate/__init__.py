"""Emulated instrument files with known truth; nothing else in hall2net imports this room."""
