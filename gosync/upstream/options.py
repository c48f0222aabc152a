"""Options of requests: time-outs, retries, TLS."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from gosync import __version__
from gosync.upstream.address import Logins
from gosync.upstream.volume import VolumeMeter
from gosync.upstream.windows import RatePlan

MIB = 1024 * 1024


class Trust(StrEnum):
    """Whose certificate authorities are believed, besides the operator's."""

    OPENSSL = "openssl"
    SYSTEM = "system"


class TlsVersion(StrEnum):
    """A version of TLS."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


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
        rates: How fast bodies may come, all together.
        http2: Whether to offer HTTP/2 over TLS.
        ca_file: PEM file of certificate authorities trusted beside the system's.
        client_cert: PEM file of the certificate that says who we are, or None.
        client_key: PEM file of its key; None where the certificate's file has it.
        trust: Whose authorities are believed.
        tls_min: The oldest version of TLS that is spoken, like "1.2".
        resolve: Addresses of hosts that are not to be asked for.
        user_agent: How gosync introduces itself.
        logins: The secrets that open the upstreams.
        meter: Counts what comes, and says whether a zip may be begun; None for any.
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
    rates: RatePlan = RatePlan()
    http2: bool = True
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    trust: Trust = Trust.OPENSSL
    tls_min: TlsVersion = TlsVersion.TLS_1_2
    resolve: Mapping[str, str] = {}
    user_agent: str = f"gosync/{__version__}"
    logins: Logins = Logins()
    meter: VolumeMeter | None = None


def request_waits(options: HttpOptions) -> dict[str, float]:
    """Return how long one request may wait, in httpx's words."""
    wait = options.timeout_seconds
    connect = min(wait, options.connect_seconds)
    return {"connect": connect, "read": wait, "write": wait, "pool": wait}
