"""Reports of ``gosync requests``: the fields are the keys of its JSON documents."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gosync.access.assessing import Assessment
from gosync.access.ledger import ReadRequests, RequestStatus
from gosync.access.requestfile import CarriedRequest, RequestDecision


class RequestsReport(msgspec.Struct, frozen=True):
    """Requests and what became of them, the most asked first."""

    requests: list[RequestStatus]


class LogRequestsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What logs had; as in ReadRequests.

    Attributes:
        requests: All that is not carried, the most asked first.
    """

    lines: int
    unread: int
    missing: int
    damaged: list[str]
    requests: list[RequestStatus]

    @classmethod
    def of(cls, done: ReadRequests, found: list[RequestStatus]) -> LogRequestsReport:
        """Return what is told of logs that were read."""
        return cls(
            lines=done.lines,
            unread=done.unread,
            missing=done.missing,
            damaged=done.damaged,
            requests=found,
        )


class ExportedRequestsReport(msgspec.Struct, frozen=True, kw_only=True):
    """A file of requests that was written.

    Attributes:
        file: Where it is.
        signed: Whether a signature is beside it.
        requests: What is in it.
    """

    file: str
    signed: bool
    requests: Sequence[CarriedRequest]


class AddedRequestsReport(msgspec.Struct, frozen=True):
    """What became of the requests in a file.

    Attributes:
        requests: What each would bring.
        decisions: What was decided of them.
        added: Which versions, as PATH@VERSION, are new in the modules file.
    """

    requests: list[Assessment]
    decisions: list[RequestDecision] = []
    added: list[str] = []
