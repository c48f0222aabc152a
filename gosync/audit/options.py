"""Options of an audit."""

from __future__ import annotations

import msgspec


class AuditOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The ``[audit]`` section.

    Attributes:
        requests_per_hour: The most requests that one upstream is sent in an hour.
        bytes_per_hour: When so much came from one in an hour, zips wait.
        interval_seconds: Age at which an answer is asked for again.
        stale_seconds: How long we may be behind what upstream has.
        git_hosts: Hosts, or host:port, whose repositories may be asked for tags.
    """

    requests_per_hour: int = 600
    bytes_per_hour: int = 1 << 30
    interval_seconds: float = 7 * 86_400.0
    stale_seconds: float = 86_400.0
    git_hosts: frozenset[str] = frozenset()
