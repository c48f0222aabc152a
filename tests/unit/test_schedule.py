"""Intervals and cron expressions, and what they mean for a clock that jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.schedule import Schedule, parse_cron, parse_time_zone

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
DAY = timedelta(days=1)


@given(
    st.one_of(st.text(max_size=40), st.from_regex(r"[\d*/,a-z-]+( [\d*/,a-z-]+){4}"))
)
def test_any_text_is_a_cron_expression_or_malformed(text: str):
    try:
        cron = parse_cron(text)
    except MalformedError:
        return
    assert Schedule(cron=cron).next_after(NOW, NOW) > NOW


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("* * * *", "five fields"),
        ("61 * * * *", "maximum"),
        ("0 3 * * 1", "name weekdays"),
        ("0 3 30 2 *", "no such day"),
        ("0 3 * * foo", "weekday"),
        ("@daily", "five fields"),
    ],
)
def test_what_is_no_cron_expression_is_refused(text: str, reason: str):
    with pytest.raises(MalformedError, match=reason):
        parse_cron(text)


def test_cron_is_utc_and_strictly_later():
    schedule = Schedule(cron=parse_cron("17 3 * * mon-fri"))
    first = schedule.next_after(NOW, NOW)

    assert first == datetime(2026, 2, 4, 3, 17, tzinfo=UTC)
    assert schedule.next_after(first, first) == first + DAY


def test_an_interval_counts_from_start_to_start():
    schedule = Schedule(interval_seconds=600)

    assert schedule.next_after(NOW, NOW) == NOW + timedelta(seconds=600)
    assert schedule.next_after(NOW - DAY, NOW) < NOW  # missed: due, once


@given(
    jitter=st.floats(0, 5_000),
    schedule=st.sampled_from(
        [Schedule(interval_seconds=600), Schedule(cron="17 3 * * sun")]
    ),
)
def test_jitter_makes_later_within_its_limit(jitter: float, schedule: Schedule):
    late = Schedule(
        interval_seconds=schedule.interval_seconds,
        cron=schedule.cron,
        jitter_seconds=jitter,
    )

    exact, found = schedule.next_after(NOW, NOW), late.next_after(NOW, NOW)

    assert exact <= found <= late.latest_after(NOW)


def dues(cron: str, start: datetime, count: int) -> list[str]:
    """Return when a job of Berlin is due, in its own time."""
    schedule, at, found = Schedule(cron=cron, zone="Europe/Berlin"), start, []
    for _ in range(count):
        at = schedule.next_after(at, at)
        found.append(f"{at.astimezone(ZoneInfo('Europe/Berlin')):%d %H:%M%z}")
    return found


@pytest.mark.parametrize(
    ("cron", "start", "want"),
    [
        # the hour from 2 is not there on March 29
        ("30 2 * * *", datetime(2026, 3, 28, tzinfo=UTC),
         ["28 02:30+0100", "29 03:30+0200", "30 02:30+0200"]),
        # it is there twice on October 25
        ("30 2 * * *", datetime(2026, 10, 24, tzinfo=UTC),
         ["24 02:30+0200", "25 02:30+0200", "26 02:30+0100"]),
        ("0 * * * *", datetime(2026, 10, 24, 23, 30, tzinfo=UTC),
         ["25 02:00+0200", "25 02:00+0100", "25 03:00+0100"]),
    ],
)  # fmt: skip
def test_the_two_nights_that_are_another_hour_long(cron, start, want):
    assert dues(cron, start, 3) == want


def test_a_time_zone_is_one_that_is_known():
    assert parse_time_zone("Asia/Shanghai") == "Asia/Shanghai"
    for text in ("", "Nowhere/Land", "../etc/passwd", "UTC+8"):
        with pytest.raises(MalformedError):
            parse_time_zone(text)
