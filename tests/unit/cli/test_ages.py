"""When something was, for people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gosync.cli.ages import ago, format_age

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ("2026-11-27T12:00:00Z", "0 s ago"),
        ("2026-11-27T12:00:00.5Z", "0 s ago"),
        ("2026-11-27T11:59:20Z", "40 s ago"),
        ("2026-11-27T09:59:59.999999Z", "2 h ago"),
        ("2026-11-27T13:30:00+01:00", "in 30 min"),
        ("2026-11-20T12:00:00Z", "7 d ago"),
        ("2026-11-28T12:00:01Z", "in 1 d"),
        ("2025-01-02T12:00:00Z", "2025-01-02"),
        ("2099-01-02T12:00:00Z", "2099-01-02"),
        ("no time", "no time"),
        ("", ""),
    ],
)
def test_a_time_is_told_as_how_long_ago_it_was(time: str, told: str):
    assert ago(time, NOW) == told


def test_the_systems_clock_counts_where_no_other_does():
    assert ago(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}").endswith(" s ago")


def test_an_age_is_told_in_its_largest_unit():
    assert [format_age(each) for each in (0, 59, 60, 3600, 90_000)] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h",
        "1 d",
    ]
