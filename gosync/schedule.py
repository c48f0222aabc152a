"""When something that repeats is due: an interval or a cron expression.

An expression has cron's five fields, in UTC or another time zone. There an hour may
be twice or never: what is due at a certain hour is due once, the first time, or as long
after the hour before as on other days; what is due every hour is due in both. Weekdays
are names (``mon-fri``): as numbers they mean different days to
different programs.

APScheduler's triggers do the calendar; this is the one place that imports it. Its
scheduler is not used: that one asks the system clock itself, so that no test can
live a year in a minute, waits a year when the clock was a year ahead, and keeps
what it knows in pickles, where gosync has a catalog.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from gosync.clock import LAST_MOMENT, shift, time_zone
from gosync.errors import MalformedError

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

_NAMED_DAYS = re.compile(r"[a-z,*-]+", re.ASCII)
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def parse_cron(text: str) -> str:
    """Return the expression with single spaces, once it is known to be one.

    Raises:
        MalformedError: if it is none, names weekdays by number, or no day at all.
    """
    fields = text.lower().split()
    if len(fields) != 5 or not text.isascii():
        raise MalformedError("cron expression", text, "want five fields")
    if not _NAMED_DAYS.fullmatch(fields[4]):
        raise MalformedError(
            "cron expression", text, "name weekdays, like mon-fri; numbers vary"
        )
    cron = " ".join(fields)
    try:
        due = _cron_trigger(cron).get_next_fire_time(None, _SOME_DAY)
    except (ValueError, AttributeError) as exc:
        raise MalformedError("cron expression", text, str(exc)) from exc
    if due is None:
        raise MalformedError("cron expression", text, "there is no such day")
    return cron


def parse_time_zone(text: str) -> str:
    """Return the name of a time zone that the system knows.

    Raises:
        MalformedError: if it knows none of that name.
    """
    try:
        time_zone(text)
    except (OSError, ValueError, KeyError) as exc:
        raise MalformedError(
            "time zone", text, "no such zone here; write UTC, or like Asia/Shanghai"
        ) from exc
    return text


def _cron_trigger(
    cron: str, jitter_seconds: float = 0.0, zone: str = "UTC"
) -> BaseTrigger:
    # Importing it takes longer than most commands, which need none.
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415

    minute, hour, day, month, weekday = cron.split()
    return CronTrigger(
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=weekday,
        timezone=time_zone(zone),
        jitter=jitter_seconds or None,
    )


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When something is due.

    Attributes:
        interval_seconds: The time from start to start; 0 where ``cron`` says it.
        cron: A cron expression, or "".
        zone: Its time zone.
        jitter_seconds: Each run is late by a random part of this.
    """

    interval_seconds: float = 0.0
    cron: str = ""
    zone: str = "UTC"
    jitter_seconds: float = 0.0

    def next_after(self, started: datetime, now: datetime) -> datetime:
        """Return when the run after one that started then is due.

        What was missed in between is one run, which is due now.

        Args:
            started: When the last run began.
            now: The time; of a cron expression only what comes after counts.
        """
        previous = None if self.cron else started
        after = shift(now, timedelta(microseconds=1))
        due: object = None
        with suppress(OverflowError, ValueError):  # beyond the calendar's last day
            due = self._trigger(started).get_next_fire_time(previous, after)
        if not isinstance(due, datetime):
            return LAST_MOMENT
        if due.fold and "*" not in self.cron.split()[1] and "/" not in self.cron:
            return self.next_after(started, due.astimezone(UTC))  # it was due before
        return due.astimezone(UTC)

    def next_times(self, now: datetime, count: int) -> list[str]:
        """Return when the next runs are due, without jitter, in the schedule's zone."""
        exact, at, found = replace(self, jitter_seconds=0.0), now, []
        for _ in range(count):
            at = exact.next_after(at, at)
            found.append(at.astimezone(time_zone(self.zone)).isoformat())
        return found

    def latest_after(self, now: datetime) -> datetime:
        """Return the latest time that ``next_after`` gives for a run that starts now.

        A run that is planned for later was planned when the clock was wrong.
        """
        exact = Schedule(
            interval_seconds=self.interval_seconds, cron=self.cron, zone=self.zone
        )
        return shift(exact.next_after(now, now), timedelta(seconds=self.jitter_seconds))

    def _trigger(self, started: datetime) -> BaseTrigger:
        if self.cron:
            return _cron_trigger(self.cron, self.jitter_seconds, self.zone)
        from apscheduler.triggers.interval import IntervalTrigger  # noqa: PLC0415

        return IntervalTrigger(
            seconds=self.interval_seconds,
            start_date=started,
            timezone=UTC,
            jitter=self.jitter_seconds or None,
        )
