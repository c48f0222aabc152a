"""Errors of httpx, made into ours at the one border that they may reach.

Nothing of the request (its headers, its URL's secrets) goes into a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from gosync.errors import TruncatedError, UnavailableError, UpstreamTimeoutError
from gosync.upstream.causes import failure_class_of, first_cause, system_words
from gosync.upstream.urls import strip_user_info

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


@contextmanager
def request_failures(shown_url: str) -> Iterator[None]:
    """Map what fails before the headers are here.

    Raises:
        UpstreamTimeoutError: Connecting or the wait for headers took too long.
        UnavailableError: Anything else between us and an answer.
    """
    try:
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
