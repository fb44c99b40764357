"""Demo data: its texts, and the service that lays it out."""
