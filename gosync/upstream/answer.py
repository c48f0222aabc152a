"""HTTP answer: what an upstream served, and the evidence of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import msgspec

from gosync.clock import format_time
from gosync.errors import RejectedError
from gosync.upstream.encoding import compressions

# Takes a body, piece by piece.
Sink = Callable[[bytes], object]

# What a header may not carry into evidence.
_SECRET_HEADERS: Final = frozenset({"set-cookie", "www-authenticate", "location"})
_HEADER_LIMIT_CHARACTERS: Final = 1000


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence: where, when and how bytes were served.

    Attributes:
        url: Where from, after redirects, without secrets.
        status: The HTTP status; 200 for a file.
        headers: The answer's headers, names in lower case, without secrets.
        at: When the headers arrived.
        size_bytes: How many bytes the body had, decoded.
        framed: Whether the transport marked the body's end. Where it did not
            (HTTP/1 without Content-Length or chunks), a body that was cut off
            looks complete, so bytes that fail a check may be half of good ones.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    at: datetime
    size_bytes: int
    framed: bool

    def facts(self) -> dict[str, object]:
        """Return the evidence as JSON."""
        return {
            "url": self.url,
            "status": self.status,
            "headers": dict(self.headers),
            "at": format_time(self.at),
            "size_bytes": self.size_bytes,
        }


class Response(msgspec.Struct, frozen=True):
    """A status 200 with its body, which is empty for HEAD and downloads.

    Attributes:
        body: The decoded bytes.
        served: Where they came from.
    """

    body: bytes
    served: Served

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.served.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, names in lower case."""
        return self.served.headers

    @property
    def url(self) -> str:
        """Where from, without secrets."""
        return self.served.url


@contextmanager
def refusable(served: Served, body: bytes = b"") -> Iterator[None]:
    """Let a RejectedError take along what it refuses, as evidence.

    Raises:
        RejectedError: What was raised inside.
    """
    try:
        yield
    except RejectedError as exc:
        if exc.served is None:
            exc.served, exc.answer = served.facts(), body or exc.answer
        raise


def shown_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers for evidence: joined, cut, without secrets."""
    shown: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name = name_bytes.decode("latin-1").lower()
        if name in _SECRET_HEADERS:
            continue
        value = value_bytes.decode("latin-1")
        before = shown.get(name)
        joined = value if before is None else f"{before}, {value}"
        shown[name] = joined[:_HEADER_LIMIT_CHARACTERS]
    return shown


def declared_size(headers: Mapping[str, str]) -> int | None:
    """Return the Content-Length, or None where it is absent, no number, or void.

    Chunks say themselves where they end (RFC 9112 section 6.3).
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return None
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdecimal() else None


def body_size(headers: Mapping[str, str]) -> int | None:
    """Return the size that the decoded body will have, or None if nobody says."""
    return None if compressions(headers) else declared_size(headers)
