"""Requests: what was asked for and is not carried, and what was decided of it. Pure.

    open      nobody has decided
    approved  it is selected outside, and comes with a bundle
    refused   it is not, and the reason says why

A decision is of a module and a query, and stays when it is asked for again.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class RequestState(StrEnum):
    """What was decided."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"


class ModuleRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request; the fields are the table's columns, in their order.

    Attributes:
        module: The module path, or a checksum database's name.
        query: A version, "latest", a branch or commit, or a tile's path.
        count: How often it was asked for.
        first: When first.
        last: When last.
        state: What was decided.
        reason: Why, "" for no reason.
        decided_at: When, None while it is open.
    """

    module: str
    query: str
    count: int
    first: str
    last: str
    state: RequestState = RequestState.OPEN
    reason: str = ""
    decided_at: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Module and query."""
        return self.module, self.query
