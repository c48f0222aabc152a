"""Times at the edges of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gosync.clock import FIRST_MOMENT, LAST_MOMENT, format_time, parse_time, shift
from gosync.errors import MalformedError


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"]
)
def test_the_calendars_edges_are_read_as_they_were_written(text: str):
    assert format_time(parse_time(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-13-01T00:00:00Z", "10000-01-01T00:00:00Z"),
        *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "\ud800"),
    ],
)
def test_what_is_no_time_of_the_calendar_is_malformed(text: str):
    with pytest.raises(MalformedError, match="time"):
        parse_time(text)


def test_nothing_is_moved_out_of_the_calendar():
    assert shift(LAST_MOMENT, timedelta(days=1)) == LAST_MOMENT
    assert shift(FIRST_MOMENT, -timedelta(days=1)) == FIRST_MOMENT
    day = datetime(2026, 1, 2, tzinfo=UTC)
    assert shift(day, -timedelta(days=1)) == datetime(2026, 1, 1, tzinfo=UTC)
