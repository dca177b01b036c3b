"""Advice for a command that was started with a Python that lacks the project's packages.

Needs nothing but the standard library, and no syntax that an old Python would not understand: it has to run where
nothing else does.
"""

import shlex
import sys
from importlib.util import find_spec

OLDEST = (3, 11)
NEEDED = ("numpy", "pandas", "pydantic", "torch", "timm", "filelock")


def started_as():
    """The words that started this program, as a user knows them: ``artextract search cow``, ``stages.fetch_nga``."""
    given = list(sys.orig_argv[1:]) if sys.version_info >= (3, 10) else []
    if "-m" in given[:-1]:  # while the package of a module is imported, sys.argv does not name the module yet
        return given[given.index("-m") + 1 :]
    return ["artextract", *sys.argv[1:]]


def require_environment(then, needed=NEEDED):
    """Stop with advice and exit status 2 where this Python is too old, or lacks packages.

    Args:
        then: The command to start once the environment is activated.
        needed: Names of packages that have to be there; they are looked for and not imported.
    """
    missing = [name for name in needed if find_spec(name) is None]
    if sys.version_info < OLDEST:
        problem = "is Python {}.{}, and the project needs {}.{} or newer".format(*sys.version_info[:2], *OLDEST)
    elif missing:
        problem = "lacks {}".format(", ".join(missing))
    else:
        return
    name = " ".join(word for word in started_as()[:2] if not word.startswith("-")) or "artextract"
    sys.stderr.write(
        f"{name}: this Python ({sys.executable}) {problem}.\n"
        f"Remedy: work in the project's environment: `make setup`, then `source .venv/bin/activate`, then `{then}`.\n"
    )
    sys.exit(2)


def same_command():
    """The command that was started, to be typed again in the environment."""
    return shlex.join(started_as())
