"""A user's own pictures: a folder of images, with or without a table about them."""
