"""How signatures are written: strings of the SSH protocol, and base64.

A string is four bytes of length, big endian, then the bytes (RFC 4251, section 5).
Parsers are strict: what is left over is an error, and so is base64 that is not the
one way to write its bytes; only line ends are free.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from gosync.errors import MalformedError

_LENGTH_BYTES: Final = 4


def format_strings(*values: bytes) -> bytes:
    """Return these strings in their form on the wire."""
    return b"".join(len(each).to_bytes(_LENGTH_BYTES, "big") + each for each in values)


def parse_strings(what: str, data: bytes, *, count: int) -> list[bytes]:
    """Return exactly so many strings; the inverse of ``format_strings``.

    Raises:
        MalformedError: There are fewer, or more bytes.
    """
    found = []
    for _ in range(count):
        size = int.from_bytes(data[:_LENGTH_BYTES], "big")
        end = _LENGTH_BYTES + size
        if len(data) < end:
            raise MalformedError(what, data[:20].hex(), "ends early")
        found.append(data[_LENGTH_BYTES:end])
        data = data[end:]
    if data:
        raise MalformedError(what, data[:20].hex(), "goes on after its end")
    return found


def decode_base64(what: str, data: bytes) -> bytes:
    """Return the bytes that base64 in lines stands for.

    Raises:
        MalformedError: It is no canonical base64.
    """
    joined = b"".join(data.split())
    try:
        raw = base64.b64decode(joined, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError(what, repr(data[:40]), "not base64") from None
    if base64.b64encode(raw) != joined:
        raise MalformedError(what, repr(data[:40]), "not canonical base64")
    return raw
