from __future__ import annotations

import ssl

import pytest

from gosync.errors import (
    NotFoundError,
    OfflineError,
    SourceDownError,
    TruncatedError,
    UnavailableError,
    UpstreamStatusError,
    UpstreamTimeoutError,
)
from gosync.upstream.retry import RetryPolicy, is_retryable, with_retries

POLICY = RetryPolicy(retries=3, delay_seconds=1.0, max_delay_seconds=10.0)


def test_pauses_double_up_to_the_maximum_and_end() -> None:
    policy = RetryPolicy(retries=6, delay_seconds=1.0, max_delay_seconds=10.0)
    error = UnavailableError("x")
    got = [policy.pause_seconds(tried, error, jitter=0) for tried in range(8)]
    assert got == [1, 2, 4, 8, 10, 10, None, None]


def test_chance_takes_any_part_of_a_pause() -> None:
    error = UnavailableError("x")
    assert POLICY.pause_seconds(1, error, jitter=1) == 0
    assert POLICY.pause_seconds(1, error, jitter=0.5) == 1


def test_one_that_is_left_alone_for_a_moment_is_given_it() -> None:
    for closed, want in [(0.25, 0.25), (90.0, 1.0)]:
        error = SourceDownError("x", closed_seconds=closed)
        assert POLICY.pause_seconds(2, error, jitter=1) == want


@pytest.mark.parametrize(
    ("asked", "want"), [(0, 1), (0.5, 1), (5, 5), (10, 10), (10.5, None), (1e9, None)]
)
def test_retry_after_is_a_lower_bound_within_our_patience(
    asked: float, want: float | None
) -> None:
    error = UpstreamStatusError("x", status=429, retry_after_seconds=asked)
    assert POLICY.pause_seconds(0, error, jitter=0) == want


@pytest.mark.parametrize(
    ("error", "want"),
    [
        (UnavailableError("x"), True),
        (UpstreamTimeoutError("x"), True),
        (TruncatedError("x"), True),
        (OfflineError("x"), False),
        (UpstreamStatusError("x", status=429), True),
        (UpstreamStatusError("x", status=408), True),
        (UpstreamStatusError("x", status=503), True),
        (UpstreamStatusError("x", status=599), True),
        (UpstreamStatusError("x", status=403), False),
        (UpstreamStatusError("x", status=302), False),
        (UpstreamStatusError("x", status=200), False),
    ],
    ids=lambda each: f"{each!r}{getattr(each, 'status', '')}",
)
def test_what_may_pass_is_tried_again(error: UnavailableError, *, want: bool) -> None:
    assert is_retryable(error) is want


def test_a_certificate_does_not_get_better() -> None:
    error = UnavailableError("x")
    error.__cause__ = OSError("y")
    error.__cause__.__cause__ = ssl.SSLCertVerificationError("z")
    assert not is_retryable(error)


async def test_the_first_success_is_returned() -> None:
    outcomes: list[object] = [UnavailableError("1"), TruncatedError("2"), "done"]
    seen: list[UnavailableError] = []

    async def attempt() -> object:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    quick = RetryPolicy(retries=3, delay_seconds=0, max_delay_seconds=0)
    assert await with_retries(attempt, quick, failed=seen.append) == "done"
    assert [str(error) for error in seen] == ["1", "2"]


async def test_a_definite_no_is_returned_at_once() -> None:
    tries = 0

    async def attempt() -> None:
        nonlocal tries
        tries += 1
        raise NotFoundError("no")

    with pytest.raises(NotFoundError):
        await with_retries(attempt, POLICY)
    assert tries == 1
