"""Review: what a person should look at, and what a person decided. Not a room: no night waits for it."""

from transforms.review.judgements import judge, judgements, undo
from transforms.review.queue import Item, queue

__all__ = ["Item", "judge", "judgements", "queue", "undo"]
