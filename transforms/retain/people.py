"""What people and releases said until now, for the checkpoint: homes, judgements, the ledger, identities, cuts."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from transforms import database, tables
from transforms.database import Databases

# The audit is a chain of its own, and which releases control has taken in is told by the release database.
NOT_TAKEN = frozenset({"audit", "reconciled", "expired"})
OF_RELEASE = ("identity", "release")


def said(stores: Databases) -> dict[str, pa.Table]:
    """Name in the checkpoint → table: ``control.<table>`` and ``release.<table>``.

    Raises:
        DatabaseError: a database cannot be read.
    """
    found = {
        f"control.{name}": database.read(stores.control, name) for name in tables.of("control") if name not in NOT_TAKEN
    }
    found |= {f"release.{name}": database.read(stores.release, name) for name in OF_RELEASE}
    return found | _cut_before(stores)


def _cut_before(stores: Databases) -> dict[str, pa.Table]:
    """Where everything stood in the cut before tonight's, and how its grids were drawn: no room makes that again."""
    placed = database.read(stores.release, "place_grid", where={"known_to": None})
    drawn = database.read(stores.release, "std_grid")
    earlier = placed.filter(pc.less(placed["cut"], pc.max(placed["cut"])))
    return {"release.place_grid": earlier, "release.std_grid": drawn.filter(drawn["known_to"].is_valid())}
