"""The siamese projection, which learns from titles and improves the image embedding."""
