"""GOPROXY lists: which proxy is asked next.

A list is URLs divided by "," or "|". What follows "," is asked when the one
before says a definite no (404, 410); what follows "|" after any error. ``direct``
and ``off`` end the list. For ``go``, ``direct`` means version control; gosync asks
proxies only, so it ends the list with nothing found. ``off`` forbids the rest.
An entry without a scheme means https. Each request walks the list anew.

When nobody answers, the error to report is the most telling: one that is "don't
know" over a "not fetched", and that over a definite no. So an answer that might
have been a yes never turns into a no.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from gosync.errors import (
    ConfigError,
    GosyncError,
    NotFetchedError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from gosync.upstream.urls import check_base_url, strip_secrets, strip_user_info

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")

DIRECT: Final = "direct"
OFF: Final = "off"


class ProxyEntry(msgspec.Struct, frozen=True):
    """One entry of a list; shows without its secrets.

    Attributes:
        url: The base URL, with user info if it has some; or "direct" or "off".
        fall_back_on_error: Whether any error leads to the next entry.
        is_last: Whether there is no next entry.
    """

    url: str
    fall_back_on_error: bool
    is_last: bool

    def __repr__(self) -> str:
        separator = "|" if self.fall_back_on_error else ","
        return f"ProxyEntry({strip_secrets(self.url)!r}, {separator!r})"

    @property
    def shown_url(self) -> str:
        """The base URL without secrets."""
        return strip_secrets(self.url)


class ProxyList(msgspec.Struct, frozen=True):
    """A parsed GOPROXY.

    Attributes:
        entries: In the order in which they are asked; never empty.
    """

    entries: tuple[ProxyEntry, ...]

    def source_of(self, url: str) -> str | None:
        """Return the entry that an answer came from, without secrets.

        None after a redirect to elsewhere, which is nobody's.
        """
        below = [
            entry.shown_url
            for entry in self.entries
            if url.startswith(f"{entry.shown_url.rstrip('/')}/")
        ]
        return max(below, key=len, default=None)

    async def first_answer(self, ask: Callable[[ProxyEntry], Awaitable[T]]) -> T:
        """Return what the first entry answers that does not pass the question on.

        Args:
            ask: Asks one entry, and raises NotFoundError for a definite no.

        Raises:
            GosyncError: What ``ask`` raised, of all entries the most telling.
        """
        best: GosyncError | None = None
        for entry in self.entries:
            try:
                return await ask(entry)
            except (NotFoundError, UnavailableError, RejectedError) as exc:
                best = exc if best is None or _rank(exc) >= _rank(best) else best
                definite_no = isinstance(exc, NotFoundError)
            if not (definite_no or entry.fall_back_on_error):
                break
        assert best is not None
        raise best


def parse_goproxy(value: str | Sequence[str]) -> ProxyList:
    """Parse a GOPROXY string; a sequence is one divided by ",".

    Raises:
        ConfigError: It has no entries, or one that is no proxy's URL.
    """
    text = value if isinstance(value, str) else ",".join(value)
    parsed: list[tuple[str, bool]] = []
    for match in re.finditer(r"([^,|]*)([,|]|\Z)", text):
        url = match[1].strip()
        if url:
            parsed.append((_check_entry(url), match[2] == "|"))
        if url in (DIRECT, OFF):
            break
    if not parsed:
        raise ConfigError("the list of proxies has no entries")
    last = len(parsed) - 1
    return ProxyList(
        tuple(
            ProxyEntry(url, fall_back_on_error=falls_back, is_last=number == last)
            for number, (url, falls_back) in enumerate(parsed)
        )
    )


def _check_entry(url: str) -> str:
    """Return the entry with its scheme."""
    if url in (DIRECT, OFF):
        return url
    if not re.search("[.:/]", url):
        raise ConfigError(f"proxy {url!r}: neither URL nor direct nor off")
    if url.startswith("/"):
        raise ConfigError(
            f"proxy {url!r}: a path needs its scheme", hint=f"write file://{url}"
        )
    if ":/" not in url:
        url = f"https://{url}"
    try:
        check_base_url(url)
    except ConfigError as exc:
        raise ConfigError(f"proxy {strip_user_info(str(exc))}", hint=exc.hint) from None
    return url


def _rank(error: GosyncError) -> int:
    if isinstance(error, NotFetchedError):
        return 1
    return 0 if isinstance(error, NotFoundError) else 2
