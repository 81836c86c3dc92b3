"""The promoted model: one file in the home, link's frozen input.

Who put it there and why stands in control (table ``model``, :mod:`transforms.shadow.versions`). The file is the truth:
a night uses what it holds, and control follows it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, TypeAlias

from transforms.errors import ConfigError

FILE = "model.json"
SHADOW = "shadow_model.json"  # a night's own training, beside the pairs of its kind
_SHOWN = 12  # hexadecimal characters of a version
# Kind → how its pairs are scored, as JSON has it (transforms/link/scorer.py says what stands there). The order of keys
# is kept: it is the order in which levels are compared.
Kinds: TypeAlias = "dict[str, dict[str, Any]]"


def path(home: Path) -> Path:
    """Where a deployment's promoted model lies, if any was promoted."""
    return home / FILE


def digest(content: object) -> str:
    """Sha256 in hex over a model's kinds, or over one kind of it."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def version_of(kinds: Kinds) -> str:
    """The version of a model: it is told by its content alone."""
    return digest(kinds)[:_SHOWN]


def text_of(kinds: Kinds) -> str:
    """A model file, equal for equal kinds."""
    document = {"version": version_of(kinds), "kinds": kinds}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read(file: Path) -> tuple[str, Kinds]:
    """Version and kinds of a model file.

    Raises:
        ConfigError: it is none.
    """
    try:
        document = json.loads(file.read_text("utf-8"))
        version, kinds = str(document["version"]), document["kinds"]
        return version, {str(kind): dict(content) for kind, content in kinds.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file}: not a model: {type(error).__name__}") from None


def put(home: Path, text: str | None) -> None:
    """Make this the promoted model, or with None the shipped one the model in use: whole and lasting, or not at all."""
    if text is None:
        path(home).unlink(missing_ok=True)
    else:
        handle, name = tempfile.mkstemp(prefix=f".{FILE}.", dir=home)
        fresh = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.chmod(0o644)  # a night of another account reads it
            fresh.replace(path(home))
        finally:
            fresh.unlink(missing_ok=True)
    folder = os.open(home, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
