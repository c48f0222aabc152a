"""News: whether a run found anything wrong that the job's last run had not found.

A timer that mails whenever a run fails would mail every quarter of an hour about one
version that nobody can have. So a run is held against what the last one found; what
only stays wrong is no news. What concerns the store, security, the configuration or
a bug of ours is news each time: nothing is right until somebody did something. So is
a finding, which somebody can accept.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import StrEnum

import msgspec

from gosync.daemon.outcome import JobOutcome
from gosync.errors import IncompleteError, UnavailableError

_NO_ANSWERS = "no answers"
_MISSING = IncompleteError.exit_code


class FailOn(StrEnum):
    """When ``run --once`` fails although it came to its end."""

    NEW = "new"
    ANY = "any"
    NONE = "none"


class News(msgspec.Struct, frozen=True):
    """What a run says that the last one did not.

    Attributes:
        is_lasting: Whether its code is of things that stay wrong for a while, by
            themselves, and not of what needs somebody at once.
        is_news: Whether any of it was not so at the last run.
        items: What the next run is held against.
    """

    is_lasting: bool
    is_news: bool
    items: frozenset[str]

    def fails(self, fail_on: FailOn) -> bool:
        """Return whether a run is to fail for it."""
        if not self.is_lasting or fail_on is FailOn.ANY:
            return True
        return fail_on is FailOn.NEW and self.is_news


def news_of(outcome: JobOutcome, known: AbstractSet[str]) -> News:
    """Hold a run against what its job's last one found.

    An outage says nothing of single items: what was known of them stays known, and
    what became missing by it is news when the upstream answers again without it.
    """
    if outcome.exit_code == 0:
        return News(is_lasting=True, is_news=False, items=frozenset())
    if outcome.exit_code == UnavailableError.exit_code:
        items = frozenset(known | {_NO_ANSWERS})
        return News(is_lasting=True, is_news=_NO_ANSWERS not in known, items=items)
    items = frozenset(known if outcome.troubles is None else outcome.troubles)
    if outcome.troubles is None or outcome.exit_code != _MISSING:
        return News(is_lasting=False, is_news=True, items=items)
    return News(is_lasting=True, is_news=bool(items - known), items=items)
