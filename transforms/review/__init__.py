"""Review: what a person should look at, and what a person decided. Not a room: no night waits for it."""

from transforms.review.judgements import judge, judgements, undo
from transforms.review.queue import LEAST, Item, Sure, Told, find, kind_of, queue, said

__all__ = ["LEAST", "Item", "Sure", "Told", "find", "judge", "judgements", "kind_of", "queue", "said", "undo"]
