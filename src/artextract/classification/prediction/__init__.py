"""Predictions for any pictures: the network as one object, streams of pictures, evidence, what mattered."""
