"""The breaker of a source over audits: who is left alone, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gosync.audit.breaker import SourceBreaker
from gosync.catalog.db import Catalog
from gosync.errors import UnavailableError, UpstreamStatusError

SOURCE = "https://proxy"
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


def until(one):
    assert one.resting is not None
    return datetime.fromisoformat(one.resting.until)


def test_three_failures_in_a_row_are_enough_and_then_one(catalog, clock):
    one = SourceBreaker(SOURCE, catalog.looks, clock)
    assert not one.failed(DOWN)
    assert not one.failed(DOWN)
    one.answered()
    assert not one.failed(DOWN)
    assert not one.failed(DOWN)
    assert one.failed(DOWN)
    lengths = []
    for _ in range(12):
        one = SourceBreaker(SOURCE, catalog.looks, clock)  # of the next audit
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
    one = SourceBreaker(SOURCE, catalog.looks, clock)
    assert one.failed(error)
    assert (until(one) - clock.time).total_seconds() == seconds
    clock.time -= timedelta(days=300)
    assert one.resting is None  # a rest that long was set by a clock that ran ahead
