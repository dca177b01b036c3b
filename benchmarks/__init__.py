"""Paired benchmarks: what one would write first, from a library's own manual, against what ArtExtract does.

``python -m benchmarks`` runs all of them, ``python -m benchmarks --quick network_lite2 titles`` some, for a first look;
``python -m benchmarks scaling`` measures how time and memory grow with the number of works, and ``python -m benchmarks
training`` an epoch over as many paintings as WikiArt has. Timings never fail a test.
"""
