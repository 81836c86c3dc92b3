"""Marks of the keys a deployment was made with: a wrong or missing key refuses to start, before it can do harm.

A night under another record, mint or token key would give every person another id, and say so nowhere. The mark of a
key is a keyed hash of nothing but its purpose; it lies in ``head/KEYS.json`` beside HEAD and gives nothing away.
"""

from __future__ import annotations

import json
from pathlib import Path

from transforms import keys
from transforms.errors import ConfigError
from transforms.run import Settings

_FOR_LIFE = ("record", "mint")  # keys that never rotate: ids last longer than keys
Marks = dict[str, dict[str, str]]


def require(settings: Settings) -> None:
    """Compare the deployment's keys with the marks of those it has worked with; the first time, mark them.

    A deployment without keys and without marks has nothing to protect yet.

    Raises:
        ConfigError: keys are missing, a key of a known id is another one, or a key that never rotates has.
    """
    path = settings.home / "head" / "KEYS.json"
    marks = _read(path)
    if not marks and settings.keys_yaml is None and not settings.key_file.is_file():
        return
    known = keys.load(settings)
    now: Marks = {purpose: dict(told) for purpose, told in marks.items()}
    for purpose in keys.PURPOSES:
        key = getattr(known, purpose)
        held, mark = now.setdefault(purpose, {}), _mark(key, purpose)
        for one in keys.held(settings, purpose):
            if held.get(one.key_id, _mark(one, purpose)) != _mark(one, purpose):
                raise ConfigError(_said(purpose, one.key_id, "is not the key this deployment was made with"))
        if held and key.key_id not in held and purpose in _FOR_LIFE:
            raise ConfigError(_said(purpose, key.key_id, f"is new, but {purpose} keys never rotate"))
        held[key.key_id] = mark
    if now != marks:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(now, indent=1, sort_keys=True), "utf-8")
        fresh.rename(path)


def _mark(key: keys.Key, purpose: str) -> str:
    return key.digest("mark", purpose).hex()[:16]


def _said(purpose: str, key_id: str, what: str) -> str:
    return f"key {key_id!r} of purpose {purpose!r} {what}; nothing was started; remedy: bring back the right keys"


def _read(path: Path) -> Marks:
    try:
        return {str(p): dict(told) for p, told in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError):
        raise ConfigError(f"{path} cannot be read: restore it, or remove it if the keys are surely right") from None
