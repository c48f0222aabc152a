"""Conditional requests and ranges (RFC 9110, sections 13 and 14). Pure.

One range of bytes is understood; of several the whole is sent, as the RFC lets us.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_RANGE: Final = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII)
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


class ByteRange(NamedTuple):
    """Some bytes of a file.

    Attributes:
        start: The first one's number.
        end: The number after the last one's; no more than ``start`` means that the
            file has none of what was asked for.
    """

    start: int
    end: int

    @property
    def is_satisfiable(self) -> bool:
        """Whether the file has any of them."""
        return self.start < self.end


def is_current(if_none_match: str, etag: str) -> bool:
    """Return whether a client has the answer with this tag already."""
    if if_none_match.strip() == "*":
        return True
    return etag in _TAG.findall(if_none_match)


def read_range(value: str, size: int) -> ByteRange | None:
    """Return the bytes that a Range header asks for; None for the whole file.

    Args:
        value: The header.
        size: The file's size.
    """
    match = _RANGE.fullmatch(value)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        start = max(0, size - int(match[2]))
        return ByteRange(start if int(match[2]) else size, size)
    start = int(match[1])
    last = int(match[2]) if match[2] else size - 1
    if match[2] and last < start:
        return None
    return ByteRange(start, max(start, min(last + 1, size)) if start < size else start)


def takes_range(if_range: str | None, etag: str) -> bool:
    """Return whether a range may be sent, as the client has this very file."""
    return if_range is None or if_range.strip() == etag
