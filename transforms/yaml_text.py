"""YAML as it is read everywhere: safe, and by libyaml where it is there (ten times as fast)."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Any:  # noqa: ANN401 (whatever the text says; the caller's model judges it)
    """The document of a text; no tag of it can make an object.

    Raises:
        yaml.YAMLError: it is not YAML.
    """
    return yaml.load(text, _LOADER)  # noqa: S506 (both are safe loaders)
