"""Requests as a file that is carried outside, decisions as one that returns. Pure.

``requests.json``, as `gosync requests export` writes it, and signs where it has a key::

    {"type": "requests", "format": 1, "site": "inside", "made_at": "2026-...Z",
     "requests": [{"module": "rsc.io/quote", "query": "v1.5.2", "count": 3,
                   "first": "2026-...Z", "last": "2026-...Z"}]}

``documents/requests.json`` of a tree, which bundles carry::

    {"type": "request-decisions", "format": 1,
     "decisions": [{"module": "rsc.io/quote", "query": "v1.5.2", "state": "refused",
                    "reason": "licence", "decided_at": "2026-...Z"}]}

Neither says who asked. Keys may be added within a format; a newer format is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from gosync.catalog.requests import RequestState
from gosync.clock import parse_time
from gosync.errors import MalformedError, TooLargeError
from gosync.text import indented_json

MAX_FILE_BYTES: Final = 32 * 1024 * 1024
MAX_REQUESTS: Final = 100_000
DECISIONS_NAME: Final = "requests.json"
_FORMAT: Final = 1
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
_Reason = Annotated[str, msgspec.Meta(max_length=1000)]


class CarriedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request in the file.

    Attributes:
        module: The module path, or a checksum database's name.
        query: A version, "latest", a branch or commit, or a tile's path.
        count: How often it was asked for.
        first: When first.
        last: When last.
    """

    module: _Text
    query: _Text
    count: Annotated[int, msgspec.Meta(ge=1, le=1 << 53)]
    first: _Text
    last: _Text


class RequestFile(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="requests"
):
    """What is carried outside.

    Attributes:
        site: What the site is called.
        made_at: When it was written.
        requests: What was asked for and is not carried.
        format: The file's format.
    """

    site: str
    made_at: _Text
    requests: Sequence[CarriedRequest]
    format: int = _FORMAT


class RequestDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided of a request.

    Attributes:
        module: As in the request.
        query: As in the request.
        state: Approved or refused.
        reason: Why, "" for no reason.
        decided_at: When.
        version: The version that was approved, "" for none.
    """

    module: _Text
    query: _Text
    state: Literal["approved", "refused"]
    reason: _Reason = ""
    decided_at: _Text
    version: str = ""

    @property
    def request_state(self) -> RequestState:
        """The state as the catalog has it."""
        return RequestState(self.state)


class DecisionFile(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="request-decisions"
):
    """What comes back.

    Attributes:
        decisions: What was decided, of each request once.
        format: The file's format.
    """

    decisions: Sequence[RequestDecision]
    format: int = _FORMAT


_T = TypeVar("_T", RequestFile, DecisionFile)


def format_file(file: RequestFile | DecisionFile) -> bytes:
    """Return a file's bytes."""
    return b"".join(indented_json(msgspec.to_builtins(file))) + b"\n"


def parse_requests(data: bytes) -> RequestFile:
    """Return the requests in a file.

    Raises:
        MalformedError: it is none, or of a newer format.
        TooLargeError: it has too many.
    """
    file = _decoded(data, RequestFile, "requests")
    if len(file.requests) > MAX_REQUESTS:
        raise TooLargeError("requests", limit_bytes=MAX_FILE_BYTES)
    for each in file.requests:
        if parse_time(each.first) > parse_time(each.last):
            raise MalformedError(
                "request", each.module, "its last time is before its first"
            )
    return file


def parse_decisions(data: bytes) -> DecisionFile:
    """Return the decisions in a file.

    Raises:
        MalformedError: it is none, or of a newer format.
    """
    return _decoded(data, DecisionFile, "decisions")


def _decoded(data: bytes, kind: type[_T], what: str) -> _T:
    if len(data) > MAX_FILE_BYTES:
        raise TooLargeError(what, limit_bytes=MAX_FILE_BYTES)
    try:
        file = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise MalformedError(f"file of {what}", data[:40], str(exc)) from exc
    if file.format != _FORMAT:
        raise MalformedError(f"file of {what}", file.format, "of a newer gosync")
    return file
