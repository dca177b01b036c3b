"""Ends with status 1 and says so where the package index tells nothing about weaknesses, as most mirrors do not."""

from __future__ import annotations

import sys
import urllib.request

QUESTION = "https://pypi.org/pypi/pip/26.3/json"  # an address as pip-audit asks for it

if __name__ == "__main__":
    try:
        with urllib.request.urlopen(QUESTION, timeout=20) as answer:  # nosec B310
            known = b'"vulnerabilities"' in answer.read(2**24)
    except OSError as error:
        sys.exit(f"Not audited: {QUESTION} cannot be had ({error}).")
    if not known:
        sys.exit(f"Not audited: {QUESTION} does not tell of weaknesses.")
