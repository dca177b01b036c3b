"""A trained network for others: one folder with a model card, a hub, and other runtimes."""
