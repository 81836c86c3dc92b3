"""Importing this imports Great Expectations and all that is ours of it: for a process that others are forked from."""

import gc

from expectations import quick

quick.great_expectations()

from expectations import custom  # noqa: E402 - needs it

gc.freeze()  # a million objects that stay: neither this process nor a child need look through them again

__all__ = ["custom"]
