"""A redacted generation of raw bytes: the rows of erased subjects blanked, everything else as it was sent.

The bytes that were received go; what is kept of them is their sha256, in the batch's own name and here. Beside the
place they lay in stands a note ``<sha256>.redacted.json``: the generation that took their place, which lines are blank
in it, and a MAC under the record key, so that nobody else can put other bytes under the name of a batch.
"""

from __future__ import annotations

import hmac
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import keys, model, store
from transforms.errors import GridfactsError
from transforms.land.blank import FORMS
from transforms.land.rows import digests
from transforms.run import Settings

Parse = Callable[[Path], pa.Table]
"""Raw bytes → the landed table they split into."""


@dataclass(frozen=True)
class Redaction:
    """What stands in place of received bytes.

    Attributes:
        generation: sha256 of the bytes held now.
        form: ``own``: the format they were sent in. ``landed``: land's own table, where that format cannot be blanked.
        lines: of the rows that are blank.
    """

    generation: str
    form: str
    lines: tuple[int, ...]


def redaction(settings: Settings, sha256: str) -> Redaction | None:
    """What stands in place of these bytes, None where they are as received.

    Raises:
        GridfactsError: ``RAW_DAMAGED``: the note is not ours.
    """
    note = _note(settings, sha256)
    if not note.exists():
        return None
    try:
        told = json.loads(note.read_text("utf-8"))
        found = Redaction(str(told["generation"]), str(told["form"]), tuple(map(int, told["lines"])))
        ours = hmac.compare_digest(str(told["mac"]), _mac(settings, sha256, found))
    except (ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise GridfactsError("RAW_DAMAGED", f"the note beside raw bytes {sha256} is not as land wrote it: restore it")
    return found


def settle(settings: Settings, sha256: str) -> None:
    """Let received bytes go whose redacted generation is there: somebody sent them again, or a run was stopped."""
    if redaction(settings, sha256) is not None:
        store.raw_path(settings, sha256).unlink(missing_ok=True)


def redact(settings: Settings, sha256: str, form: str, told: pa.Table, lines: Iterable[int], parse: Parse) -> None:
    """Blank lines in the bytes of a batch; those that are blank already stay so.

    Args:
        settings: where the lake is.
        sha256: of the bytes as received.
        form: the contract's format.
        told: the landed table they split into now.
        lines: of the rows to blank.
        parse: splits bytes into rows, to prove that every other row is as it was.

    Raises:
        GridfactsError: ``RAW_DAMAGED``: the bytes are gone.
    """
    before = redaction(settings, sha256)
    every = tuple(sorted({*lines, *(before.lines if before else ())}))
    raw = store.raw_path(settings, before.generation if before else sha256)
    if not raw.is_file():
        raise GridfactsError("RAW_DAMAGED", f"the raw bytes {sha256} are gone: restore them")
    wanted = blanked(told, every)
    fresh, own = _written(settings, raw, form if before is None or before.form == "own" else "", every, wanted, parse)
    found = Redaction(store.file_sha256(fresh), "own" if own else "landed", every)
    target = store.raw_path(settings, found.generation)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh.chmod(0o440)
    fresh.rename(target)
    _write_note(settings, sha256, found)
    for old in {sha256, *([before.generation] if before else ())} - {found.generation}:
        store.raw_path(settings, old).unlink(missing_ok=True)


def blanked(told: pa.Table, lines: Iterable[int]) -> pa.Table:
    """The landed table with the rows at these lines as rows that could not be split: place and ordinal alone stay."""
    mine = pc.is_in(told["line"], value_set=pa.array(sorted(lines), pa.int64())).combine_chunks()
    headings = [name for name in told.column_names if name not in model.LANDED.names]
    nothing = pa.nulls(told.num_rows, pa.string())
    fault = pa.repeat(pa.scalar(model.NOT_TAKEN_OVER), told.num_rows)
    empty = digests([pa.nulls(1, pa.string()) for _ in headings], 1)[0]
    fresh = {"fault": fault, "numeric": nothing, "digest": pa.repeat(empty, told.num_rows)}
    for name in (*fresh, *headings):
        column = pc.if_else(mine, fresh.get(name, nothing), told[name])
        told = told.set_column(told.schema.get_field_index(name), name, column)
    return told


def _written(
    settings: Settings, raw: Path, form: str, lines: tuple[int, ...], wanted: pa.Table, parse: Parse
) -> tuple[Path, bool]:
    """A file with the lines blank, and whether it has the format of the one that was sent.

    A format that cannot be written, or bytes of which another row would change, leave land's own table instead.
    """
    scratch = settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix="redact.", dir=scratch)
    os.close(descriptor)
    path = Path(name)
    if form in FORMS:
        try:
            FORMS[form](raw, path, lines, wanted)
            if blanked(parse(path), lines).select(wanted.column_names).equals(wanted):
                _sync(path)
                return path, True
        except (GridfactsError, ValueError, pa.ArrowException, KeyError):
            pass
    store.write_table(path, wanted)
    _sync(path)
    return path, False


def _note(settings: Settings, sha256: str) -> Path:
    return store.raw_path(settings, sha256).with_name(f"{sha256}.redacted.json")


def _write_note(settings: Settings, sha256: str, found: Redaction) -> None:
    told = {"generation": found.generation, "form": found.form, "lines": list(found.lines)}
    path = _note(settings, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(told | {"mac": _mac(settings, sha256, found)}, sort_keys=True), "utf-8")
    _sync(fresh)
    fresh.rename(path)


def _mac(settings: Settings, sha256: str, found: Redaction) -> str:
    told = (sha256, found.generation, found.form, *map(str, found.lines))
    return keys.load(settings).record.digest("redacted", *told).hex()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
