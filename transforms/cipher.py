"""What seals the vault: the one class that names an algorithm. Another cipher (SM4-GCM, GB/T 32907) takes its place."""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

NONCE = 12  # bytes before every ciphertext


class Cipher:
    """AES-256-GCM-SIV (RFC 8452): a nonce that comes twice gives away equal texts only, which the token does anyway."""

    def __init__(self, secret: bytes) -> None:
        """Take a secret of 32 bytes."""
        self._cipher = AESGCMSIV(secret)

    def seal(self, nonce: bytes, text: str) -> bytes:
        """The nonce, of :data:`NONCE` bytes, and the ciphertext behind it."""
        return nonce + self._cipher.encrypt(nonce, text.encode("utf-8"), None)

    def open(self, sealed: bytes) -> str | None:
        """The text behind :meth:`seal`; None under another secret, or where bytes are damaged."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], None).decode("utf-8")
        except InvalidTag:
            return None


@lru_cache(maxsize=8)
def of(secret: bytes) -> Cipher:
    """The cipher under a secret; made once."""
    return Cipher(secret)
