"""Sighting of a mirror: what its answers showed, and how long they took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from gosync.upstream import kept


class Gap(StrEnum):
    """A part of the protocol that a mirror lacks, or what is wrong with it."""

    NO_LIST = "no-list"
    NO_LATEST = "no-latest"
    NO_SUMDB = "no-sumdb"
    NO_HEAD = "no-head"
    NO_RANGES = "no-ranges"
    PSEUDO_LISTED = "pseudo-versions-listed"
    FORBIDDEN_FOR_ABSENT = kept.FORBIDDEN_FOR_ABSENT
    ANYTHING_FOR_ABSENT = "200-for-404"
    GO_AGENT = kept.GO_AGENT
    GO_GET = kept.GO_GET
    REDIRECTS = "redirects"
    OTHER_HEAD = "forked-sumdb"
    ALTERED = "altered-zip"


class Newest(msgspec.Struct, frozen=True):
    """The newest version of a module that a mirror names.

    Attributes:
        version: It.
        time: When its commit was made, None where nobody says.
    """

    version: str
    time: datetime | None


class FamilyReach(msgspec.Struct, frozen=True, kw_only=True):
    """How a host is reached by addresses of one family.

    Attributes:
        family: ipv4 or ipv6.
        ok: Whether a connection stood, TLS included.
        address: The address that was tried, "" where the host has none.
        name_seconds: How long its name took to resolve.
        connect_seconds: How long TCP took; None without a connection.
        tls_seconds: How long TLS took; None without it.
        tls: The version of TLS, like "TLSv1.3"; "" without it.
        issuer: Who issued the certificate, "" without it.
        reason: Why it is not reached, "" where it is.
    """

    family: str
    ok: bool = False
    address: str = ""
    name_seconds: float = 0.0
    connect_seconds: float | None = None
    tls_seconds: float | None = None
    tls: str = ""
    issuer: str = ""
    reason: str = ""


class MirrorSight(msgspec.Struct):
    """What was seen of one mirror.

    Attributes:
        url: Its URL, without secrets.
        name: What people call it.
        reason: Why it counts as not working; "" as long as it works.
        failure_class: Its class in the catalogue of failures, "" for none.
        first_seconds: How long the first answer took, with name, connection and TLS.
        seconds: How long each small answer after that took.
        gaps: What it lacks.
        newest: By module, the newest version that it names.
        zip_of: Whose zip was fetched, ``path@version``; "" for none.
        zip_h1: That zip's h1.
        bytes_per_second: How fast it came.
        head_size: How many records the checksum database has that it relays.
        has_sumdb: Whether it relays it, consistent with all others.
        had_event: The number of the first new event of the index that it has.
        reach: How its host is reached, by address family.
        web_proxy: The web proxy that it is asked through, "" for none.
    """

    url: str
    name: str = ""
    reason: str = ""
    failure_class: str = ""
    first_seconds: float | None = None
    seconds: list[float] = []
    gaps: set[Gap] = set()
    newest: dict[str, Newest] = {}
    zip_of: str = ""
    zip_h1: str = ""
    bytes_per_second: float | None = None
    head_size: int | None = None
    has_sumdb: bool = False
    had_event: int | None = None
    reach: tuple[FamilyReach, ...] = ()
    web_proxy: str = ""

    def fail(self, reason: str, failure_class: str) -> None:
        """Let it count as not working."""
        self.reason, self.failure_class = reason, failure_class

    @property
    def works(self) -> bool:
        """Whether it may be used."""
        return not self.reason

    def quantile(self, share: float) -> float | None:
        """Return how long small answers took, None without any."""
        return quantile(self.seconds, share)


def quantile(values: Iterable[float], share: float) -> float | None:
    """Return the value that so large a share is not above; None without any."""
    ordered = sorted(values)
    return (
        ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
    )
