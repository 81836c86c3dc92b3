"""The tables that rooms hand over, as Arrow schemas, and the few types that travel between rooms.

This file freezes the hand-overs; docs/rooms.md says the same in words. A room may add columns of its kind's
properties (see :mod:`transforms.kinds`), never drop or retype one named here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

_BATCH = re.compile(r"(?P<source>[a-z][a-z0-9_]+)-(?P<as_of>\d{8})-(?P<correction>\d+)-(?P<sha>[0-9a-f]{64})")


@dataclass(frozen=True, order=True)
class Batch:
    """A delivery of one source that was landed: source + as_of + correction + sha256 of its bytes."""

    source: str
    as_of: str  # ISO date
    correction: int
    sha256: str

    @property
    def id(self) -> str:
        """``<source>-<yyyymmdd>-<correction>-<sha256>``: folder name in the lake and value of the column ``batch``."""
        return f"{self.source}-{self.as_of.replace('-', '')}-{self.correction}-{self.sha256}"

    @classmethod
    def parse(cls, text: str) -> Batch:
        """The inverse of :attr:`id`.

        Raises:
            ValueError: not a batch id.
        """
        found = _BATCH.fullmatch(text)
        if not found:
            raise ValueError("not a batch id")
        day = found["as_of"]
        return cls(found["source"], f"{day[:4]}-{day[4:6]}-{day[6:]}", int(found["correction"]), found["sha"])


class DeliveryState(StrEnum):
    """What became of a file."""

    LANDED = "landed"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    HELD = "held"


# Fault of a landed row that is an erased subject's; what its department reads says no more than these words.
NOT_TAKEN_OVER = "NOT_TAKEN_OVER"
ERASED_RULE = f"FAULT_{NOT_TAKEN_OVER}"  # what check makes of it


class RowState(StrEnum):
    """What became of a landed row: the ledger's outcome. Exactly one per (batch, ordinal, kind)."""

    QUARANTINED = "quarantined"
    MERGED = "merged"  # its version is live and stands in an entity
    DUPLICATE = "duplicate"  # an unchanged repeat of a version told before, in its batch or an earlier one
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"  # by a later snapshot or a deletion, or with its whole delivery (recalled)
    HELD = "held"
    ERASED = "erased"
    EXPIRED = "expired"  # its words went when the time of its delivery was over, and no live record rests on it


@dataclass(frozen=True)
class Report:
    """What a room did, for people and the ledger: counts only, never a value of a row."""

    room: str
    part: str
    counts: dict[str, int]


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


TEXT, LONG, DAY, BOOL = pa.string(), pa.int64(), pa.date32(), pa.bool_()

# land: lake/land/<source>/<batch>/rows.parquet; then one text column per landed heading of the contract.
# line: CSV physical line where the record starts, sheet row, JSON line, Parquet row or feature number; from 1.
# fault: why the row could not be split into its columns (then every heading is null), else null.
# numeric: headings whose cell was a number in a workbook, joined by '|' (faults.md finding 1), else null.
# digest: sha256 over the landed headings' values in contract order: what balance compares.
LANDED = _schema(batch=TEXT, ordinal=LONG, line=LONG, fault=TEXT, numeric=TEXT, digest=TEXT)

# check: lake/check/<source>/<batch>/verdict.parquet, one row per landed row, sorted by ordinal.
VERDICT = _schema(batch=TEXT, ordinal=LONG, accepted=BOOL, rule=TEXT, field=TEXT)
# check: .../finding.parquet, one row per thing found; effect: quarantine | strike | note. field is a heading.
FINDING = _schema(batch=TEXT, ordinal=LONG, line=LONG, field=TEXT, rule=TEXT, effect=TEXT)

# Rules of check: of a value that breaks one nothing is kept behind land, not as raw text and not masked.
UNKEPT = ("DENIED_VALUE", "PERSON_NUMBER")

# standardise: lake/standardise/<source>/<batch>/<kind>.parquet, one row per accepted row (per node for address);
# then the clean columns of the kind (docs/rooms.md) and raw_<property> for what is no identifier.
STANDARD = _schema(
    source=TEXT, batch=TEXT, ordinal=LONG, line=LONG, kind=TEXT, record_id=TEXT, content_hash=TEXT, operation=TEXT
)
# standardise: .../kept.parquet: record ids of quarantined rows whose key was readable (their last good version stays).
KEPT = _schema(kind=TEXT, record_id=TEXT)
# standardise: .../vault.parquet: ciphertext per record; what: document | phone.
VAULT = _schema(record_id=TEXT, kind=TEXT, what=TEXT, token=TEXT, ciphertext=pa.binary(), key_id=TEXT)
SEALED = ("ciphertext", "key_id")  # of vault_identifier: merge leaves them out, close adds them to rows that begin

# account/apply: lake/night/<night>/account/live/<kind>.parquet = STANDARD + clean columns + these; a row a record.
LIVE = _schema(as_of=TEXT, since=TEXT)
# account/apply: .../versions.parquet: the state of every version per kind; an unchanged repeat has no row.
VERSION = _schema(
    source=TEXT, batch=TEXT, ordinal=LONG, line=LONG, kind=TEXT, record_id=TEXT, content_hash=TEXT, state=TEXT
)

# locate: lake/night/<night>/locate/<kind>.parquet: up to three candidates per (record, property), rank 1 the best.
# score is an integer x 10^4. match_class: exact | normalised | parent | landmark | unresolved.
LOCATED = _schema(
    record_id=TEXT, property=TEXT, rank=pa.int32(), address_id=TEXT, building_id=TEXT, house_id=TEXT, level=TEXT,
    match_class=TEXT, score=pa.int32(), grid_id=TEXT, method=TEXT, reason=TEXT, village=TEXT,
)  # fmt: skip
# locate and merge: place_grid, one row per building, address node or facility.
PLACE_GRID = _schema(node_kind=TEXT, node_id=TEXT, cut=TEXT, grid_id=TEXT, method=TEXT, reason=TEXT)
DOOR = "door"  # kind of a judgement on a proposed node of the address library: its path twice, same: it is one

# locate: .../place/straddle.parquet, a row per small or exclusive grid that holds a part of a building in several.
STRADDLE = _schema(building_id=TEXT, cut=TEXT, grid_id=TEXT, share=pa.float64(), assigned=BOOL)

# link: lake/night/<night>/link/<kind>/pairs.parquet; left < right: record numbers, places among the ascending record
# ids of the kind's live records (transforms/paired.py); score x 10^4; how: number | key | scored.
# evidence: comparison vector as words, 'name=exact birth=null', no values.
PAIR = _schema(left=pa.int32(), right=pa.int32(), score=pa.int32(), how=TEXT, evidence=TEXT)

# resolve: lake/night/<night>/resolve/<kind>/{cluster,identity,home}.parquet
CLUSTER = _schema(record_id=TEXT, entity_id=TEXT, how=TEXT)  # how: number | key | scored | single
IDENTITY = _schema(
    entity_id=TEXT,
    kind=TEXT,
    minted_release=LONG,
    state=TEXT,
    retired_release=LONG,
    signpost=TEXT,
    founding_record=TEXT,
)
HOME = _schema(record_id=TEXT, kind=TEXT, entity_id=TEXT)

# merge: lake/night/<night>/merge/<kind>/claim.parquet: which record won each value.
CLAIM = _schema(entity_id=TEXT, property=TEXT, record_id=TEXT, source=TEXT)
