"""Scores, baselines and figures of a trained network."""
