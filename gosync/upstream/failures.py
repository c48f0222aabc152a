"""Errors of httpx, made into ours at the one border that they may reach.

Nothing of the request (its headers, its URL's secrets) goes into a message.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from gosync.errors import TruncatedError, UnavailableError, UpstreamTimeoutError
from gosync.upstream.causes import failure_class_of, first_cause, system_words
from gosync.upstream.retry import causes
from gosync.upstream.urls import strip_secrets, strip_user_info

# What comes up from below httpx where it does not look (a port or a host name that
# the system refuses, a peer that breaks HTTP/2's own state).
_LEAKS: Final = (
    ExceptionGroup,
    ArithmeticError,
    LookupError,
    OSError,
    ValueError,
)
# anyio's words where more than one address was tried, or one: they tell no reason.
_EACH_ADDRESS_FAILED: Final = "All connection attempts failed"


class WebProxyWatch:
    """How far a request came on its way through a web proxy.

    Attributes:
        shown: The proxy, without secrets.
    """

    def __init__(self, proxy: str) -> None:
        self.shown = strip_secrets(proxy)
        self._events: set[str] = set()

    async def trace(self, event: str, info: object) -> None:
        """Take httpcore's word for what happens."""
        del info
        self._events.add(event)

    @property
    def is_before_tunnel(self) -> bool:
        """Whether the proxy was reached and no tunnel stood yet."""
        is_new = "connection.connect_tcp.complete" in self._events
        return is_new and not self.has_tunnel

    @property
    def has_tunnel(self) -> bool:
        """Whether TLS to the host behind it was begun."""
        return any(
            each.endswith("start_tls.started") and not each.startswith("connection.")
            for each in self._events
        )


def web_proxy_failure(
    shown_url: str, exc: Exception, watch: WebProxyWatch
) -> UnavailableError | None:
    """Return what a web proxy did, None where it does not seem to be at fault."""
    said = ""
    if isinstance(exc, httpx.ProxyError):
        if "407" in str(exc):
            return login_wanted(shown_url, watch)
        said = f"answers {_reason(exc)}"
    elif any(isinstance(each, ssl.CertificateError) for each in causes(exc)):
        return None
    elif any(isinstance(each, ssl.SSLError) for each in causes(exc)):
        said = f"puts bytes that are no TLS into the tunnel: {_reason(exc)}"
    elif isinstance(exc, httpx.ConnectError) and not watch.has_tunnel:
        said = f"takes no connection: {_reason(exc)}"
    elif isinstance(exc, httpx.TransportError) and watch.is_before_tunnel:
        said = f"gives no tunnel: {_reason(exc)}"
    if not said:
        return None
    error = UnavailableError(f"{shown_url}: the web proxy {watch.shown} {said}")
    error.was_reached = False
    return error


def login_wanted(shown_url: str, watch: WebProxyWatch) -> UnavailableError:
    """Return the error of a web proxy's 407: who we are is not told, or is wrong."""
    error = UnavailableError(
        f"{shown_url}: the web proxy {watch.shown} answers 407 Proxy Authentication"
        " Required",
        hint="put a login into HTTPS_PROXY and HTTP_PROXY: http://user:password@host",
    )
    error.was_reached = False
    return error


@contextmanager
def request_failures(
    shown_url: str, watch: WebProxyWatch | None = None
) -> Iterator[None]:
    """Map what fails before the headers are here.

    Args:
        shown_url: What messages name.
        watch: Of a request that goes through a web proxy.

    Raises:
        UpstreamTimeoutError: Connecting or the wait for headers took too long.
        UnavailableError: Anything else between us and an answer.
    """
    try:
        with _web_proxy_failures(shown_url, watch):
            yield
    except httpx.ConnectTimeout as exc:
        late = UpstreamTimeoutError(f"{shown_url}: connecting timed out")
        late.was_reached = False
        raise late from exc
    except httpx.TimeoutException as exc:
        raise UpstreamTimeoutError(f"{shown_url}: no answer in time") from exc
    except httpx.ConnectError as exc:
        away = UnavailableError(f"{shown_url}: cannot connect: {_reason(exc)}")
        away.was_reached = False
        away.failure_class = failure_class_of(exc)
        raise away from exc
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, *_LEAKS) as exc:
        error = UnavailableError(f"{shown_url}: no answer: {_reason(exc)}")
        error.failure_class = failure_class_of(exc)
        raise error from exc


@contextmanager
def _web_proxy_failures(shown_url: str, watch: WebProxyWatch | None) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as exc:
        failure = None if watch is None else web_proxy_failure(shown_url, exc, watch)
        if failure is None:
            raise
        raise failure from exc


@contextmanager
def body_failures(shown_url: str) -> Iterator[None]:
    """Map what fails while a body is read.

    Raises:
        UpstreamTimeoutError: The wait for the next bytes took too long.
        TruncatedError: The connection broke before the body's end.
        UnavailableError: Anything else.
    """
    try:
        yield
    except httpx.TimeoutException as exc:
        raise UpstreamTimeoutError(f"{shown_url}: the body stalled") from exc
    except (httpx.NetworkError, httpx.RemoteProtocolError) as exc:
        raise TruncatedError(f"{shown_url}: body cut off: {_reason(exc)}") from exc
    except (httpx.HTTPError, httpx.StreamError) as exc:
        raise UnavailableError(f"{shown_url}: body unreadable: {_reason(exc)}") from exc


def _reason(exc: Exception) -> str:
    """Return why, in printable words of a bounded length."""
    text = strip_user_info(str(exc)) or type(exc).__name__
    if text == _EACH_ADDRESS_FAILED:
        text = strip_user_info(system_words(first_cause(exc)))
    return "".join(c if c.isprintable() else " " for c in text)[:200]
