"""Brakes: what a night would change, held against its budgets before anything is published (design.md section 5.7)."""

from transforms.brakes.step import FrozenError, run

__all__ = ["FrozenError", "run"]
