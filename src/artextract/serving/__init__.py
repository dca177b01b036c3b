"""The explorer in a browser: the static folder, and what a live server adds (words, one's own picture, names)."""
