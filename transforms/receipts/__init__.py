"""Receipts: what became of every row of a drop, told to the department that sent it."""

from transforms.receipts.make import again, make
from transforms.receipts.sign import verify

__all__ = ["again", "make", "verify"]
