"""The siamese network that improves the image embedding."""
