"""What time it is: the only module that asks the system clock.

Everything else takes a Clock, so that tests and a year in minutes can set it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Protocol

from gosync.errors import MalformedTimeError

FIRST_MOMENT: Final = datetime.min.replace(tzinfo=UTC)
LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC)


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """Return the wall-clock time, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, from an arbitrary start."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Return the wall-clock time, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place

    def monotonic(self) -> float:
        """Return seconds that never go back, from an arbitrary start."""
        return time.monotonic()


def format_time(moment: datetime) -> str:
    """Return the moment as RFC 3339 in UTC with microseconds and a ``Z``."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat("T", "microseconds")
    return f"{text}Z"


def parse_time(text: str) -> datetime:
    """Parse what format_time wrote.

    Raises:
        MalformedTimeError: if the text is no RFC 3339 time of the years 1 to 9999.
    """
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise MalformedTimeError(text) from exc


def shift(moment: datetime, delta: timedelta) -> datetime:
    """Return a moment later, or earlier, within the calendar's years 1 to 9999.

    Times come from outside and clocks may be wrong: what would leave the calendar
    stays at its edge.
    """
    try:
        return moment + delta
    except OverflowError:
        return LAST_MOMENT if delta > timedelta() else FIRST_MOMENT


def time_zone(name: str) -> tzinfo:
    """Return a time zone that the system knows by its name.

    Raises:
        KeyError: it knows none.
        ValueError: it is no name.
        OSError: its file cannot be read.
    """
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - UTC is what most sites have

    return ZoneInfo(name)
