"""The virtual environment that the project runs in: where it is, what it starts, and whether it is complete."""
