"""Decides which checkout's code ``import artextract`` means.

A copy of this file is in the environment, under the name ``artextract_checkout``, and runs whenever a Python of the
environment starts. So it needs nothing but the standard library, and costs a few looks at the file system.

The checkout that the working directory is in comes first. Anywhere else it is the checkout that contains the
environment, wherever that was moved to. No path is written down: an environment that was copied together with its
checkout, or that two checkouts share, does not run the code of another checkout.
"""

import os
import sys


def is_checkout(folder):
    """True if a folder is the root of a checkout of this project."""
    return all(
        os.path.isfile(os.path.join(folder, *path, "__init__.py")) for path in (("src", "artextract"), ("stages",))
    )


def checkout_of(folder):
    """The nearest folder, from this one upwards, that is a checkout; None where there is none."""
    while not is_checkout(folder):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def use():
    """Let imports find the code of the checkout."""
    try:
        root = checkout_of(os.getcwd())
    except OSError:  # the working directory was deleted
        root = None
    if root is None and is_checkout(os.path.dirname(sys.prefix)):
        root = os.path.dirname(sys.prefix)
    if root is not None:
        sys.path.append(os.path.join(root, "src"))
