"""Retries: when to try again, and how long to wait first.

The pause before try ``n`` (from 0) is a random part of ``delay * 2**n`` up to a
maximum (full jitter), so that workers that failed together do not return together. One
that is not asked for a moment (its breaker is open) is given that moment. An upstream
that names its own pause (``Retry-After``) gets it, unless it is longer than our
maximum: then the error leaves at once and carries the wish, for whoever plans the next
run.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

import anyio
import msgspec

from gosync.errors import (
    OfflineError,
    SourceDownError,
    UnavailableError,
    UpstreamStatusError,
)
from gosync.upstream.options import HttpOptions

T = TypeVar("T")

# Request Timeout, Too Early, Too Many Requests: "later", among the 4xx.
_PASSING_4XX: Final = frozenset({408, 425, 429})
_OF_THE_HOUR: Final = frozenset({429, 502, 503, 504})


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how patiently to try again.

    Attributes:
        retries: Tries after the first one.
        delay_seconds: Pause before the first retry.
        max_delay_seconds: The longest pause.
    """

    retries: int
    delay_seconds: float
    max_delay_seconds: float

    def pause_seconds(
        self, tried: float, error: UnavailableError, *, jitter: float
    ) -> float | None:
        """Return the pause before the next try, or None to give up.

        Args:
            tried: How many retries there have been; some may count for a half.
            error: Why the last try failed.
            jitter: A number from 0 to 1: the part of the pause that is left out.
        """
        if tried >= self.retries or not is_retryable(error):
            return None
        backoff = min(
            self.max_delay_seconds, self.delay_seconds * float(2.0 ** min(tried, 30.0))
        )
        backoff *= 1 - jitter
        if isinstance(error, SourceDownError):
            backoff = max(backoff, min(error.closed_seconds, self.delay_seconds))
        asked = None
        if isinstance(error, UpstreamStatusError | SourceDownError):
            asked = error.retry_after_seconds
        if asked is None:
            return backoff
        return max(asked, backoff) if asked <= self.max_delay_seconds else None


def retry_policy(options: HttpOptions, retries: int | None = None) -> RetryPolicy:
    """Return how requests with these options are retried, or so many times."""
    return RetryPolicy(
        options.retries if retries is None else retries,
        options.retry_delay_seconds,
        options.max_retry_delay_seconds,
    )


def is_retryable(error: UnavailableError) -> bool:
    """Whether the same request may well succeed in a moment."""
    import ssl  # noqa: PLC0415 - many a command comes here and asks nobody

    if isinstance(error, OfflineError):
        return False
    if isinstance(error, UpstreamStatusError):
        is_passing = error.status >= 500 or error.status in _PASSING_4XX
        return is_passing or error.may_have_expired
    return not any(isinstance(cause, ssl.CertificateError) for cause in causes(error))


def is_by_chance(error: UnavailableError) -> bool:
    """Whether a failure is the line's, or the hour's, rather than the question's."""
    if isinstance(error, UpstreamStatusError):
        return error.status in _OF_THE_HOUR
    return is_retryable(error)


async def with_retries(
    attempt: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    *,
    jitter: Callable[[], float] = random.random,
    failed: Callable[[UnavailableError], None] | None = None,
    wait: Callable[[], Awaitable[None]] | None = None,
    cost: Callable[[UnavailableError], float] = lambda _: 1.0,
) -> T:
    """Return the attempt's result, trying again as the policy allows.

    Args:
        attempt: Called once a try.
        policy: How often and how patiently.
        jitter: Gives numbers from 0 to 1.
        failed: Told of every failure, the last one too.
        wait: Waits before each further try until there may be one.
        cost: Tells for how much of a try one that failed so counts.

    Raises:
        UnavailableError: The last try's failure.
    """
    tried = 0.0
    while True:
        try:
            return await attempt()
        except UnavailableError as exc:
            if failed is not None:
                failed(exc)
            pause_seconds = policy.pause_seconds(tried, exc, jitter=jitter())
            if pause_seconds is None:
                raise
            tried += cost(exc)
        await anyio.sleep(pause_seconds)
        if wait is not None:
            await wait()


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what an error came from, the nearest first."""
    cause = error.__cause__ or error.__context__
    for _ in range(8):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
