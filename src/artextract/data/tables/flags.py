"""Yes and no as tables say them."""

from __future__ import annotations

YES = frozenset("true 1 yes y ja j oui si vrai wahr x cc0 open pd publicdomain publicdomainmark".split())
NO = frozenset("false 0 no n nein non nee nej faux falsch closed".split())
