"""The budget: no hour exceeds it, whatever the clock does; and who rests."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.audit.budget import Budget, BudgetSpentError
from gosync.audit.options import AuditOptions
from gosync.catalog.db import Catalog
from gosync.errors import UnavailableError, UpstreamStatusError
from tests.tiers import examples

SOURCE = "https://proxy"
HOUR = timedelta(hours=1)
DOWN = UnavailableError("no answer")


class ManualClock:
    def __init__(self):
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self):
        return self.time

    def monotonic(self):
        return 0.0


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def catalog(tmp_path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def budget(catalog, clock, source=SOURCE, **options):
    return Budget(source, AuditOptions(**options), catalog, clock)


def until(one):
    assert one.resting is not None
    return datetime.fromisoformat(one.resting.until)


def test_each_source_has_its_own_and_a_restart_forgets_nothing(catalog, clock):
    for _ in range(3):
        budget(catalog, clock, requests_per_hour=3).take()
    with pytest.raises(BudgetSpentError):
        budget(catalog, clock, requests_per_hour=3).take()
    budget(catalog, clock, "https://other", requests_per_hour=3).take()
    clock.time += HOUR - timedelta(seconds=1)
    with pytest.raises(BudgetSpentError):
        budget(catalog, clock, requests_per_hour=3).take()
    clock.time += timedelta(minutes=2)
    budget(catalog, clock, requests_per_hour=3).take()


@settings(max_examples=examples(20))
@given(steps=st.lists(st.integers(0, 2000), min_size=10, max_size=60))
def test_no_hour_sees_more(tmp_path_factory, steps):
    clock, taken = ManualClock(), []
    folder = tmp_path_factory.mktemp("budget")
    with Catalog.open(folder / "catalog.sqlite", create=True) as catalog:
        for seconds in steps:
            clock.time += timedelta(seconds=seconds)
            catalog.looks.forget_spendings(clock.time)
            with suppress(BudgetSpentError):
                budget(catalog, clock, requests_per_hour=4).take()
                taken.append(clock.time)
    for start in taken:
        assert sum(start <= time < start + HOUR for time in taken) <= 4


def test_after_a_clock_went_back_what_was_spent_counts_still(catalog, clock):
    one = budget(catalog, clock, requests_per_hour=1)
    one.take()
    clock.time -= timedelta(minutes=30)
    with pytest.raises(BudgetSpentError):
        one.take()
    clock.time -= timedelta(days=300)
    catalog.looks.forget_spendings(clock.time)
    one.take()  # it ran ahead by far; that is no reason to wait a year


def test_zips_wait_when_much_has_come(catalog, clock):
    one = budget(catalog, clock, bytes_per_hour=100)
    one.charge(requests=0, size_bytes=99)
    assert one.has_bytes
    one.charge(requests=0, size_bytes=1)
    assert not one.has_bytes
    clock.time += HOUR + timedelta(minutes=1)
    assert one.has_bytes


def test_redirects_count(catalog, clock):
    one = budget(catalog, clock, requests_per_hour=3)
    one.take()
    one.charge(requests=2, size_bytes=0)
    with pytest.raises(BudgetSpentError):
        one.take()


def test_three_failures_in_a_row_are_enough_and_then_one(catalog, clock):
    one = budget(catalog, clock)
    assert not one.failed(DOWN)
    assert not one.failed(DOWN)
    one.answered()
    assert not one.failed(DOWN)
    assert not one.failed(DOWN)
    assert one.failed(DOWN)
    lengths = []
    for _ in range(12):
        clock.time = until(one) + timedelta(seconds=1)
        assert one.resting is None
        assert one.failed(DOWN)  # the probe
        lengths.append((until(one) - clock.time).total_seconds())
    assert lengths[:3] == [600, 1200, 2400]
    assert lengths[-1] == 86_400
    one.answered()
    assert one.resting is None


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (UpstreamStatusError("x", status=429), 300),
        (UpstreamStatusError("x", status=429, retry_after_seconds=4000), 4000),
        (UpstreamStatusError("x", status=503, retry_after_seconds=4000), 4000),
        (UpstreamStatusError("x", status=429, retry_after_seconds=1e9), 86_400),
    ],
)
def test_who_asks_for_a_pause_gets_it_at_once(catalog, clock, error, seconds):
    one = budget(catalog, clock)
    assert one.failed(error)
    assert (until(one) - clock.time).total_seconds() == seconds
    clock.time -= timedelta(days=300)
    assert one.resting is None  # a rest that long was set by a clock that ran ahead
