"""Work that is done in pieces, some of them at once and none long before it is taken: the order stays."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def ahead(function: Callable[[_Item], _Result], items: Iterable[_Item], threads: int) -> Iterator[_Result]:
    """What the function makes of each item, in their order.

    Args:
        function: nothing that it changes is seen by another call of it.
        items: taken one by one.
        threads: so many results are made at once, beside whoever takes them; with one thread nothing is.
    """
    if threads == 1:
        yield from map(function, items)
        return
    each = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque(pool.submit(function, item) for item in islice(each, threads))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(each, 1))
