"""Data outside the repository: where it is, and its fingerprint, which DVC tracks in its place."""
