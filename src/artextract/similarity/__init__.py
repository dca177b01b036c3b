"""Task 2: judging and showing embeddings."""
