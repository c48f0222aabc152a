"""Strings of the SSH protocol: four bytes of length, big endian, then the bytes.

RFC 4251, section 5. Parsers are strict: what is left over is an error.
"""

from __future__ import annotations

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
