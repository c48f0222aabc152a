"""Redirects: which are followed.

At most ten, and never from https to http (or to anything that is neither). The
new address's own user info is dropped: nobody but the operator hands out
credentials here.

Where a CDN has the files, the address often carries a signature that expires. Each try,
also for the rest of a file, begins at the address that was asked for; what a signed one
refuses is tried once more from there.
"""

from __future__ import annotations

from typing import Final, TypeGuard
from urllib.parse import urlsplit, urlunsplit

import httpx

from gosync.errors import GosyncError, UpstreamStatusError
from gosync.upstream.urls import strip_secrets

MAX_REDIRECTS: Final = 10
_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_EXPIRED: Final = frozenset({400, 401, 403})  # what storage says of old signatures


def is_redirect(response: httpx.Response) -> bool:
    """Whether an answer sends us elsewhere."""
    return response.status_code in _STATUSES and bool(response.headers.get("location"))


def is_of_signature(
    error: GosyncError, address: httpx.URL
) -> TypeGuard[UpstreamStatusError]:
    """Whether a redirect's address may have been refused for its signature."""
    is_refused = isinstance(error, UpstreamStatusError) and error.status in _EXPIRED
    return is_refused and bool(address.query)


def next_address(
    current: httpx.URL, response: httpx.Response, *, followed: int
) -> httpx.URL:
    """Return where a redirect leads.

    Args:
        current: The address that answered.
        response: Its answer.
        followed: How many redirects came before this one.

    Raises:
        UpstreamStatusError: One too many, to a URL that does not parse, or from
            https to http.
    """
    status = response.status_code
    shown = strip_secrets(str(current))
    if followed >= MAX_REDIRECTS:
        raise UpstreamStatusError(
            f"{shown}: stopped after {MAX_REDIRECTS} redirects", status=status
        )
    try:
        resolved = _resolve(str(current), str(httpx.URL(response.headers["location"])))
        address = httpx.URL(resolved)
        target = address.copy_with(username="", password="", fragment=None)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise UpstreamStatusError(
            f"{shown}: redirected to no valid URL", status=status
        ) from None
    if not is_web_address(target):
        raise UpstreamStatusError(
            f"{shown}: redirected to no http or https URL", status=status
        )
    if current.scheme == "https" and target.scheme != "https":
        raise UpstreamStatusError(
            f"{shown}: redirected from https to insecure {strip_secrets(str(target))}",
            status=status,
        )
    return target


def _resolve(base: str, location: str) -> str:
    """Return the absolute URL (RFC 3986 section 5.2); urljoin drops empty segments."""
    at, to = urlsplit(base), urlsplit(location)
    if to.scheme and to.scheme != at.scheme:
        return location
    if to.netloc:
        return urlunsplit((at.scheme, to.netloc, _without_dots(to.path), to.query, ""))
    if not to.path:
        return urlunsplit((at.scheme, at.netloc, at.path, to.query or at.query, ""))
    path = to.path
    if not path.startswith("/"):
        path = f"{at.path.rpartition('/')[0]}/{path}"
    return urlunsplit((at.scheme, at.netloc, _without_dots(path), to.query, ""))


def _without_dots(path: str) -> str:
    """Return a path without ``.`` and ``..``."""
    segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[max(1, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept + [""] * (segments[-1] in (".", "..")))


def is_web_address(url: httpx.URL) -> bool:
    """Whether a URL is one of http or https, with a host and a port that can be."""
    return url.scheme in ("http", "https") and bool(url.host) and _port(url) < 65536


def same_origin(a: httpx.URL, b: httpx.URL) -> bool:
    """Whether two addresses share scheme, host and port."""
    return (a.scheme, a.host, _port(a)) == (b.scheme, b.host, _port(b))


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
