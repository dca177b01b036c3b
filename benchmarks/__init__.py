"""Paired benchmarks: what one would write first, from a library's own manual, against what ArtExtract does.

``python -m benchmarks`` runs all of them, ``python -m benchmarks --quick network_lite2 titles`` some, for a first look;
``python -m benchmarks scaling`` measures how time and memory grow with the number of works. Timings never fail a test.
"""
