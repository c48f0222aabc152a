"""The budget: no hour exceeds it, whatever the clock does."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.audit.budget import Budget, BudgetSpentError
from gosync.audit.options import AuditOptions
from gosync.catalog.db import Catalog
from tests.tiers import examples

SOURCE = "https://proxy"
HOUR = timedelta(hours=1)


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
