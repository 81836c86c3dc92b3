"""A home for one question: the night's own tables as they lie, another model, and nothing that outlasts the answer.

Link and resolve are functions of their inputs, and the model is a file of the home. So a home is made whose lake leads
to the real one, all but what these two rooms left of the kind, and whose ``model.json`` is the one that is asked about.
Both databases are the real ones, of which the rooms only read.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from transforms import frozen, kinds
from transforms.kinds import Kind
from transforms.run import Run


@contextmanager
def scratch(run: Run, kind: Kind, text: str) -> Iterator[Run]:
    """The night in a home of its own, gone afterwards.

    Args:
        run: the night.
        kind: which will be linked and resolved there.
        text: the model file that is in use there.
    """
    settings = run.settings
    (settings.home / "tmp").mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="compare.", dir=settings.home / "tmp"))
    try:
        frozen.put(home, text)
        night = Path("lake", "night", run.night)
        stage = {name for name, one in kinds.load_all(settings.expectations).items() if one.stage == kind.stage}
        _lead(home / "lake", settings.lake, {"night"})
        _lead(home / night, settings.home / night, {"link", "resolve"})
        _lead(home / night / "link", settings.home / night / "link", {kind.kind})
        _lead(home / night / "resolve", settings.home / night / "resolve", stage)
        keys = settings.keys or settings.home / "keys.yml"
        yield replace(run, settings=replace(settings, home=home, keys=keys))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _lead(here: Path, there: Path, without: set[str]) -> None:
    """Make a folder whose every entry leads to the one of its name there, less some."""
    here.mkdir(parents=True, exist_ok=True)
    for entry in there.iterdir():
        if entry.name not in without and not entry.name.startswith("."):
            (here / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
