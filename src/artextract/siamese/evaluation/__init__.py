"""Held-out evaluation of the projection, with controls."""
