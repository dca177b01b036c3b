"""The three tasks of the network, in the order of all its tables."""

from __future__ import annotations

TASKS = ("style", "genre", "artist")
