"""Windows of the day: which rate holds when, also where the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gosync.clock import SystemClock
from gosync.errors import MalformedError
from gosync.upstream.rate import ByteRate
from gosync.upstream.traffic import Traffic
from gosync.upstream.windows import RatePlan, RateWindow, parse_days, parse_hours

BERLIN = "Europe/Berlin"


def plan(hours: str, days: str = "mon-sun", zone: str = BERLIN) -> RatePlan:
    begin, end = parse_hours(hours)
    window = RateWindow(days=parse_days(days), begin=begin, end=end, per_second=7)
    return RatePlan(100, (window,), zone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_first_window_that_covers_a_moment_counts() -> None:
    inner = RateWindow(days=parse_days("wed"), begin=600, end=660, per_second=3)
    outer = RateWindow(days=parse_days("mon-fri"), begin=480, end=1080, per_second=7)
    both = RatePlan(100, (inner, outer))
    assert both.at(at("2026-11-25T10:30")) == 3, "a Wednesday"
    assert both.at(at("2026-11-25T11:00")) == 7
    assert both.at(at("2026-11-25T18:00")) == 100
    assert both.at(at("2026-11-28T10:30")) == 100, "a Saturday"


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_began() -> None:
    night = plan("22:00-06:00", "fri", "UTC")
    assert night.at(at("2026-11-27T21:59")) == 100
    assert night.at(at("2026-11-27T22:00")) == 7
    assert night.at(at("2026-11-28T05:59")) == 7, "Saturday's morning"
    assert night.at(at("2026-11-28T06:00")) == 100
    assert night.at(at("2026-11-28T22:00")) == 100


def minutes_in(of: RatePlan, begin: datetime) -> int:
    """Return how many minutes of a day of 25 hours or less lie in the window."""
    every = (begin + timedelta(minutes=each) for each in range(25 * 60))
    return sum(of.at(each) == 7 for each in every)


def test_a_change_of_the_clocks_leaves_an_hour_out_and_repeats_one() -> None:
    night = plan("02:00-03:00")
    assert minutes_in(night, at("2026-03-28T23:00")) == 0, "02:00 was not"
    assert minutes_in(night, at("2026-10-24T22:00")) == 120, "02:00 was twice"
    assert minutes_in(night, at("2026-11-26T23:00")) == 60
    assert minutes_in(plan("22:00-06:00"), at("2026-03-28T12:00")) == 7 * 60
    assert minutes_in(plan("22:00-06:00"), at("2026-10-24T12:00")) == 9 * 60


@pytest.mark.parametrize("text", ["8-18", "08:00-08:00", "24:00-01:00", "08:00-24:01"])
def test_what_is_no_hours_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_hours(text)


def test_days_are_names() -> None:
    assert parse_days("fri-mon, wed") == {4, 5, 6, 0, 2}
    assert parse_hours("18:30-24:00") == (1110, 1440)
    for text in ("", "1-5", "mon-", "monday"):
        with pytest.raises(MalformedError):
            parse_days(text)


async def test_downloads_keep_to_the_rate_of_the_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment, passed, slept = at("2026-11-25T07:59:59"), [0.0], []

    class Standing(SystemClock):
        def now(self) -> datetime:
            return moment + timedelta(seconds=passed[0])

        def monotonic(self) -> float:
            return passed[0]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        passed[0] += seconds

    monkeypatch.setattr("gosync.upstream.exchange.anyio.sleep", sleep)
    day = plan("08:00-18:00", zone="UTC")
    traffic = Traffic(plan=day, rate=ByteRate(day.per_second))
    while passed[0] < 11:
        await traffic.take(7, Standing())
    assert 23 <= traffic.received_bytes / 7 <= 30, "14 of the second before, 10 after"
    assert max(slept) == pytest.approx(1.0, abs=0.1)
