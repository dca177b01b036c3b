"""Images: decoding, sources, tar shards, near-duplicates, colours."""
