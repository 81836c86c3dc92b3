"""What can go wrong, as types. A message names file, row, field and rule, never a value."""

from __future__ import annotations


class GridfactsError(Exception):
    """Base of every error gridfacts raises on purpose.

    Attributes:
        code: a short upper-case word a program may branch on (``EMPTY_FILE``, ``IMBALANCE`` ...).
    """

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        """Keep ``code`` beside the message."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.detail = message


class ConfigError(GridfactsError):
    """A contract, kind, key file or setting is wrong; nothing was started."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        """Say what is wrong and where."""
        super().__init__("CONFIG", message)


class RefusedError(GridfactsError):
    """REFUSE: the whole file is kept, not parsed further, with a reason. It fails only itself."""


class HeldError(GridfactsError):
    """HOLD: the drop waits for a named person; its source stays at its last good state."""


class StaleInputError(GridfactsError):
    """A room was offered an input whose manifest is missing, incomplete or stale."""

    def __init__(self, where: str, stored: str, required: str, remedy: str) -> None:
        """Say stored, required and remedy (design.md section 2)."""
        super().__init__("STALE_INPUT", f"{where}: stored {stored}; required {required}; remedy: {remedy}")


class ImbalanceError(GridfactsError):
    """HALT: sets of row ids differ between rooms. No release.

    Attributes:
        findings: one line per (room, source) that does not balance.
    """

    def __init__(self, findings: list[str]) -> None:
        """Join the findings into one message."""
        super().__init__("IMBALANCE", "; ".join(findings))
        self.findings = findings
