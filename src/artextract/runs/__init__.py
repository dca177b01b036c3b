"""Comparing runs of the pipeline: two trainings, all attempts, ablations, and the tables that show them."""
