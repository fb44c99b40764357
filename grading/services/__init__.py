"""Every write to submissions, runs and outcomes."""
