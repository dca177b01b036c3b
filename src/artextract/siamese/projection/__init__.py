"""The projection, its pairs and its training."""
