"""Intervals and cron expressions, and what they mean for a clock that jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.schedule import Schedule, parse_cron

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
