"""Collections of the user's own: each a pipeline of its own in collections/NAME."""
