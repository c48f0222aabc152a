"""Digests: what a blob is named by.

A digest is the sha256 of a file's bytes in 64 lower-case hex digits. It is not
Go's ``h1:``, which is taken over a zip's contents: one h1 may have many digests.
"""

from __future__ import annotations

import hashlib
from typing import NewType

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

Digest = NewType("Digest", str)

_HEX = compile_on_use(r"[0-9a-f]{64}")


def parse_digest(text: str) -> Digest:
    """Return the text as a digest.

    Raises:
        MalformedError: it is not 64 lower-case hex digits.
    """
    if not is_digest(text):
        raise MalformedError("digest", text, "want 64 lower-case hex digits")
    return Digest(text)


def is_digest(text: str) -> bool:
    """Return whether the text is a digest."""
    return _HEX.fullmatch(text) is not None


def digest_of(data: bytes) -> Digest:
    """Return the digest of these bytes."""
    return Digest(hashlib.sha256(data).hexdigest())
