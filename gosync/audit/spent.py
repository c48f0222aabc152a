"""Spent budgets: sources of which no more may be asked in this hour, with work left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from gosync.audit.options import AuditOptions
from gosync.catalog.db import Catalog
from gosync.clock import format_time, parse_time, shift

_DAY: Final = timedelta(days=1)
_FREE_AFTER: Final = timedelta(minutes=61)  # an hour, and the minute that had begun


class SpentBudget(msgspec.Struct, frozen=True, kw_only=True):
    """A source that may not be asked any more within this hour.

    Attributes:
        source: Who it is.
        waiting: Questions to it that are due.
        requests: Requests of the last hour.
        requests_per_hour: As many as there may be.
        bytes: What came in the last hour.
        bytes_per_hour: From how much on zips wait.
        again_at: When the first of these requests counts no more.
    """

    source: str
    waiting: int
    requests: int
    requests_per_hour: int
    bytes: int
    bytes_per_hour: int
    again_at: str


def latest_due(options: AuditOptions, now: datetime) -> datetime:
    """Return when a question can be due at the latest."""
    return shift(now, timedelta(seconds=options.interval_seconds) + _DAY)


def waiting_questions(catalog: Catalog, options: AuditOptions, now: datetime) -> int:
    """Return how many questions are due.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    return sum(_waiting(catalog, options, now, s) for s in catalog.looks.sources())


def _waiting(
    catalog: Catalog, options: AuditOptions, now: datetime, source: str
) -> int:
    latest = latest_due(options, now)
    return catalog.looks.count_due(source, now, latest=latest)


def spent_budgets(
    catalog: Catalog, options: AuditOptions, now: datetime
) -> Iterator[SpentBudget]:
    """Yield the sources whose budget is used up while questions to them are due.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    for source in catalog.looks.sources():
        waiting = _waiting(catalog, options, now, source)
        spent = catalog.looks.spent(source, now)
        is_spent = (
            spent.requests >= options.requests_per_hour
            or spent.bytes >= options.bytes_per_hour
        )
        if waiting and is_spent:
            first = catalog.looks.first_spending(source, now)
            begun = parse_time(f"{first}:00.000000Z") if first else now
            yield SpentBudget(
                source=source,
                waiting=waiting,
                requests=spent.requests,
                requests_per_hour=options.requests_per_hour,
                bytes=spent.bytes,
                bytes_per_hour=options.bytes_per_hour,
                again_at=format_time(shift(begun, _FREE_AFTER)),
            )
