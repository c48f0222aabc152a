"""Rules over access logs: what of it is too much, by whom, in which time. Pure.

A rule counts the requests that all of its conditions take, by key, and fires where one
key has more than ``count`` of them within ``window_seconds``: in any stretch of time so
long, not only in those that begin at a full hour. With ``without`` it fires where an
address has more than that and not one request of that kind on a day, in UTC.

``DEFAULT_RULES`` are there unless they are switched off; a configured rule of the same
name takes one's place.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from gosync.access.asked import KINDS
from gosync.access.rows import outcome_of
from gosync.folder.requests import ProxyRequestKind

ANY: Final = "any"
SUMDB: Final = "sumdb"
HOUR_SECONDS: Final = 3600
DAY_SECONDS: Final = 86_400
_OF_SUMDB: Final = frozenset(
    {
        ProxyRequestKind.LOOKUP.value,
        ProxyRequestKind.TILE.value,
        ProxyRequestKind.HEAD.value,
        ProxyRequestKind.SUPPORTED.value,
    }
)
QUERIES: Final = (
    *(ANY, "latest", "list", "info", "mod", "zip", "query"),
    *("lookup", "tile", SUMDB),
)


class RuleOutcome(StrEnum):
    """How requests ended that a rule counts; see ``block.outcome_of``."""

    ANY = "any"
    SERVED = "served"
    MISSING = "missing"
    REFUSED = "refused"
    FAILED = "failed"

    def takes(self, status: int) -> bool:
        """Whether a status is such an end."""
        if self is RuleOutcome.ANY:
            return True
        found = outcome_of(status)
        return found == ("hit" if self is RuleOutcome.SERVED else self.value)


class Per(StrEnum):
    """What a rule counts by."""

    ADDRESS = "address"
    USER = "user"
    MODULE = "module"


class About(StrEnum):
    """Which modules a rule counts requests for."""

    ANY = "any"
    PRIVATE = "private"
    FINDINGS = "findings"


class AccessRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule.

    Attributes:
        name: What alerts call it.
        query: A kind of request, of QUERIES.
        outcome: How the request ended.
        count: It fires when there are more than so many.
        window_seconds: Within so long a time.
        per: What is counted by; requests that have none are not counted.
        distinct: Whether each module counts once.
        about: Which modules are meant: all, upstream.private's, or versions with an
            open finding.
        outside: Whether only addresses outside of the site's networks are meant.
        unknown_agent: Whether only clients are meant that are no go and no mirror.
        without: It fires only where a key asked for nothing of this kind; "" for
            whatever it asked for.
    """

    name: str
    query: str = ANY
    outcome: RuleOutcome = RuleOutcome.ANY
    count: int
    window_seconds: int = HOUR_SECONDS
    per: Per = Per.ADDRESS
    distinct: bool = False
    about: About = About.ANY
    outside: bool = False
    unknown_agent: bool = False
    without: str = ""

    @property
    def takes_all(self) -> bool:
        """Whether it counts each request of its kinds and outcomes."""
        is_plain = not (self.distinct or self.outside or self.unknown_agent)
        return is_plain and self.about is About.ANY

    def takes(self, kind: str, status: int) -> bool:
        """Whether a request of a kind, ended so, may count."""
        return is_of(self.query, kind) and self.outcome.takes(status)


def is_of(query: str, kind: str) -> bool:
    """Whether a kind of request is one that a rule's query means."""
    return kind in kinds_of(query)


def kinds_of(query: str) -> frozenset[str]:
    """Return the kinds that a rule's query means."""
    if query == ANY:
        return frozenset(KINDS)
    return _OF_SUMDB if query == SUMDB else frozenset({query})


DEFAULT_RULES: Final = (
    AccessRule(name="latest-flood", query="latest", count=200),
    AccessRule(name="probing", outcome=RuleOutcome.MISSING, distinct=True, count=20),
    AccessRule(name="private-from-outside", about=About.PRIVATE, outside=True, count=0),
    AccessRule(
        name="refused", outcome=RuleOutcome.REFUSED, count=0, window_seconds=DAY_SECONDS
    ),
    AccessRule(
        name="finding-served",
        query="zip",
        outcome=RuleOutcome.SERVED,
        about=About.FINDINGS,
        count=0,
        window_seconds=DAY_SECONDS,
    ),
    AccessRule(
        name="unknown-agent",
        query="zip",
        unknown_agent=True,
        count=20,
        window_seconds=DAY_SECONDS,
    ),
    AccessRule(
        name="zips-without-mod",
        query="zip",
        without="mod",
        count=20,
        window_seconds=DAY_SECONDS,
    ),
    AccessRule(
        name="no-sumdb",
        query="latest",
        without=SUMDB,
        count=20,
        window_seconds=DAY_SECONDS,
    ),
)


def with_defaults(configured: Iterable[AccessRule]) -> tuple[AccessRule, ...]:
    """Return the default rules and the configured ones, which replace by name."""
    rules = {rule.name: rule for rule in DEFAULT_RULES}
    rules |= {rule.name: rule for rule in configured}
    return tuple(rules.values())
