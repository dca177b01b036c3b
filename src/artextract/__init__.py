"""ArtExtract: classification and similarity of paintings, as a reproducible DVC pipeline.

Importing the package is cheap on purpose: torch, pandas and DVC are imported only by the modules that need them.
"""

__version__ = "0.2.0"
