"""Address of an upstream: its URL, and the secrets that open it, apart.

A URL of a configuration may hold a user name and password (``https://user:word@host``)
or, where that is allowed, a token in its query. Both are parted from it once, when it
is read: what goes on is the URL without them, which may be shown, kept and compared,
and a :class:`Logins` that adds them where a request is sent.

The parts are those of RFC 3986: the authority ends at the first "/", "?" or "#". A
password that holds one of these bare is cut in two by that, so a URL with an "@"
after its authority is refused. No message quotes any part of a refused URL.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

import msgspec

from gosync.errors import ConfigError
from gosync.upstream.credentials import Credentials, credentials_of_user_info

MASK: Final = "***"
_SECRET_CHARACTERS: Final = 4  # shorter values of a query are numbers and the like
_NETRC_HINT: Final = (
    "write / ? # @ of a password as %2F %3F %23 %40, or put it into ~/.netrc"
)
_SCHEMES: Final = ("https", "http", "file")


class Address(msgspec.Struct, frozen=True):
    """Where an upstream is; shows without its secrets.

    Attributes:
        url: The URL without user info and query.
        login: Who we are there, None where the URL does not say it.
        query: What every request's query begins with, "" for nothing.
    """

    url: str
    login: Credentials | None = None
    query: str = ""

    def __repr__(self) -> str:
        return f"Address({self.masked!r})"

    @property
    def masked(self) -> str:
        """The URL with ``***`` in the place of each secret."""
        scheme, separator, rest = self.url.partition("://")
        who = f"{MASK}@" if self.login is not None else ""
        query = f"?{MASK}" if self.query else ""
        return f"{scheme}{separator}{who}{rest}{query}"

    def scrub(self, text: str) -> str:
        """Return a text that the other side sent, without these secrets."""
        if self.login is not None:
            text = self.login.scrub(text)
        if self.query:
            values = [value for _, value in parse_qsl(self.query)]
            for secret in (self.query, *values):
                if len(secret) >= _SECRET_CHARACTERS:
                    text = text.replace(secret, MASK)
        return text

    def covers(self, url: str) -> bool:
        """Whether a URL is this one, or one below it."""
        base = self.url.rstrip("/")
        return url == self.url or url.startswith((f"{base}/", f"{base}?"))


def parse_address(
    text: str, *, may_query: bool = False, plain_login: bool = False
) -> Address:
    """Take a URL apart.

    Args:
        text: An http, https or file URL.
        may_query: Whether it may have a query.
        plain_login: Whether a password may be sent over plain http.

    Raises:
        ConfigError: It is no such URL, has a query or fragment, would send a
            password over plain http, or is a file URL with more than a path.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise ConfigError("a URL must start with https://, http:// or file://")
    if not text.isprintable():
        raise ConfigError("a URL with control characters")
    authority, tail = _cut(rest)
    user_info, _, host = authority.rpartition("@")
    parts = _split(f"{scheme.lower()}://{host}{tail}")
    if parts.scheme == "file":
        _check_file(parts, authority)
    elif "@" in tail:
        raise ConfigError('a URL with an "@" after its host', hint=_NETRC_HINT)
    _check_end(tail, may_query=may_query)
    login = credentials_of_user_info(user_info.encode("utf-8", "surrogateescape"))
    if parts.scheme == "http" and login is not None and not plain_login:
        raise ConfigError(
            "refusing to send a password over plain http",
            hint="use https, or leave out the user name and password",
        )
    return Address(f"{parts.scheme}://{host}{parts.path}", login, parts.query)


def shown_webhook(url: str) -> str:
    """Return the part of a webhook's URL that may be shown: scheme and host."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname:
            return f"{parts.scheme}://{parts.hostname}"
    return "a webhook"


def _cut(rest: str) -> tuple[str, str]:
    """Return the authority, and all that follows it."""
    ends = [at for at in map(rest.find, "/?#") if at >= 0]
    end = min(ends, default=len(rest))
    return rest[:end], rest[end:]


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError:
        raise ConfigError("a URL that does not parse", hint=_NETRC_HINT) from None
    if parts.scheme != "file" and (not parts.hostname or " " in parts.netloc):
        raise ConfigError("a URL that names no host")
    return parts


def _check_file(parts: SplitResult, authority: str) -> None:
    if authority or not parts.path.startswith("/"):
        raise ConfigError("a file URL is file:// and an absolute path")


def _check_end(tail: str, *, may_query: bool) -> None:
    if "#" in tail or ("?" in tail and not may_query):
        allowed = "no fragment" if may_query else "neither query nor fragment"
        raise ConfigError(f"a URL that may have {allowed}", hint=_NETRC_HINT)


class Logins(msgspec.Struct, frozen=True):
    """The secrets of all upstreams, each for what is below its URL."""

    addresses: tuple[Address, ...] = ()

    def of(self, url: str) -> Address | None:
        """Return the address that a URL is below, the nearest one."""
        covering = (each for each in self.addresses if each.covers(url))
        return max(covering, key=lambda each: len(each.url), default=None)


def make_logins(addresses: Iterable[Address]) -> Logins:
    """Return the secrets of some upstreams.

    Raises:
        ConfigError: One URL stands there with two passwords.
    """
    known: dict[str, Address] = {}
    for each in addresses:
        before = known.get(each.url, each)
        ours, theirs = (before.login, before.query), (each.login, each.query)
        if None not in (before.login, each.login) and ours != theirs:
            raise ConfigError(
                f"{each.url}: has two different user names or passwords",
                hint="keep one of them",
            )
        known[each.url] = each if before.login is None else before
    return Logins(tuple(known.values()))
