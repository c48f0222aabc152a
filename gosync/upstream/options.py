"""Options of requests: time-outs, retries, TLS."""

from __future__ import annotations

import msgspec

from gosync import __version__
from gosync.upstream.address import Logins

MIB = 1024 * 1024


class HttpOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The knobs of all requests.

    Attributes:
        timeout_seconds: The longest wait to connect, for an answer's first byte and
            between two reads of its body.
        connect_seconds: The longest wait to connect, if that is less.
        stall_seconds: The longest wait between two reads of a body, if that is less.
        concurrency: The most requests to one host at once.
        total_seconds: Deadline of one document, its retries included.
        zip_total_seconds: Deadline of one zip, its retries included.
        retries: Tries after the first one that failed.
        retry_delay_seconds: Pause before the first retry; doubles each time.
        max_retry_delay_seconds: The longest pause. A Retry-After beyond it ends
            the tries at once, so that the caller can come back later.
        http2: Whether to offer HTTP/2 over TLS.
        ca_file: PEM file of certificate authorities trusted beside the system's.
        user_agent: How gosync introduces itself.
        logins: The secrets that open the upstreams.
    """

    timeout_seconds: float = 30.0
    connect_seconds: float = 10.0
    stall_seconds: float = float("inf")
    concurrency: int = 64
    total_seconds: float = 120.0
    zip_total_seconds: float = 1800.0
    retries: int = 3
    retry_delay_seconds: float = 0.5
    max_retry_delay_seconds: float = 30.0
    http2: bool = True
    ca_file: str | None = None
    user_agent: str = f"gosync/{__version__}"
    logins: Logins = Logins()


def request_waits(options: HttpOptions) -> dict[str, float]:
    """Return how long one request may wait, in httpx's words."""
    wait = options.timeout_seconds
    connect = min(wait, options.connect_seconds)
    return {"connect": connect, "read": wait, "write": wait, "pool": wait}
