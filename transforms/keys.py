"""Keyed identifiers: record ids, minted identities, link tokens, ciphertext. Keys are a file or a variable, never code.

Record and mint keys never rotate (an id is for life); token, vault, export, receipt and audit keys do, under a key id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from cryptography.exceptions import InvalidTag

from transforms import cipher
from transforms.errors import ConfigError
from transforms.run import KEYS_YAML, Settings

PURPOSES = ("record", "mint", "token", "vault", "export", "receipt", "audit")
SEPARATOR = "\x1f"
_ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8)  # RFC 4648 base32, lower case
_CHARACTERS = 26
_LONGEST_ID = 40  # base64 of 32 bytes is longer
_PAIRS = [chr(first) + chr(second) for first in _ALPHABET for second in _ALPHABET]  # ten bits -> two characters
_PLACES = range(120, -1, -10)


@dataclass(frozen=True)
class Key:
    """One key of one purpose."""

    key_id: str
    secret: bytes = field(repr=False)

    def digest(self, *parts: str) -> bytes:
        """HMAC-SHA256 over the parts, unambiguously joined."""
        return hmac.digest(self.secret, SEPARATOR.join(parts).encode("utf-8", "surrogatepass"), "sha256")

    def identifier(self, *parts: str) -> str:
        """26 characters of lower-case base32 (RFC 4648, no padding): the first 128 bits of the digest."""
        bits = int.from_bytes(self.digest(*parts)[:16], "big") << 2  # 130 bits: thirteen pairs of characters
        return "".join([_PAIRS[bits >> place & 1023] for place in _PLACES])

    def identifiers(self, first: tuple[str, ...], rest: pa.Array) -> pa.Array:
        """:meth:`identifier` of many texts at once, about ten times as fast.

        Args:
            first: the parts that all have in common.
            rest: text, not null: the other parts of each, joined by U+001F.

        Returns:
            One identifier for each, in order.
        """
        told = rest.cast(pa.binary()).to_pylist()
        if not told:
            return pa.array([], pa.string())
        return _base32(b"".join([digest[:16] for digest in self.digests(first, told)]))

    def digests(self, first: tuple[str, ...], rest: Iterable[bytes]) -> Iterator[bytes]:
        """:meth:`digest` of many texts, each behind the parts that all have in common."""
        block = hashlib.sha256().block_size
        secret = self.secret if len(self.secret) <= block else hashlib.sha256(self.secret).digest()
        padded = secret.ljust(block, b"\0")
        inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))  # RFC 2104: the key's part is hashed once
        outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))
        inner.update("".join(part + SEPARATOR for part in first).encode())
        for text in rest:
            one, two = inner.copy(), outer.copy()
            one.update(text)
            two.update(one.digest())
            yield two.digest()


@dataclass(frozen=True)
class Keys:
    """The current key of every purpose, and those the vault was sealed with before."""

    record: Key
    mint: Key
    token: Key
    vault: Key
    export: Key
    receipt: Key
    audit: Key
    vault_before: tuple[Key, ...] = ()

    def record_id(self, source: str, kind: str, natural_key: Iterable[str]) -> str:
        """The lasting id of a record: (source, kind, natural key), which itself is never published."""
        return self.record.identifier("record", source, kind, *natural_key)

    def record_ids(self, source: str, kind: str, natural_keys: pa.Array) -> pa.Array:
        """:meth:`record_id` of many natural keys at once, the parts of each joined by U+001F."""
        return self.record.identifiers(("record", source, kind), natural_keys)

    def entity_ids(self, kind: str, founding_records: pa.Array, release: int) -> pa.Array:
        """Newly minted identities (design.md section 5.5), one for each founding record, in order."""
        told = pc.binary_join_element_wise(founding_records, str(release), SEPARATOR)
        return self.mint.identifiers(("entity", kind), told)

    def link_token(self, what: str, value: str) -> str:
        """A keyed token of a normalised identifier: equal values, equal tokens, and no way back without the key."""
        return self.token.identifier("token", what, value)

    def link_tokens(self, what: str, values: pa.Array) -> pa.Array:
        """:meth:`link_token` of many values at once."""
        return self.token.identifiers(("token", what), values)

    def seal(self, value: str) -> bytes:
        """Ciphertext under the current vault key; nonce from the value, so that a retry gives equal bytes."""
        return self.seal_all([value])[0]

    def seal_all(self, values: Iterable[str]) -> list[bytes]:
        """:meth:`seal` of many values at once."""
        told = list(values)
        nonces = self.vault.digests(("nonce",), [value.encode("utf-8") for value in told])
        made = _cipher(self.vault)
        return [made.seal(nonce[: cipher.NONCE], value) for nonce, value in zip(nonces, told, strict=True)]

    def unseal(self, sealed: bytes) -> str:
        """The value behind :meth:`seal`, under the current vault key or one that was current before.

        Raises:
            cryptography.exceptions.InvalidTag: none of them, or damaged bytes.
        """
        for key in (self.vault, *self.vault_before):
            if (found := _cipher(key).open(sealed)) is not None:
                return found
        raise InvalidTag


def _cipher(vault: Key) -> cipher.Cipher:
    return cipher.of(vault.digest("cipher"))


def _base32(digests: bytes) -> pa.Array:
    """Each 16 bytes as 26 characters."""
    high, low = np.frombuffer(digests, ">u8").astype(np.uint64).reshape(-1, 2).T
    codes = np.empty((len(high), _CHARACTERS), np.uint8)
    for at in range(_CHARACTERS):
        shift = 123 - 5 * at  # of the five bits within 128; the last character has three, and two zeros
        if shift >= 64:
            bits = high >> np.uint64(shift - 64)
        elif shift > 59:
            bits = (high << np.uint64(64 - shift)) | (low >> np.uint64(shift))
        else:
            bits = low >> np.uint64(shift) if shift >= 0 else low << np.uint64(-shift)
        codes[:, at] = bits & np.uint64(31)
    ends = np.arange(0, _CHARACTERS * (len(high) + 1), _CHARACTERS, dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(_ALPHABET[codes].tobytes())]
    return pa.Array.from_buffers(pa.string(), len(high), buffers)


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
    """Read the deployment's keys: ``GRIDFACTS_KEYS_YAML``, else the file ``GRIDFACTS_KEYS``, else ``keys.yml`` at home.

    Raises:
        ConfigError: no keys, a purpose missing, or a key that is no base64 of at least 32 bytes. It names the variable
            or the file, purpose and key id, and nothing else of what stands there.
    """
    where, document = _told(settings)
    current = {purpose: _current(where, document, purpose) for purpose in PURPOSES}
    before = tuple(one for one in _all(where, document, "vault") if one != current["vault"])
    return Keys(**current, vault_before=before)


def _told(settings: Settings) -> tuple[str, dict[str, dict[str, str]]]:
    """Where the keys stand, as messages name it, and what is told there."""
    if settings.keys_yaml is not None:
        return KEYS_YAML, _document(KEYS_YAML, settings.keys_yaml)
    path = settings.key_file
    if not path.is_file():
        raise ConfigError(
            f"no key file at {path}: set GRIDFACTS_KEYS or {KEYS_YAML}, "
            "or make demonstration keys with 'gridfacts demo keys'"
        )
    return str(path), _document(str(path), path.read_text("utf-8"))


@lru_cache(maxsize=4)
def _document(where: str, text: str) -> dict[str, dict[str, str]]:
    """What is told of keys, parsed once: every command asks for the keys of every purpose."""
    try:
        document: dict[str, dict[str, str]] = yaml.safe_load(text)
    except yaml.YAMLError:  # its message quotes the line
        raise ConfigError(f"{where}: not YAML") from None
    return document


def held(settings: Settings, purpose: str) -> list[Key]:
    """Every key of a purpose that the deployment holds, the current one first.

    Raises:
        ConfigError: no keys, or one among them that is none.
    """
    load(settings)
    return _all(*_told(settings), purpose)


def of(settings: Settings, purpose: str, key_id: str) -> Key:
    """A key of a purpose by its id, the current one or an older: what it signed can still be verified.

    Raises:
        ConfigError: no keys, or no such key among them.
    """
    for key in held(settings, purpose):
        if key.key_id == key_id:
            return key
    where, _ = _told(settings)
    raise ConfigError(f"{where}: no key {key_id!r} of purpose {purpose!r}: it was removed, or never was here")


def _all(where: str, document: dict[str, dict[str, str]], purpose: str) -> list[Key]:
    found = document[purpose]
    return [_current(where, {purpose: {key_id: found[key_id]}}, purpose) for key_id in sorted(found, reverse=True)]


def _current(where: str, document: object, purpose: str) -> Key:
    """The key of a purpose whose id sorts last."""
    found = document.get(purpose) if isinstance(document, dict) else None
    if not isinstance(found, dict) or not found:
        raise ConfigError(f"{where}: no key for purpose {purpose!r}")
    if not all(isinstance(key_id, str) and len(key_id) <= _LONGEST_ID for key_id in found):
        # Perhaps the secret itself, written where its id belongs: it is not repeated, nor kept among the marks.
        raise ConfigError(f"{where}: an id of a key of purpose {purpose!r} is no text of at most {_LONGEST_ID} letters")
    key_id = max(found)
    try:
        secret = base64.b64decode(found[key_id], validate=True)
    except (ValueError, TypeError):
        raise ConfigError(f"{where}: key {key_id!r} of purpose {purpose!r} is not base64") from None
    if len(secret) < hashlib.sha256().digest_size:
        raise ConfigError(f"{where}: key {key_id!r} of purpose {purpose!r} is shorter than 32 bytes")
    return Key(key_id, secret)
