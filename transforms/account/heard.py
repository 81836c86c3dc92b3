"""What doors said ahead of ``close``, with everything they were told from: close takes their word if all is as it was.

A group of doors is a function of the tables that it reads, of code, configuration and keys, and of the judgements in
force (a kind's doors ask for its own; those on doors of the address library count for all). It is told with a night of
its own that notes every manifest it asks for; all of these are its claim. So a night that runs again tells those groups
alone of which anything changed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from transforms import database, keys, manifest, model, store
from transforms.account.pages import Pages
from transforms.errors import StaleInputError

Tell = Callable[[Pages], Iterator[str]]
_TOLD = "told.json"
_JUDGED = ["kind", "left_record", "right_record", "decision"]


class Heard:
    """The groups of doors of a night that were told, by name."""

    def __init__(self, pages: Pages) -> None:
        """Nothing is read yet."""
        self._pages, self._night = pages, pages.night

    def hear(self, name: str, tell: Tell) -> list[str]:
        """Tell a group of doors and keep what they said, where that is not kept yet: findings, empty when all holds.

        Raises:
            StaleInputError: a room's output is missing, incomplete or stale.
        """
        if (said := self.said(name)) is not None:
            return said
        apart = self._pages.apart()
        found = list(tell(apart))
        claim = self._claim(name, apart.night.inputs)
        with store.output(self._folder(name)) as fresh:
            told = {"claim": claim, "said": found, "mac": self._mac(claim, found)}
            (fresh / _TOLD).write_text(_canonical(told), "utf-8")
        return found

    def said(self, name: str) -> list[str] | None:
        """What the group said, or None where it was not told, or from anything that is not as it was."""
        try:
            stored = json.loads((self._folder(name) / _TOLD).read_text("utf-8"))
            claim, found, mac = stored["claim"], stored["said"], str(stored["mac"])
            ours = hmac.compare_digest(mac, self._mac(claim, found))
            if not ours or claim != self._claim(name, self._as_they_are(claim["inputs"])):
                return None
        except (OSError, ValueError, KeyError, TypeError, StaleInputError):
            return None
        return [str(finding) for finding in found]

    def _as_they_are(self, inputs: dict[str, str]) -> dict[str, str]:
        """The same inputs as they stand now; every file of every manifest is compared with its hash."""
        settings = self._night.run.settings
        now = dict(self._night.standing)
        for name in (name for name in inputs if name.endswith(manifest.NAME)):
            folder = Path(name).parent
            room = folder.parts[2 if folder.parts[0] == "night" else 0]
            found = self._night.require(settings.lake / folder, room)
            now |= [manifest.upstream(settings.lake, settings.lake / folder, found)]
        return now

    def _claim(self, name: str, inputs: dict[str, str]) -> dict[str, object]:
        kind = name.rpartition("-")[0]
        judged = [one for one in self._judged if one["kind"] in (kind, model.DOOR)]
        told = hashlib.sha256(_canonical(sorted(map(_canonical, judged))).encode()).hexdigest()
        return {"doors": name, "inputs": inputs, "judgements": told, **self._standing}

    @cached_property
    def _judged(self) -> list[dict[str, object]]:
        """The judgements in force."""
        control = database.open_databases(self._night.run.settings).control
        return list(database.read(control, "judgement", _JUDGED, {"retired_by": None}).to_pylist())

    @cached_property
    def _standing(self) -> dict[str, str]:
        """What every group stands on besides tables."""
        settings = self._night.run.settings
        return {
            "code": manifest.code_of("account"),
            "reader": manifest.code_of("land"),
            "keys": keys.load(settings).record.identifier("heard"),
        }

    def _folder(self, name: str) -> Path:
        return store.night_dir(self._night.run, "account", "heard") / name

    def _mac(self, claim: object, told: object) -> str:
        return keys.load(self._night.run.settings).audit.digest("heard", _canonical([claim, told])).hex()


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
