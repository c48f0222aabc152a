"""Errors of upstreams: no answer, or a definite no."""

from __future__ import annotations

from gosync.errors.base import GosyncError

_REFUSALS = frozenset({403, 451})
_CLASSES = {
    400: "http.400",
    401: "http.401",
    403: "http.403",
    407: "proxy.auth",
    429: "http.429",
    451: "http.403",
    500: "http.500",
    502: "http.502",
    503: "http.503",
    504: "http.504",
}


class NotFoundError(GosyncError):
    """The upstream said no for certain (404 or 410)."""

    exit_code = 3


class NotFetchedError(NotFoundError):
    """The upstream does not have it and was told not to fetch it."""


class UnavailableError(GosyncError):
    """No answer could be had now; a later try may succeed.

    Attributes:
        was_reached: False where not even a connection could be made.
    """

    exit_code = 75
    was_reached = True


class SourceDownError(UnavailableError):
    """A source was not asked, since it gave no answers a moment ago.

    Attributes:
        retry_after_seconds: How long it asked to be left alone, None where it did not.
        closed_seconds: How long it is left alone in any case.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        closed_seconds: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.closed_seconds = closed_seconds


class UpstreamTimeoutError(UnavailableError):
    """A connect, read or total deadline passed, or the upstream said so."""

    failure_class = "network.timeout"


class UpstreamStatusError(UnavailableError):
    """The upstream answered with a status that is neither yes nor a definite no.

    Attributes:
        exit_code: 3 for a refusal that waiting does not change (403, 451), else 75.
            It is no definite no: whether the thing exists stays unknown.
        status: The HTTP status.
        retry_after_seconds: What Retry-After asked for, or None.
        may_ease: Whether it was a refusal for load that fewer requests may end.
        may_have_expired: Whether it was the address of a redirect that was refused,
            with the signature in it; who redirected may sign another one.
    """

    may_ease = False
    may_have_expired = False

    def __init__(
        self, message: str, *, status: int, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        if status in _REFUSALS:
            self.exit_code = NotFoundError.exit_code
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        other = "http.5xx" if status >= 500 else "http.other"
        self.failure_class = _CLASSES.get(status, other)


class TruncatedError(UnavailableError):
    """The connection ended before the declared number of bytes."""

    failure_class = "download.truncated"


class OfflineError(UnavailableError):
    """The network is needed and may not be used."""
