"""What the API says of submissions and outcomes, in the names of its contract."""
