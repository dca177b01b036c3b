"""Search in an embedded collection."""
