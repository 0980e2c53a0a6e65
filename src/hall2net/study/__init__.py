"""A study before anything runs: its configuration, its sheets, and a first draft of both."""
