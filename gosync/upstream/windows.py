"""Windows of the day with a rate of their own. Pure.

Downloads have one rate, and other ones at certain hours of certain days, told in a
time zone: ``08:00-18:00`` on ``mon-fri``. The first window that a moment lies in
counts. One whose end is before its begin lasts over midnight, and belongs to the day
on which it began. What the clocks of the zone show counts: an hour that a change of the
clocks leaves out is in no window, and one that it repeats is in its window twice.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import msgspec

from gosync.clock import time_zone
from gosync.errors import MalformedError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES: Final = 24 * 60
_HOURS: Final = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", re.ASCII)


class RateWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A window.

    Attributes:
        days: On which days of the week it begins, 0 for Monday.
        begin: Its first minute of the day.
        end: The minute after its last one; less than ``begin`` over midnight.
        per_second: How many bytes may come in a second; 0 for any number.
    """

    days: frozenset[int]
    begin: int
    end: int
    per_second: float

    def covers(self, local: datetime) -> bool:
        """Whether a moment is in it, told by the clocks of its zone."""
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.begin < self.end:
            return today in self.days and self.begin <= minute < self.end
        is_evening = minute >= self.begin and today in self.days
        return is_evening or (minute < self.end and (today - 1) % 7 in self.days)


class RatePlan(msgspec.Struct, frozen=True):
    """How fast downloads may be, at any time.

    Attributes:
        per_second: How many bytes may come in a second; 0 for any number.
        windows: When it is another number.
        zone: The time zone of these.
    """

    per_second: float = 0.0
    windows: tuple[RateWindow, ...] = ()
    zone: str = "UTC"

    def at(self, moment: datetime) -> float:
        """Return how many bytes may come in a second then; 0 for any number."""
        if self.windows:
            local = moment.astimezone(time_zone(self.zone))
            for window in self.windows:
                if window.covers(local):
                    return window.per_second
        return self.per_second


def parse_hours(text: str) -> tuple[int, int]:
    """Return the first minute of the day, and the one after the last.

    Raises:
        MalformedError: It is no time of the day like 08:00-18:00.
    """
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise MalformedError("hours", text, 'write them like "08:00-18:00"')
    begin, end = (60 * int(match[at]) + int(match[at + 1]) for at in (1, 3))
    if begin >= _DAY_MINUTES or end > _DAY_MINUTES or begin == end:
        raise MalformedError("hours", text, "from 00:00 to 24:00, and not nothing")
    return begin, end


def parse_days(text: str) -> frozenset[int]:
    """Return days of the week, 0 for Monday, of names like ``mon-fri,sun``.

    Raises:
        MalformedError: It has a word that is no day.
    """
    found: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            raise MalformedError("days", text, 'name them, like "mon-fri" or "sat,sun"')
        begin = DAYS.index(first)
        count = (DAYS.index(last) - begin) % 7 if dash else 0
        found |= {(begin + number) % 7 for number in range(count + 1)}
    return frozenset(found)
