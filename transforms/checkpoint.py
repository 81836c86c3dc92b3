"""The sealed checkpoint: what is left of deliveries whose bytes and tables went when their time was over.

``lake/checkpoint/<night>-<digest>/`` holds, per source, the rows that still speak (``<source>.<kind>.parquet``, their
``vault``), what the fold must know of the rest (``tail``, ``version``, ``kept``: ids and hashes), and what people and
releases said until then (``control.<table>``, ``release.<table>``): a rebuild starts from it. The seal
names every file by its sha256, under a MAC of the record key; the ledger (control ``expired``) names the seal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from transforms import database, keys, manifest, model, store
from transforms.errors import StaleInputError
from transforms.model import Batch
from transforms.run import Settings

SEAL, WHAT, ROOT = "seal.json", "checkpoint", "checkpoint"

# <source>.tail.parquet: the last word of every record, and the rows that it outvoted. operation: 'delete' of a record
# that no longer lives. latest: said by the last delivery that went. outvoted: a row that counts for nothing.
TAIL = pa.schema(
    [model.STANDARD.field(n) for n in model.STANDARD.names]
    + [pa.field("as_of", pa.string()), pa.field("latest", pa.bool_()), pa.field("outvoted", pa.bool_())]
)


@dataclass(frozen=True)
class Expired:
    """A delivery that went: its batch, the file it came as, when, how many rows it had, and what it counted for."""

    batch: str
    file: str
    first_night: str
    rows: int
    fate: str


@dataclass(frozen=True)
class Checkpoint:
    """A sealed checkpoint, or none (then every part of it is empty).

    Attributes:
        folder: where it lies.
        digest: sha256 of its seal.
        night: the night after which it was made.
        release: the release that stood then.
        through: source → the last ``as_of`` that went: whatever comes for that day or before is too late.
        batches: batch → what went.
        files: file name → sha256.
    """

    folder: Path = Path()
    digest: str = ""
    night: str = ""
    release: int = 0
    through: Mapping[str, str] = field(default_factory=dict)
    batches: Mapping[str, Expired] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def path(self, name: str) -> Path | None:
        """The file of a table, compared with its seal; None where there is none of the name.

        Raises:
            StaleInputError: the file is not as it was sealed.
        """
        file = f"{name}.parquet"
        if file not in self.files:
            return None
        path = self.folder / file
        if not path.is_file() or manifest.sha256_of(path) != self.files[file]:
            raise _refused(self.folder, f"{file} not as it was sealed", f"sha256 {self.files[file][:12]}")
        return path

    def table(self, name: str) -> pa.Table | None:
        """A table of the checkpoint; None where there is none of the name.

        Raises:
            StaleInputError: the file is not as it was sealed.
        """
        path = self.path(name)
        return None if path is None else store.read_table(path)

    def every(self, part: str, sources: Collection[str]) -> dict[str, pa.Table]:
        """Of these sources the tables of one name (``tail``, ``version``, a kind ...): source → table."""
        names = [source for source in sorted(sources) if f"{source}.{part}.parquet" in self.files]
        return {source: found for source in names if (found := self.table(f"{source}.{part}")) is not None}

    def too_late(self, batch: Batch) -> bool:
        """What stood before this delivery is gone, so that it cannot be given its place any more."""
        return batch.as_of <= self.through.get(batch.source, "")


def current(settings: Settings) -> Checkpoint:
    """The checkpoint that the ledger names; an empty one where nothing ever went.

    Raises:
        StaleInputError: it is gone, or not the one that was sealed.
        DatabaseError: control cannot be read.
    """
    rows = database.read(database.open_databases(settings).control, "expired", where={"what": WHAT}).to_pylist()
    if not rows:
        return Checkpoint()
    last = max(rows, key=lambda row: str(row["name"]))
    return read(settings, place(settings, str(last["name"]), str(last["digest"])), str(last["digest"]))


def place(settings: Settings, night: str, digest: str) -> Path:
    """Where a checkpoint lies."""
    return settings.lake / ROOT / f"{night}-{digest[:12]}"


def read(settings: Settings, folder: Path, digest: str | None = None) -> Checkpoint:
    """Read the seal of a checkpoint; its tables are compared with it when they are read.

    Args:
        settings: whose keys sealed it.
        folder: where it lies.
        digest: of its seal, where somebody else tells it (the ledger).

    Raises:
        StaleInputError: there is none, it is another one, or its seal is not ours.
    """
    try:
        text = (folder / SEAL).read_bytes()
    except OSError:
        raise _refused(folder, "nothing", f"seal {(digest or 'of this deployment')[:12]}") from None
    found = hashlib.sha256(text).hexdigest()
    if digest not in (None, found):
        raise _refused(folder, f"seal {found[:12]}", f"seal {str(digest)[:12]}")
    try:
        told = json.loads(text)
        said, mac = told["told"], str(told["mac"])
        ours = hmac.compare_digest(mac, mac_of(settings, said))
        batches = {row["batch"]: Expired(**row) for row in said["batches"]}
        made = Checkpoint(
            folder, found, said["night"], said["release"], said["through"], batches, said["files"]
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise _refused(folder, "a seal of another hand", "one under this deployment's record key")
    return made


def verify(found: Checkpoint) -> None:
    """Compare every file with the seal.

    Raises:
        StaleInputError: one is missing or not as it was sealed.
    """
    for name in sorted(found.files):
        found.table(name.removesuffix(".parquet"))


def mac_of(settings: Settings, said: object) -> str:
    """The keyed digest of what a seal says."""
    return keys.load(settings).record.digest("checkpoint", canonical(said)).hex()


def _refused(folder: Path, stored: str, required: str) -> StaleInputError:
    remedy = "restore this folder from the backup of its night, or start from an older checkpoint and the drops since"
    return StaleInputError(f"checkpoint/{folder.name}", stored, required, remedy)


def canonical(value: object) -> str:
    """The one way to write it down."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
