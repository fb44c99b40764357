"""What every endpoint of the API shares, and the endpoints about accounts."""
