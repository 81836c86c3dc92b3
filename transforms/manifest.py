"""A room writes its tables first and its manifest last; the next room refuses what has none, or an old one.

A manifest says what the output was made from (hashes of inputs, code and configuration), what it consists of
(sha256 and rows per file) and the counts the ledger takes. Outputs are caches keyed by it: what did not change
is reused, not rewritten.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Self

import pyarrow.parquet as pq

from transforms import store
from transforms.errors import StaleInputError
from transforms.model import Batch
from transforms.run import Run
from transforms.threads import beside, together

NAME = "manifest.json"
ROWS = ".rows"  # ends the name of an input that is rows of a database
_PACKAGE = Path(__file__).resolve().parent
_NOT_A_ROOM = {"cli.py", "run.py", "errors.py"}  # settings, words and the command line change no output


@dataclass(frozen=True)
class Manifest:
    """What stands in ``manifest.json``.

    Attributes:
        room: who wrote it.
        inputs: name → hash; a name ending in ``manifest.json`` is the path of an upstream manifest below the lake, one
            ending in ``.rows`` rows of a database.
        code: hash of the room's code.
        files: file name → {"sha256": hex, "rows": count or None}.
        facts: what the room wants the ledger or a person to know (counts, night, codes); never a personal value.
    """

    room: str
    inputs: dict[str, str]
    code: str
    files: dict[str, dict[str, str | int | None]] = field(default_factory=dict)
    facts: dict[str, str | int | None] = field(default_factory=dict)
    status: str = "complete"

    @cached_property
    def digest(self) -> str:
        """The hash downstream rooms record of this output: asked for again by every room that reads it.

        Of tables that it was made from only what came of them counts, which lies in its files: a room that ran again
        and wrote the same leaves all rooms behind it as they are (early cutoff: Mokhov, Mitchell, Peyton Jones, *Build
        Systems à la Carte*, ICFP 2018, section 4). Settings, model and code count whatever came of them.
        """
        settings = {name: told for name, told in self.inputs.items() if not name.endswith((NAME, ROWS))}
        return hashlib.sha256(replace(self, inputs=settings).text.encode()).hexdigest()

    @property
    def text(self) -> str:
        """What stands in the file."""
        return _canonical({one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The folder's manifest, or None where there is none that can be read."""
        try:
            return cls(**json.loads((folder / NAME).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=16)
def code_of(room: str) -> str:
    """Hash of a room's own files and of the shared modules it may lean on."""
    paths = sorted((_PACKAGE / room).rglob("*.py")) + sorted((_PACKAGE / room).rglob("*.sql"))
    paths += sorted(p for p in _PACKAGE.glob("*.py") if p.name not in _NOT_A_ROOM)
    digest = hashlib.sha256()
    for path in paths:
        digest.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@lru_cache(maxsize=16)
def configuration(expectations: Path, source: str | None = None) -> str:
    """Hash of kinds and lookups, and of one contract (or, for night-wide rooms, of all)."""
    paths = sorted((expectations / "kinds").glob("*.yml")) + sorted((expectations / "lookups").glob("*.csv"))
    paths += sorted((expectations / "contracts").glob(f"{source or '*'}.yml"))
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def fresh(folder: Path, room: str, inputs: Mapping[str, str]) -> Manifest | None:
    """The folder's manifest if the room would only write the same again, else None."""
    found = Manifest.read(folder)
    if found is None or found.status != "complete" or found.code != code_of(room) or found.inputs != dict(inputs):
        return None
    return found if damaged(folder, found) is None else None


def write(
    folder: Path,
    room: str,
    inputs: Mapping[str, str],
    facts: Mapping[str, str | int | None] | None = None,
    threads: int = 1,
) -> Manifest:
    """Describe every file that lies in the folder and write its manifest, last; so many files are read at once."""
    paths = sorted(p for p in folder.iterdir() if p.is_file() and p.name != NAME)
    digests = together(threads, [partial(store.file_sha256, path) for path in paths])
    files: dict[str, dict[str, str | int | None]] = {}
    for path, digest in zip(paths, digests, strict=True):
        rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
        files[path.name] = {"sha256": digest, "rows": rows}
    made = Manifest(room, dict(inputs), code_of(room), files, dict(facts or {}))
    (folder / NAME).write_text(made.text, "utf-8")
    return made


def require(lake: Path, folder: Path, room: str, files: Collection[str] | None = None) -> Manifest:
    """The manifest of an input, checked: there, complete, its files whole, and what it was made from unchanged.

    Args:
        lake: where rooms lay their tables.
        folder: of the input.
        room: who wrote it.
        files: those that will be read, of which alone it is asked whether they are whole; None: all.

    Raises:
        StaleInputError: saying stored, required and remedy.
    """
    found = _told(lake, folder, room)
    _whole(lake, folder, found, files)
    return found


def whole(folder: Path, found: Manifest, file: str) -> None:
    """As :func:`require`, of one file, for whoever reads one after the other.

    Raises:
        StaleInputError: saying stored, required and remedy.
    """
    _whole(folder.parent, folder, found, [file])


@contextlib.contextmanager
def meanwhile(
    lake: Path, folder: Path, room: str, threads: int, files: Collection[str] | None = None
) -> Iterator[tuple[Manifest, Callable[[], None]]]:
    """As :func:`require`, but whether the files are whole is found while the block reads them.

    Gives the manifest and what waits for the answer: the block hands nothing over before. A block that fails is told
    that its input was damaged rather than what came of that.

    Args:
        lake: where all rooms write.
        folder: the input.
        room: who wrote it.
        threads: how many the block may have.
        files: as for :func:`require`.

    Raises:
        StaleInputError: saying stored, required and remedy.
    """
    found = _told(lake, folder, room)
    with beside(threads, partial(_whole, lake, folder, found, files)) as looked:
        try:
            yield found, looked
        finally:
            looked()


def _whole(lake: Path, folder: Path, found: Manifest, files: Collection[str] | None = None) -> None:
    """Refuse an input one of whose files, or of some of them, is not as it was written."""
    if name := damaged(folder, found, files):
        where, told = str(folder.relative_to(lake)), f"{name} not as its manifest says"
        raise StaleInputError(where, told, "the file as written", _remedy(found.room))


def _remedy(room: str) -> str:
    commands = {"account": "apply' or 'gridfacts room close"}.get(room, room)
    return f"run 'gridfacts room {commands}' for this night again, or all of it: 'gridfacts run'"


def _told(lake: Path, folder: Path, room: str) -> Manifest:
    """The manifest of an input: there, complete, and what it was made from unchanged."""
    where, remedy = str(folder.relative_to(lake)), _remedy(room)
    found = Manifest.read(folder)
    if found is None:
        raise StaleInputError(where, "no manifest", f"a complete manifest of room {room}", remedy)
    if found.status != "complete" or found.room != room:
        raise StaleInputError(where, f"{found.status} by {found.room}", f"complete by {room}", remedy)
    for name, digest in found.inputs.items():
        if name.endswith(NAME):
            upstream = Manifest.read(lake / Path(name).parent)
            if upstream is None or upstream.digest != digest:
                now = upstream.digest[:12] if upstream else "nothing"
                raise StaleInputError(where, f"made from {name} {digest[:12]}", f"made from {now}", remedy)
    return found


def delivery_before(
    run: Run, batch: str, rooms: tuple[str, str], same: Mapping[str, str]
) -> tuple[Batch, Manifest] | None:
    """The last delivery of a source before this one of which a room's output stands.

    Args:
        run: the night; only what was landed by it counts.
        batch: this delivery.
        rooms: the room before, and the room whose output must be whole, of this code and of ...
        same: ... equal inputs under these names.

    Returns:
        The delivery, and its manifest of the room before.
    """
    this, (before, room) = Batch.parse(batch), rooms
    for one in sorted((one for one in map(Batch.parse, store.landed(run, this.source)) if one < this), reverse=True):
        folder, given = (store.batch_dir(run.settings, name, one.id) for name in (room, before))
        found = Manifest.read(folder)
        if found is None or found.code != code_of(room) or any(found.inputs.get(n) != told for n, told in same.items()):
            continue
        with contextlib.suppress(StaleInputError):
            require(run.settings.lake, folder, room)
            return one, require(run.settings.lake, given, before)
    return None


def upstream(lake: Path, folder: Path, found: Manifest) -> tuple[str, str]:
    """The entry under which a downstream manifest records this input."""
    return str((folder / NAME).relative_to(lake)), found.digest


def damaged(folder: Path, found: Manifest, files: Collection[str] | None = None, threads: int = 1) -> str | None:
    """The first file, or of some of them, that is not there as the manifest says; so many are read at once."""
    asked = [name for name in found.files if files is None or name in files]
    whole = together(threads, [partial(_as_told, folder / name, found.files[name]["sha256"]) for name in asked])
    return next((name for name, one in zip(asked, whole, strict=True) if not one), None)


def _as_told(path: Path, sha256: object) -> bool:
    return path.is_file() and sha256_of(path) == sha256


def sha256_of(path: Path) -> str:
    """The file's sha256; a process reads it once, until anybody touches the file."""
    seen = store.settled(path)
    return store.file_sha256(path) if seen is None else _remembered(path, seen)


@lru_cache(maxsize=4096)
def _remembered(path: Path, _seen: tuple[int, ...]) -> str:
    return store.file_sha256(path)
