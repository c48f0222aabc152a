"""Absences: clients that asked much of one kind and nothing of another, in a day. Pure.

That is known of a day only when all of its lines were read, so these alerts come at the
end, or days later where a log is followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gosync.access.asked import KIND_PLACES
from gosync.access.records import DAY_SECONDS, ClientDay
from gosync.access.rule import AccessRule, kinds_of
from gosync.access.windows import Alert


class Absences:
    """Holds clients' days against rules with ``without``."""

    def __init__(self, rules: Iterable[AccessRule]) -> None:
        self._rules = [
            (rule, _places(rule.query), _places(rule.without)) for rule in rules
        ]

    def __bool__(self) -> bool:
        return bool(self._rules)

    @property
    def counted(self) -> frozenset[str]:
        """The kinds that they count."""
        return frozenset().union(*(kinds_of(rule.query) for rule, _, _ in self._rules))

    def judge(self, client: bytes, counts: ClientDay) -> Iterator[Alert]:
        """Yield what one client's day makes fire."""
        for rule, counted, others in self._rules:
            count = sum(counts.count_of(at) for at in counted)
            if count > rule.count and not any(counts.mask >> at & 1 for at in others):
                since = counts.day * DAY_SECONDS
                yield Alert(rule.name, client, count, since, since + DAY_SECONDS - 1)


def _places(query: str) -> tuple[int, ...]:
    return tuple(KIND_PLACES[kind] for kind in kinds_of(query))
