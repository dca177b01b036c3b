"""Task 1: style, genre and artist."""
