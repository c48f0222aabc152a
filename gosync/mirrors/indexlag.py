"""Lag behind a module index: how far a mirror is, told by new events of it. Pure.

Some of the last minutes' events are taken, the newest first, each of another module. A
mirror is asked for one after the other until it has one: it is behind by the age of the
oldest that it lacks, and the bound of this is how far apart that one and the first that
it has are. One that has the newest is not behind, by at most that one's age.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from gosync.gomod.module import ModuleVersion


class NewEvent(msgspec.Struct, frozen=True):
    """An event.

    Attributes:
        mv: The version.
        at: When the index had it first.
    """

    mv: ModuleVersion
    at: datetime


class IndexLag(msgspec.Struct, frozen=True):
    """How far a mirror is behind an index.

    Attributes:
        minutes: By so much.
        bound_minutes: What this may be wrong by.
    """

    minutes: float
    bound_minutes: float


def index_lag(
    events: tuple[NewEvent, ...], had: int | None, now: datetime
) -> IndexLag | None:
    """Return how far behind a mirror is; None where nothing can be said.

    Args:
        events: What it was asked for, the newest first.
        had: The number of the first one that it has, None for none of them.
        now: What time it is.
    """
    if not events:
        return None
    ages = [(now - each.at).total_seconds() / 60 for each in events]
    if had == 0:
        return IndexLag(0.0, round(ages[0], 1))
    lacked = ages[-1] if had is None else ages[had - 1]
    bound = ages[-1] - ages[0] if had is None else ages[had] - lacked
    return IndexLag(round(lacked, 1), round(bound, 1))
