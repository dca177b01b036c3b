"""Ties an environment to the place where it is: its scripts, its activation, and the code that it runs.

Scripts of packages begin with the absolute path of the Python that they were installed for, and so does the
activation. An environment that was moved or copied would start nothing, or the Python of the place it came from.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from artextract.core.files import write_bytes, write_text

HOOK = Path(__file__).with_name("hook.py")
COMMAND = """\
#!/bin/sh
# Written by `make setup`. Starts the Python next to this file, so that it can be moved; -P: a file artextract.py in the
# working directory is not the project.
exec "$(dirname -- "$(readlink -f -- "$0")")/python" -P -m artextract "$@"
"""
MARK = "# artextract: an environment that was moved or copied says so"
ACTIVATION = f"""
{MARK}
if [ -n "${{BASH_SOURCE:-}}${{ZSH_VERSION:-}}" ]; then
    _artextract_place="$(cd "$(dirname "${{BASH_SOURCE:-$0}}")/.." && pwd -P)"
    if [ "$(cd "$VIRTUAL_ENV" 2>/dev/null && pwd -P)" != "$_artextract_place" ]; then
        echo "This environment was made in another place ($VIRTUAL_ENV). Remedy: make setup" >&2
    fi
    unset _artextract_place
fi
"""
# The two ways in which pip begins a script: directly, and through the shell where the path is long or has spaces.
_DIRECT = re.compile(rb"\A#!(?P<python>/[^\n]*/bin/python[\d.]*)\n")
_BY_SHELL = re.compile(rb"\A#!/bin/sh\n'''exec' \"?(?P<python>/[^\n\"]*/bin/python[\d.]*)\"? \"\$0\" \"\$@\"\n' '''\n")
LONGEST = 127  # bytes of a first line that every kernel reads


def write_hook(packages: Path) -> None:
    """Let every Python of the environment find the code of the checkout that it works in.

    Args:
        packages: The folder site-packages of the environment.
    """
    write_text(packages / "artextract_checkout.py", HOOK.read_text(encoding="utf-8"))
    write_text(packages / "artextract-checkout.pth", "import artextract_checkout; artextract_checkout.use()\n")


def write_command(scripts: Path) -> Path:
    """Write the command ``artextract`` next to the environment's Python; returns the file."""
    path = scripts / "artextract"
    write_text(path, COMMAND)
    path.chmod(0o755)
    return path


def start_of_script(python: Path) -> bytes:
    """The first lines of a script that this Python runs."""
    line = f"#!{python}\n".encode()
    if len(line) <= LONGEST and b" " not in line:
        return line
    return f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n".encode()


def renew_scripts(scripts: Path) -> list[str]:
    """Let the scripts of packages start the environment's own Python.

    Args:
        scripts: The folder bin of the environment.

    Returns:
        Names of the scripts that started another Python.
    """
    renewed = []
    for path in sorted(scripts.iterdir()):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        started = _DIRECT.match(content) or _BY_SHELL.match(content)
        if started is None or Path(started["python"].decode()).parent == scripts:
            continue
        python = scripts / Path(started["python"].decode()).name
        mode = path.stat().st_mode
        write_bytes(path, start_of_script(python) + content[started.end() :])
        path.chmod(mode)
        renewed.append(path.name)
    return renewed


def renew_activation(prefix: Path) -> bool:
    """Let ``source .venv/bin/activate`` name this place; returns True if it named another one.

    Args:
        prefix: Folder of the environment.
    """
    activate, config = prefix / "bin" / "activate", (prefix / "pyvenv.cfg").read_text(encoding="utf-8")
    text = activate.read_text(encoding="utf-8") if activate.is_file() else ""
    moved = str(prefix) not in text
    if moved:
        command = [sys.executable, "-m", "venv", "--without-pip"]
        if re.search(r"^include-system-site-packages\s*=\s*true", config, re.MULTILINE):
            command.append("--system-site-packages")
        subprocess.run([*command, str(prefix)], check=True)
        text = activate.read_text(encoding="utf-8")
    if MARK not in text:
        write_text(activate, text + ACTIVATION)
    return moved
