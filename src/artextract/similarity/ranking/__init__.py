"""Spaces, neighbours, judges and retrieval metrics: numbers only."""
