"""How figures and contact sheets look."""
