"""What can judge an answer: one module per provider, and no provider knows of another."""
