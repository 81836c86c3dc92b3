"""Importing this imports what most processes beside the rooms need: for the one that they are forked from."""

from transforms.commands.imports import uncollected

with uncollected():
    from expectations import quick

    quick.great_expectations()

    from expectations import custom  # needs it
    from transforms import check, land, standardise

__all__ = ["check", "custom", "land", "standardise"]
