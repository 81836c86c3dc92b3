"""Why two clusters are not one: the cannot-links between them, by the ``never`` words of their kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms import contract, kinds, manifest, store
from transforms.kinds import Kind
from transforms.live import Live
from transforms.places import places
from transforms.resolve.cluster import NUMBERS, PEOPLE, Facts
from transforms.resolve.facts import needed, statements
from transforms.run import Run

_WORDS = {NUMBERS: "decisive_conflict", PEOPLE: "birth_and_sex_conflict"}


def between(run: Run, name: str, ours: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    """Which unions that are refused one of these two clusters would be, as words of ``link.never``; none: ``()``.

    Args:
        run: the night.
        name: of the kind.
        ours: live records of one cluster, by id.
        theirs: of the other.

    Raises:
        StaleInputError: link or the live records of the night are missing, incomplete or stale.
    """
    kind, lake = kinds.load_all(run.settings.expectations)[name], run.settings.lake
    live_dir, link_dir = store.night_dir(run, "account", "live"), store.night_dir(run, "link", name)
    manifest.require(lake, live_dir, "account", files=())
    manifest.require(lake, link_dir, "link")
    live = Live(live_dir / f"{name}.parquet")
    clusters = [places(live.ids, pa.array(records, pa.string())) for records in (ours, theirs)]
    record = _concerned(live, kind, np.concatenate(clusters))
    said = {name: live.taken(name, pa.array(record)) for name in needed(kind) if name in live.column_names}
    trusted = store.read_table(link_dir / "unit.parquet", ["trusted"]).take(pa.array(record))
    told = statements(pa.table(said), trusted, kind, contract.load_all(run.settings.expectations))
    left, right = Facts(), Facts()
    for cluster, facts in zip(clusters, (left, right), strict=True):
        for at in np.searchsorted(record, cluster).tolist():
            facts.take(told.of(at))
    register = "same_source" if "same_source" in kind.link.never else "one_live_row_per"
    return tuple(_WORDS.get(word, register) for word in left.reasons(right, told.rows))


def _concerned(live: Live, kind: Kind, record: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The records, and all others that say one of their numbers: whose rows lost a number is asked of all of them."""
    found = np.zeros(live.num_rows, dtype=bool)
    found[record] = True
    for column in (kind.token_of(name) for name in (kind.link.decisive, kind.link.second) if name):
        if column in live.column_names:
            mine = live.taken(column, pa.array(np.flatnonzero(found))).drop_null()
            found |= pc.is_in(live.column(column), value_set=mine).to_numpy(zero_copy_only=False)
    return np.flatnonzero(found)
