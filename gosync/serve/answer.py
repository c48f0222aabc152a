"""Answers as values, and how the server sends them.

The protocol is granian's RSGI: the response is begun with its status and headers, and
a file is sent by the server itself. Lengths, ranges, HEAD and conditions are ours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Final, Protocol, TypeAlias

import msgspec

from gosync.serve.accesslog import Outcome
from gosync.serve.asked import NO_STORE
from gosync.serve.conditions import is_current, read_range, takes_range
from gosync.serve.files import Headers, ServedEntry

_TEXT_HEADERS: Final = [
    ("content-type", "text/plain; charset=utf-8"),
    ("x-content-type-options", "nosniff"),
]
_NOT_WITH_304: Final = frozenset({"content-type", "content-encoding", "accept-ranges"})
Pairs: TypeAlias = Sequence[tuple[str, str]]


class RequestHeaders(Protocol):
    """Headers of a request, as the server has them."""

    def __contains__(self, key: str) -> bool: ...

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return a header by its name in lower case."""
        ...


class RequestScope(Protocol):
    """A request, as the server describes it."""

    proto: str
    http_version: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str

    @property
    def headers(self) -> RequestHeaders:
        """The headers."""
        ...


class ResponseWriter(Protocol):
    """What the server sends answers with."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the pieces of the request's body."""
        ...

    def response_empty(self, status: int, headers: Headers) -> None:
        """Send an answer without a body."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Send bytes."""

    def response_file(self, status: int, headers: Headers, file: str) -> None:
        """Send a file."""

    def response_file_range(
        self, status: int, headers: Headers, file: str, start: int, end: int
    ) -> None:
        """Send some bytes of a file, the one at ``end`` excluded."""


class Answer(msgspec.Struct, frozen=True):
    """An answer.

    Attributes:
        status: The HTTP status.
        headers: All headers but the length.
        body: The body, where it is no file's.
        file: The file whose bytes are sent, "" for none.
        start: The first of them.
        end: The one after the last.
        outcome: How logs and figures call it.
    """

    status: int
    headers: Headers
    body: bytes = b""
    file: str = ""
    start: int = 0
    end: int = 0
    outcome: Outcome = Outcome.HIT

    @property
    def length(self) -> int:
        """How many bytes the body has."""
        return self.end - self.start if self.file else len(self.body)

    def send(self, proto: ResponseWriter, extra: Pairs = (), *, head: bool) -> int:
        """Send it; return how many bytes of a body that began.

        Args:
            proto: Where to.
            extra: Further headers.
            head: Whether the client wants the headers alone.
        """
        headers = [*self.headers, *extra]
        if self.status == HTTPStatus.NOT_MODIFIED:
            proto.response_empty(self.status, headers)
            return 0
        headers.append(("content-length", str(self.length)))
        if head:
            proto.response_empty(self.status, headers)
            return 0
        if not self.file:
            proto.response_bytes(self.status, headers, self.body)
        elif self.status == HTTPStatus.PARTIAL_CONTENT:
            proto.response_file_range(
                self.status, headers, self.file, self.start, self.end
            )
        else:
            proto.response_file(self.status, headers, self.file)
        return self.length


def text_answer(
    status: int,
    text: str | bytes,
    outcome: Outcome,
    *,
    cache_control: str = NO_STORE,
    headers: Pairs = (),
) -> Answer:
    """Return an answer of plain text, which ``go`` shows to its user."""
    body = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    own = [*_TEXT_HEADERS, ("cache-control", cache_control), *headers]
    return Answer(status, own, body, outcome=outcome)


def entry_answer(
    entry: ServedEntry, headers: RequestHeaders, outcome: Outcome = Outcome.HIT
) -> Answer:
    """Return the answer that is a file, or the part of it that a client lacks."""
    variant = entry.chosen(headers.get("accept-encoding"))
    condition = headers.get("if-none-match")
    if condition is not None and is_current(condition, variant.etag):
        kept = [each for each in variant.headers if each[0] not in _NOT_WITH_304]
        return Answer(HTTPStatus.NOT_MODIFIED, kept, outcome=outcome)
    wanted = headers.get("range")
    if wanted is None or not takes_range(headers.get("if-range"), entry.plain.etag):
        return _whole(entry, variant.headers, variant.body, outcome)
    found = read_range(wanted, entry.size)
    if found is None:
        return _whole(entry, entry.plain.headers, entry.plain.body, outcome)
    if not found.is_satisfiable:
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        whole = ("content-range", f"bytes */{entry.size}")
        return text_answer(status, "no such range\n", Outcome.REFUSED, headers=[whole])
    part = ("content-range", f"bytes {found.start}-{found.end - 1}/{entry.size}")
    return Answer(
        HTTPStatus.PARTIAL_CONTENT,
        [*entry.plain.headers, part],
        entry.plain.body[found.start : found.end] if entry.is_small else b"",
        "" if entry.is_small else entry.file,
        found.start,
        found.end,
        outcome,
    )


def _whole(
    entry: ServedEntry, headers: Headers, body: bytes, outcome: Outcome
) -> Answer:
    if entry.is_small:
        return Answer(HTTPStatus.OK, headers, body, outcome=outcome)
    return Answer(
        HTTPStatus.OK, headers, file=entry.file, end=entry.size, outcome=outcome
    )
