"""Looks for what no source takes of the drop box: a department that misspelt its folder believes that its data came.

Nothing of it is opened, followed or taken in, and no source and no night fails of it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import OSA

from transforms import contract as contracts
from transforms import dropped, manifest, store
from transforms.contract import Contract
from transforms.land.tally import Budget, Tally, tally
from transforms.land.words import masked
from transforms.run import Run
from transforms.strays import FILE, Stray, Strays

MOST = 20  # told one by one
_SYSTEM = "lost+found"  # the system's own, at the root of a disk
_SLIPS, _LETTERS = 2, 5  # so many slips of the pen at most, and one in so many letters
_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class _Thing:
    """What lies beside the folders of the sources; ``shut``: why it is no folder of the source whose code it has."""

    name: str
    folder: bool
    regular: bool
    held: Tally
    shut: str | None
    near: str | None


def strays(run: Run) -> Strays:
    """Look through the drop box for what no source takes, and note it for the night.

    Args:
        run: the night; its drop box has one folder per source code.

    Returns:
        What was found, written to ``night/<night>/strays/`` where it is anything.

    Raises:
        ConfigError: a contract is wrong.
    """
    found = look(run.drops, contracts.load_all(run.settings.expectations))
    with contextlib.suppress(OSError):  # a disk that takes nothing: the rooms will meet it, and say it
        _note(run, found)
    return found


def look(drops: Path, known: Mapping[str, Contract], budget: Budget | None = None) -> Strays:
    """What of a drop box no source takes, those with the name of a source nearly first, then folders, then by name.

    Args:
        drops: the drop box.
        known: contracts by source.
        budget: how many things may be looked at.
    """
    budget, things, whole = budget or Budget(), [], True
    try:
        with os.scandir(drops) as entries:
            for entry in entries:
                if not budget.spend():
                    whole = False
                    break
                if dropped.is_delivery(entry.name) and (thing := _thing(entry, known, budget)):
                    things.append(thing)
    except FileNotFoundError:
        pass  # nobody has dropped anything yet
    except OSError as error:
        why = f"the drop box cannot be read ({_named(error)})"
        return Strays(1, 0, 0, whole=False, told=(Stray("./", 0, 0, None, why),))
    things.sort(key=lambda one: (one.near is None, not one.folder, one.name))
    files, size = sum(one.held.files for one in things), sum(one.held.bytes for one in things)
    told = tuple(_told(one, known) for one in things[:MOST])
    return Strays(len(things), files, size, whole and all(one.held.whole for one in things), told)


def _thing(entry: os.DirEntry[str], known: Mapping[str, Contract], budget: Budget) -> _Thing | None:
    """What a source does not take; None of a source's own folder, of an empty one, of what has gone meanwhile."""
    shut = _shut(entry.path) if entry.name in known else None
    if entry.name in known and shut is None:
        return None
    folder = entry.is_dir(follow_symlinks=False)
    if folder:
        regular, held = False, tally(Path(entry.path), budget, known.keys())
        if entry.name == _SYSTEM or (held.whole and not held.files):
            return None
    else:
        try:
            told = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        regular = stat.S_ISREG(told.st_mode)
        held = Tally(1, told.st_size if regular else 0, names=[entry.name])
    return _Thing(entry.name, folder, regular, held, shut, near(entry.name, known.keys()))


def _shut(path: str) -> str | None:
    """Why land finds no folder here; None where it does."""
    try:
        os.scandir(path).close()
    except OSError as error:
        if error.errno == errno.ENOTDIR:
            return "the folder of this source should be here, and this is none"
        return f"the folder of this source cannot be read ({_named(error)})"
    return None


def _named(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def near(name: str, sources: Collection[str]) -> str | None:
    """The source whose code a name nearly is: written otherwise, with a slip or two, or with more behind it."""
    plain = _WORD.sub("_", unicodedata.normalize("NFKC", name).casefold()).strip("_")
    more = [code for code in sources if f"{plain}_".startswith(f"{code}_")]
    if more:
        return max(more, key=len)
    slips, code = min(((OSA.distance(plain, code), code) for code in sources), default=(0, ""))
    return code if code and slips <= _SLIPS and slips * _LETTERS <= len(code) else None


def _told(thing: _Thing, known: Mapping[str, Contract]) -> Stray:
    held, source = thing.held, thing.near or _by_files(thing.held.names, known)
    if thing.shut:
        why = thing.shut
    elif thing.folder:
        why = _why_folder(thing, source)
    elif thing.regular:
        meant = f"; by its name it is for {source}: lay it into {source}/" if source else ""
        why = f"lies beside the folders of the sources{meant}"
    else:
        why = "a link, a pipe or a device: nothing is read through it"
    name = masked(thing.name) + ("/" if thing.folder else "")
    return Stray(name, held.files, held.bytes, source, why)


def _why_folder(thing: _Thing, source: str | None) -> str:
    why = "no contract of this name"
    if thing.near:
        why += f"; did you mean {source}?"
    elif thing.held.sources:
        why += "; folders of sources lie in it: is it the drop box that was meant?"
    elif source:
        why += f"; its files are named like those of {source}"
    return why if thing.held.whole else f"{why}; not all of it could be counted"


def _by_files(names: Iterable[str], known: Mapping[str, Contract]) -> str | None:
    """The one source whose files are named like these."""
    found = {s for name in names for s, one in known.items() if re.fullmatch(one.arrives.file_pattern, name)}
    return found.pop() if len(found) == 1 else None


def _note(run: Run, found: Strays) -> None:
    folder = store.night_dir(run, "strays")
    if not found.things:
        shutil.rmtree(folder, ignore_errors=True)
        return
    text = json.dumps(found.to_dict(), ensure_ascii=False, indent=1, sort_keys=True)
    inputs = {"strays": hashlib.sha256(text.encode()).hexdigest()}
    if manifest.fresh(folder, "land", inputs):
        return
    with store.output(folder) as tmp:
        (tmp / FILE).write_text(text + "\n", "utf-8")
        manifest.write(tmp, "land", inputs, {"things": found.things, "files": found.files, "bytes": found.bytes})
