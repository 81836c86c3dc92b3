"""A sender's words made fit to show: printable, on one line, not too long."""

from __future__ import annotations

_NAME = 200


def shown(text: str, longest: int = _NAME) -> str:
    """The text with everything unprintable escaped; undecodable bytes of a file name show as escapes too."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
    return safe if len(safe) <= longest else safe[: longest - 1] + "…"
