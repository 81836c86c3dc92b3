"""An entity with what every room says of its own decisions: no room sees another, a command sees them all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transforms import kinds
from transforms.run import Run

if TYPE_CHECKING:
    from transforms.account.explain import Explanation


def explained(run: Run, what: str) -> Explanation:
    """As :func:`transforms.account.explain`; link weighs the pairs, resolve and merge say why they did what they did.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such entity or row by this night.
        StaleInputError: the night is not closed, or a room's output of it is not as it was.
    """
    from transforms import account, link, merge, resolve

    found = account.explain(run, what)
    if found.kind is None or found.state != "live":
        return found
    near = found.nearest
    weighed = link.weigh(run, found.kind, [*found.edges, *([near.edge] if near else [])])
    if near:
        against = resolve.between(run, found.kind, near.ours, near.theirs)
        kind = kinds.load_all(run.settings.expectations)[found.kind]
        near = replace(near, why=account.apart(kind, near, weighed[-1], against))
    chosen = merge.chosen(run, found.kind, what) if found.values else ()
    return replace(found, waterfalls=weighed, nearest=near, chosen=chosen)
