"""The pure core: (rubric, answer) in, a checked evaluation out. No database, no settings."""
