"""What everything else is built on: errors, atomic files, caches, fingerprints, threads and devices."""
