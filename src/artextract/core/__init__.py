"""The base of everything else: errors, atomic files, caches, fingerprints, threads and devices."""
