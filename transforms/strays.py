"""What lies in the drop box and no source takes, as land leaves it for whoever tells people of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from transforms import manifest, store
from transforms.run import Run

FILE = "strays.json"


@dataclass(frozen=True)
class Stray:
    """One thing of the drop box, a file or a folder with all that lies in it.

    Attributes:
        name: below the drop box, fit to show: printable, numbers of persons masked; a folder's ends in ``/``.
        files, bytes: how much that is; links and pipes are files without bytes.
        source: whose it seems to be, by its name or the names of its files; null: nobody's.
        why: why no source takes it, in a sentence.
    """

    name: str
    files: int
    bytes: int
    source: str | None
    why: str


@dataclass(frozen=True)
class Strays:
    """All of them.

    Attributes:
        things, files, bytes: how many there are.
        whole: everything could be counted; else there are more.
        told: the first of them; the rest is only counted.
    """

    things: int
    files: int
    bytes: int
    whole: bool
    told: tuple[Stray, ...]

    def to_dict(self) -> dict[str, object]:
        """As it is written."""
        return asdict(self)

    @property
    def counted(self) -> str:
        """How much it is; no names."""
        some = "" if self.whole else "at least "
        return f"{_many(self.things, 'thing')} that no source takes, {some}{amount(self.files, self.bytes)}"

    @property
    def sources(self) -> list[str]:
        """The sources whose they seem to be, of those told."""
        return sorted({one.source for one in self.told if one.source})

    @property
    def rest(self) -> str:
        """What is not told one by one; empty where there is nothing."""
        return f"and {self.things - len(self.told):,} more" if self.things > len(self.told) else ""

    @property
    def lines(self) -> list[str]:
        """For a person at a console; nothing where nothing is astray."""
        if not self.things:
            return []
        told = [f"  {one.name} ({amount(one.files, one.bytes)}): {one.why}" for one in self.told]
        rest = [f"  {self.rest}"] if self.rest else []
        remedy = "nothing of them was taken in: lay each into the folder of its source, then run the night again"
        return [f"drop box: {self.counted}", *told, *rest, f"  {remedy}"]


def amount(files: int, size: int) -> str:
    """So many files and bytes, in words."""
    return f"{_many(files, 'file')}, {_many(size, 'byte')}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def noted(run: Run) -> Strays | None:
    """What land found astray when it last looked for this night; None: nothing.

    Raises:
        StaleInputError: the note is not as it was written.
    """
    folder = store.night_dir(run, "strays")
    if manifest.Manifest.read(folder) is None:
        return None
    manifest.require(run.settings.lake, folder, "land")
    told = json.loads((folder / FILE).read_text("utf-8"))
    return Strays(**told | {"told": tuple(Stray(**one) for one in told["told"])})
