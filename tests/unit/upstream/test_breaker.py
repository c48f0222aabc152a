"""Health and breaker, as values: when a source is no longer asked, and when again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import (
    MalformedError,
    NotFoundError,
    OfflineError,
    SourceDownError,
    StoreError,
    TruncatedError,
    UnavailableError,
    UpstreamStatusError,
    UpstreamTimeoutError,
)
from gosync.upstream.breaker import NEVER_OPEN, Breaker, BreakerPolicy, BreakerState
from gosync.upstream.health import KEPT, Health, RequestOutcome, outcome_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOWN = UnavailableError("no answer")
POLICY = BreakerPolicy(
    failures_in_row=3,
    failure_rate=0.5,
    rate_requests=8,
    open_seconds=10,
    max_open_seconds=60,
    max_asked_seconds=600,
)


def unreachable() -> UnavailableError:
    error = UnavailableError("cannot connect")
    error.was_reached = False
    return error


@pytest.mark.parametrize(
    ("error", "want"),
    [
        (None, RequestOutcome.ANSWERED),
        (NotFoundError("404"), RequestOutcome.ANSWERED),
        (MalformedError("info", "x", "y"), RequestOutcome.ANSWERED),
        (UpstreamStatusError("x", status=403), RequestOutcome.ANSWERED),
        (UpstreamStatusError("x", status=401), RequestOutcome.ANSWERED),
        (UpstreamStatusError("x", status=429), RequestOutcome.FAILED),
        (UpstreamStatusError("x", status=408), RequestOutcome.FAILED),
        (UpstreamStatusError("x", status=500), RequestOutcome.FAILED),
        (UpstreamTimeoutError("late"), RequestOutcome.FAILED),
        (TruncatedError("half"), RequestOutcome.FAILED),
        (unreachable(), RequestOutcome.UNREACHABLE),
        (OfflineError("off"), None),
        (SourceDownError("not asked"), None),
        (StoreError("full disk"), None),
    ],
)
def test_how_a_request_ended_is_told_by_what_it_raised(error, want) -> None:
    assert outcome_of(error) is want


outcomes = st.lists(st.sampled_from(list(RequestOutcome)), max_size=3 * KEPT)


@given(outcomes)
def test_health_counts_what_it_was_told(history) -> None:
    health = Health()
    for number, outcome in enumerate(history):
        health = health.after(outcome, float(number))
    failed = [each is not RequestOutcome.ANSWERED for each in history]
    slow = history.count(RequestOutcome.SLOW)
    assert (health.requests, health.slow) == (len(history), slow)
    assert health.failures + slow == sum(failed)
    assert [each.outcome for each in health.samples] == history[-KEPT:]
    in_row = next((n for n, bad in enumerate(failed[::-1]) if not bad), len(failed))
    busy = history[len(history) - in_row :].count(RequestOutcome.BUSY)
    assert health.failures_in_row == in_row - busy
    answers = [n for n, bad in enumerate(failed) if not bad and n >= len(failed) - KEPT]
    assert health.latency_seconds(0.0) == (answers[0] if answers else None)
    assert health.latency_seconds(1.0) == (answers[-1] if answers else None)


@given(outcomes)
def test_one_answer_closes_whatever_was(history) -> None:
    breaker = Breaker()
    for outcome in history:
        breaker = breaker.failed(DOWN, outcome).opened(DOWN, NOW, POLICY)
    breaker = breaker.answered()
    assert breaker.state(NOW, POLICY) is BreakerState.CLOSED
    assert breaker.openings == 0


def fail(breaker: Breaker, count: int) -> Breaker:
    for _ in range(count):
        breaker = breaker.failed(DOWN, RequestOutcome.FAILED)
    return breaker


def test_so_many_failures_in_a_row_are_due() -> None:
    assert not fail(Breaker(), 2).is_due(POLICY)
    assert fail(Breaker(), 3).is_due(POLICY)
    assert not fail(fail(Breaker(), 2).answered(), 2).is_due(POLICY)
    assert not fail(Breaker(), 1000).is_due(NEVER_OPEN)


def test_such_a_share_of_failures_is_due_though_never_in_a_row() -> None:
    breaker = Breaker()
    for number in range(8):
        assert not breaker.is_due(POLICY), number
        breaker = breaker.answered() if number % 2 else fail(breaker, 1)
    assert breaker.is_due(POLICY)
    assert not breaker.vouched().is_due(POLICY), "its witness answered"


def test_it_opens_for_twice_as_long_each_time() -> None:
    breaker, now, lengths = Breaker(), NOW, []
    for _ in range(5):
        breaker = breaker.opened(DOWN, now, POLICY)
        assert breaker.until is not None
        lengths.append((breaker.until - now).total_seconds())
        assert breaker.state(now, POLICY) is BreakerState.OPEN
        now = breaker.until
        assert breaker.state(now, POLICY) is BreakerState.HALF_OPEN
    assert lengths == [10, 20, 40, 60, 60]


@pytest.mark.parametrize(("asked", "want"), [(1, 10), (90, 90), (1e9, 600), (None, 10)])
def test_what_it_asks_for_it_gets(asked, want) -> None:
    error = UpstreamStatusError("later", status=429, retry_after_seconds=asked)
    until = Breaker().opened(error, NOW, POLICY).until
    assert until == NOW + timedelta(seconds=want)


def test_an_opening_of_a_clock_that_ran_ahead_is_over() -> None:
    breaker = Breaker().opened(DOWN, NOW + timedelta(days=300), POLICY)
    assert breaker.state(NOW, POLICY) is BreakerState.HALF_OPEN
