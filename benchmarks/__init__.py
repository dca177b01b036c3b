"""Paired benchmarks: a straightforward implementation, written from a library's own manual, timed against ArtExtract.

``python -m benchmarks`` runs all of them. ``python -m benchmarks --quick network_lite2 titles`` runs two of them at a
small size, for a first look. ``python -m benchmarks scaling`` measures how time and memory grow with the number of
works. ``python -m benchmarks training`` measures one training epoch over as many paintings as WikiArt has. No test
depends on a timing.
"""
