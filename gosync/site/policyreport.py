"""Report of the policy: what it keeps out, lets in for a while, and tells of."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.rulings import Effect, Ruling

TOLD_BEFORE: Final = timedelta(days=7)


class EndingException(msgspec.Struct, frozen=True):
    """An exception that ends within a week.

    Attributes:
        reason: Why it was made.
        until: Its last day.
        days_left: How many days are left after today.
        versions: What it lets in, as MODULE@VERSION.
    """

    reason: str
    until: str
    days_left: int
    versions: tuple[str, ...]


class PolicyReport(msgspec.Struct, frozen=True):
    """What the policy says of what is selected and here.

    Attributes:
        denied: What it keeps out.
        excepted: What an exception lets in.
        warned: What it lets in and tells of.
        ending: The exceptions that end within a week, the first to end first.
    """

    denied: tuple[Ruling, ...] = ()
    excepted: tuple[Ruling, ...] = ()
    warned: tuple[Ruling, ...] = ()
    ending: tuple[EndingException, ...] = ()


def read_policy(catalog: Catalog, now: datetime) -> PolicyReport:
    """Return what the catalog has of the policy's rulings.

    Args:
        catalog: The catalog.
        now: The time that ends of exceptions are held against.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    by_effect: dict[Effect, list[Ruling]] = {each: [] for each in Effect}
    for ruling in catalog.rulings.all():
        by_effect[ruling.effect].append(ruling)
    excepted = by_effect[Effect.EXCEPTED]
    return PolicyReport(
        denied=tuple(by_effect[Effect.DENIED]),
        excepted=tuple(excepted),
        warned=tuple(by_effect[Effect.WARNED]),
        ending=_ending(excepted, now.date()),
    )


def _ending(excepted: list[Ruling], today: date) -> tuple[EndingException, ...]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in excepted:
        if each.until and date.fromisoformat(each.until) - today <= TOLD_BEFORE:
            found.setdefault((each.until, each.exception), []).append(str(each.mv))
    return tuple(
        EndingException(
            reason, until, (date.fromisoformat(until) - today).days, tuple(versions)
        )
        for (until, reason), versions in sorted(found.items())
    )
