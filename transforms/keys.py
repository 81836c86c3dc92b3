"""Keyed identifiers: record ids, minted identities, link tokens, ciphertext. Keys come from a file, never from code.

Record and mint keys never rotate (an id is for life); token, vault, export, receipt and audit keys do, under a key id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from transforms.errors import ConfigError
from transforms.run import Settings

PURPOSES = ("record", "mint", "token", "vault", "export", "receipt", "audit")
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Key:
    """One key of one purpose."""

    key_id: str
    secret: bytes

    def digest(self, *parts: str) -> bytes:
        """HMAC-SHA256 over the parts, unambiguously joined."""
        return hmac.digest(self.secret, _SEPARATOR.join(parts).encode("utf-8", "surrogatepass"), "sha256")

    def identifier(self, *parts: str) -> str:
        """26 characters of lower-case base32: the first 128 bits of the digest."""
        return base64.b32encode(self.digest(*parts)[:16]).decode().rstrip("=").lower()


@dataclass(frozen=True)
class Keys:
    """The current key of every purpose."""

    record: Key
    mint: Key
    token: Key
    vault: Key
    export: Key
    receipt: Key
    audit: Key

    def record_id(self, source: str, kind: str, natural_key: Iterable[str]) -> str:
        """The lasting id of a record: (source, kind, natural key), which itself is never published."""
        return self.record.identifier("record", source, kind, *natural_key)

    def entity_id(self, kind: str, founding_record: str, release: int) -> str:
        """A newly minted identity (design.md section 5.5)."""
        return self.mint.identifier("entity", kind, founding_record, str(release))

    def link_token(self, what: str, value: str) -> str:
        """A keyed token of a normalised identifier: equal values, equal tokens, and no way back without the key."""
        return self.token.identifier("token", what, value)

    def seal(self, value: str) -> bytes:
        """Ciphertext of a value: AES-GCM-SIV (RFC 8452), nonce from the value so that a retry gives equal bytes."""
        nonce = self.vault.digest("nonce", value)[:12]
        return nonce + AESGCMSIV(self._vault_key()).encrypt(nonce, value.encode("utf-8"), None)

    def unseal(self, sealed: bytes) -> str:
        """The value behind :meth:`seal`.

        Raises:
            cryptography.exceptions.InvalidTag: another key, or damaged bytes.
        """
        return AESGCMSIV(self._vault_key()).decrypt(sealed[:12], sealed[12:], None).decode("utf-8")

    def _vault_key(self) -> bytes:
        return self.vault.digest("cipher")


def create(path: Path) -> None:
    """Write a new key file, readable by its owner only. For demonstrations and first installations."""
    document = {p: {f"{p}-1": base64.b64encode(secrets.token_bytes(32)).decode()} for p in PURPOSES}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(
        "# purpose -> key id -> base64 key. Keep it out of backups of the data.\n" + yaml.safe_dump(document), "utf-8"
    )


@lru_cache(maxsize=4)
def load(settings: Settings) -> Keys:
    """Read the deployment's keys: ``GRIDFACTS_KEYS``, else ``keys.yml`` in the home.

    Raises:
        ConfigError: no key file, a purpose missing, or a key that is no base64 of at least 32 bytes.
    """
    path = settings.keys or settings.home / "keys.yml"
    if not path.is_file():
        raise ConfigError(
            f"no key file at {path}: set GRIDFACTS_KEYS, or make demonstration keys with 'gridfacts demo keys'"
        )
    document = yaml.safe_load(path.read_text("utf-8"))
    return Keys(**{purpose: _current(path, document, purpose) for purpose in PURPOSES})


def _current(path: Path, document: object, purpose: str) -> Key:
    """The key of a purpose whose id sorts last."""
    found = document.get(purpose) if isinstance(document, dict) else None
    if not isinstance(found, dict) or not found:
        raise ConfigError(f"{path}: no key for purpose {purpose!r}")
    key_id = max(found)
    try:
        secret = base64.b64decode(found[key_id], validate=True)
    except (ValueError, TypeError):
        raise ConfigError(f"{path}: key {key_id!r} of purpose {purpose!r} is not base64") from None
    if len(secret) < hashlib.sha256().digest_size:
        raise ConfigError(f"{path}: key {key_id!r} of purpose {purpose!r} is shorter than 32 bytes")
    return Key(key_id, secret)
