"""Stand-ins for the world outside: servers that speak its protocols."""
