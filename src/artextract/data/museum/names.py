"""Names of columns that several rooms share."""

from __future__ import annotations

PREFIX = "label."  # of the columns in the index that are the user's own labels, and of their judges
