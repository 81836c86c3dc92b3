"""Room 4, locate: address text → standard address → building → grid, or the reason why not."""

from transforms.locate.coding import grid_codes
from transforms.locate.grid_report import grid_report
from transforms.locate.grid_report import render as render_grid_report
from transforms.locate.lookup import Lookup, Place, newest_night
from transforms.locate.proposals import Proposal, nodes_by_path, proposals
from transforms.locate.room import run

__all__ = [
    "Lookup", "Place", "Proposal",
    "grid_codes", "grid_report", "newest_night", "nodes_by_path", "proposals", "render_grid_report", "run",
]  # fmt: skip
