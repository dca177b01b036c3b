"""Decides which checkout's code ``import artextract`` means, and lets DVC compare what it pulls.

A copy of this file is in the environment, under the name ``artextract_checkout``, and runs whenever a Python of the
environment starts. So it needs nothing but the standard library, and costs a few looks at the file system.

The checkout that the working directory is in comes first. Anywhere else it is the checkout that contains the
environment, wherever that was moved to. No path is written down: an environment that was copied together with its
checkout, or that two checkouts share, does not run the code of another checkout.
"""

import atexit
import os
import re
import sys

REMOTE = re.compile(r"""\s*\[\s*'?remote "(?P<name>[^"]+)"'?\s*\]""")
VERIFY = re.compile(r"\s*verify\s*=")
URL = re.compile(r"\s*url\s*=")


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
        if is_dvc(sys.orig_argv[1:] if sys.version_info >= (3, 10) else []):
            let_compare(root)
            atexit.register(let_compare, root)  # `dvc remote add` itself: the line is there before it is committed


def let_compare(root):
    """Let DVC compare what it pulls from remotes, and say so."""
    for name in verify_remotes(root):
        sys.stderr.write(f"remote {name}: DVC compares from now on what it pulls from it (verify = true)\n")


def is_dvc(words):
    """True if these words, with which Python was started, start DVC."""
    return words[:2] == ["-m", "dvc"] or os.path.basename(words[0] if words else "") == "dvc"


def verify_remotes(root):
    """Let DVC compare what it pulls from a remote with the hash that it asked for; returns names of changed remotes.

    DVC has no setting for all remotes, and believes an object of a remote unless ``verify = true`` is among the
    remote's own settings. A remote where somebody has decided otherwise stays as it is.

    Args:
        root: Root of the checkout.
    """
    files = [os.path.join(str(root), ".dvc", name) for name in ("config", "config.local")]
    texts = {path: text for path in files if (text := _text(path)) is not None}
    sections = [(path, name, lines) for path, text in texts.items() for name, lines in _remotes(text)]
    decided = {name for _, name, lines in sections if any(VERIFY.match(line) for line in lines)}
    changed = []
    for path, name, lines in sections:
        if name not in decided and any(URL.match(line) for line in lines) and _add_verify(path, name):
            changed.append(name)
    return changed


def _text(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except (OSError, ValueError):
        return None


def _remotes(text):
    """The remotes in a configuration of DVC's: their names and the lines of their settings."""
    found = []
    current = None
    for line in text.splitlines():
        section = REMOTE.match(line)
        if section:
            current = []
            found.append((section["name"], current))
        elif line.lstrip().startswith("["):
            current = None
        elif current is not None:
            current.append(line)
    return found


def _add_verify(path, name):
    """Write ``verify = true`` into the settings of a remote; False where the file cannot be written."""
    lines = (_text(path) or "").splitlines(keepends=True)
    at = next((i for i, line in enumerate(lines) if (m := REMOTE.match(line)) and m["name"] == name), None)
    if at is None:
        return False
    lines[at] = lines[at].rstrip("\n") + "\n"
    lines.insert(at + 1, "    verify = true\n")
    new = f"{path}.{os.getpid()}.new"
    try:
        with open(new, "w", encoding="utf-8") as handle:
            handle.write("".join(lines))
        os.chmod(new, os.stat(path).st_mode & 0o777)  # it may hold keys
        os.replace(new, path)
    except OSError:
        return False
    return True
