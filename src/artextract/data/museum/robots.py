"""robots.txt by RFC 9309: what a server lets programs ask for, and how fast."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from protego import Protego

NAME = "ArtExtract"  # under which a server may address this program
LONGEST_WAIT = 86_400.0  # seconds between two requests, whatever a server writes


@dataclass(frozen=True)
class Rules:
    """The rules of one server; by default everything is allowed.

    Attributes:
        interval: Seconds between two requests.
    """

    interval: float = 0.0
    _parsed: Protego = field(default_factory=Protego)

    def allow(self, url: str) -> bool:
        """Whether an address may be asked for."""
        return self._parsed.can_fetch(url, NAME)


def read_rules(body: bytes) -> Rules:
    """The rules in a file; what cannot be understood in it says nothing.

    Args:
        body: The file, or its first part: a last line without an end is left out if there are others.
    """
    text = body.decode("utf-8-sig", "replace")
    parsed = Protego.parse(text)
    delays = [parsed.crawl_delay(NAME) or 0.0]
    rate = parsed.request_rate(NAME)
    if rate is not None and rate.requests > 0:
        delays.append(rate.seconds / rate.requests)
    sensible = [delay for delay in delays if math.isfinite(delay) and delay > 0]
    return Rules(min(max(sensible, default=0.0), LONGEST_WAIT), parsed)
