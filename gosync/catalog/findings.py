"""Findings: what became upstream of what is held, kept until it is settled.

    rewritten   an upstream serves other bytes, or names another commit
    vanished    an upstream has no longer what it had
    retracted   its author took the version back
    deprecated  its author advises against the module
    stale       we are behind what upstream has, for longer than we should be
    diverged    two upstreams disagree
    moved       at its source, the tag is at another commit

A finding is of one thing (a version, a module with version "", or with path "" a
service that its version names) at one place (the source: an upstream's URL, or ""
where no single one is meant). Seen again it is the same finding, seen later. What
was held and what was answered stand side by side in ``ours`` and ``theirs``.

States: *new* until somebody has looked; *known* while somebody is at it; both
stand open. *accepted*: it may stay so. *resolved*: it is over; gosync says so when
it looks again and sees nothing, an operator may say so any time. A finding becomes
new again, to be told again, when it is seen after it was resolved, and when what
the other side says of it has changed; of what is stale that is no news. The table
itself is in ``finding_table``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from gosync.gomod.module import OfVersion

STANDS_OPEN: Final = 4  # the exit code of what looks, while one stands open


class FindingKind(StrEnum):
    """What became of it."""

    REWRITTEN = "rewritten"
    VANISHED = "vanished"
    RETRACTED = "retracted"
    DEPRECATED = "deprecated"
    STALE = "stale"
    DIVERGED = "diverged"
    MOVED = "moved"


class FindingState(StrEnum):
    """How far it is settled."""

    NEW = "new"
    KNOWN = "known"
    ACCEPTED = "accepted"
    RESOLVED = "resolved"


class Sighting(OfVersion, msgspec.Struct, frozen=True, kw_only=True):
    """What one look saw.

    Attributes:
        kind: What became of it.
        path: The module path, or "".
        version: The version, "" for the module itself, or a service's name.
        source: The URL of who says so, without secrets, or "".
        summary: One sentence for people.
        ours: What is held, by the fact's name.
        theirs: What is said there, by the fact's name.
    """

    kind: FindingKind
    path: str
    version: str = ""
    source: str = ""
    summary: str
    ours: Mapping[str, str]
    theirs: Mapping[str, str]


class Finding(OfVersion, msgspec.Struct, frozen=True):
    """A finding; the fields are the table's columns, in their order.

    Attributes:
        id: Its number.
        kind: What became of it.
        path: As in Sighting.
        version: As in Sighting.
        source: As in Sighting.
        summary: As in Sighting, of the last sight.
        ours: As in Sighting, of the last sight.
        theirs: As in Sighting, of the last sight.
        first_seen: When it was seen first.
        last_seen: When it was seen last.
        state: How far it is settled.
        state_by: Who set that: "gosync" or "operator".
        state_at: When.
        note: What the operator said to it.
        told_at: When hooks were told of it; None while that is to be done.
    """

    id: int
    kind: FindingKind
    path: str
    version: str
    source: str
    summary: str
    ours: Mapping[str, str]
    theirs: Mapping[str, str]
    first_seen: str
    last_seen: str
    state: FindingState
    state_by: str
    state_at: str
    note: str
    told_at: str | None

    @property
    def is_open(self) -> bool:
        """Whether it stands open."""
        return self.state in OPEN

    @property
    def subject(self) -> str:
        """What it is of: path@version, a path, or a service."""
        return f"{self.path}@{self.version}".strip("@")


class FindingsReport(msgspec.Struct, frozen=True):
    """Findings as ``gosync audit`` lists them; its field is the JSON document's.

    Attributes:
        findings: Each of them.
    """

    findings: list[Finding]


class Scope(msgspec.Struct, frozen=True):
    """What one look could have seen; what it did not see there is over.

    Attributes:
        path: The module path, or "".
        version: The version; None for the module and every version of it.
        source: Who was asked, or "".
        kinds: What it looked for.
    """

    path: str
    version: str | None
    source: str
    kinds: frozenset[FindingKind]

    def covers(self, finding: Finding) -> bool:
        """Whether the look would have seen this finding again."""
        return (
            finding.path == self.path
            and self.version in (None, finding.version)
            and finding.source == self.source
            and finding.kind in self.kinds
        )


OPEN: Final = frozenset({FindingState.NEW, FindingState.KNOWN})
