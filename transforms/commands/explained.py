"""An entity with what every room says of its own decisions: no room sees another, a command sees them all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transforms import kinds
from transforms.run import Run

if TYPE_CHECKING:
    from transforms.account.explain import Explanation
    from transforms.account.nearest import Nearest
    from transforms.explained import Waterfall


def explained(run: Run, what: str) -> Explanation:
    """As :func:`transforms.account.explain`; link weighs the pairs, resolve and merge say why they did what they did.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such entity or row by this night.
        StaleInputError: the night is not closed, or a room's output of it is not as it was.
    """
    from transforms import account, link, merge

    found = account.explain(run, what)
    if found.kind is None or found.state != "live":
        return found
    weighed, near = link.weigh(run, found.kind, found.edges), found.nearest
    if near and not near.restricted:
        told, near = told_apart(run, found.kind, near)
        weighed = (*weighed, told)
    chosen = merge.chosen(run, found.kind, what) if found.values else ()
    return replace(found, waterfalls=weighed, nearest=near, chosen=chosen)


def told_apart(run: Run, kind: str, near: Nearest) -> tuple[Waterfall, Nearest]:
    """The waterfall of a pair of two entities, and why they are two.

    Raises:
        StaleInputError: a room's output of the night is not as it was.
    """
    from transforms import account, link, resolve

    [told] = link.weigh(run, kind, [near.edge])
    against = resolve.between(run, kind, near.ours, near.theirs)
    declared = kinds.load_all(run.settings.expectations)[kind]
    return told, replace(near, why=account.apart(declared, near, told, against))
