"""GOPROXY lists, parsed: which proxies there are, and in which order.

A list is URLs divided by "," or "|". What follows "," is asked when the one
before says a definite no (404, 410); what follows "|" after any error. ``direct``
and ``off`` end the list. For ``go``, ``direct`` means version control; gosync asks
proxies only, so it ends the list with nothing found. ``off`` forbids the rest.
An entry without a scheme means https. The list is a value; ``sources`` asks it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from gosync.errors import ConfigError
from gosync.upstream.address import Address, make_logins, parse_address

DIRECT: Final = "direct"
OFF: Final = "off"


class ProxyEntry(msgspec.Struct, frozen=True):
    """One entry of a list.

    Attributes:
        address: Where it is; its URL is "direct" or "off" for these words.
        fall_back_on_error: Whether any error leads to the next entry.
        is_last: Whether there is no next entry.
    """

    address: Address
    fall_back_on_error: bool
    is_last: bool

    @property
    def url(self) -> str:
        """The base URL, without secrets; or "direct" or "off"."""
        return self.address.url

    @property
    def shown_url(self) -> str:
        """The base URL, without secrets; or "direct" or "off"."""
        return self.address.url


class ProxyList(msgspec.Struct, frozen=True):
    """A parsed GOPROXY.

    Attributes:
        entries: In the order in which they are asked; never empty.
    """

    entries: tuple[ProxyEntry, ...]

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where the proxies are, and the secrets that open them."""
        return tuple(
            entry.address for entry in self.entries if entry.url not in (DIRECT, OFF)
        )

    @property
    def masked(self) -> str:
        """The list as a GOPROXY string, with ``***`` for its secrets."""
        pieces = [
            entry.address.masked + ("|" if entry.fall_back_on_error else ",")
            for entry in self.entries
        ]
        return "".join(pieces)[:-1]

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


def parse_goproxy(value: str | Sequence[str]) -> ProxyList:
    """Parse a GOPROXY string; a sequence is one divided by ",".

    Raises:
        ConfigError: It has no entries, or one that is no proxy's URL.
    """
    text = value if isinstance(value, str) else ",".join(value)
    parsed: list[tuple[Address, bool]] = []
    for match in re.finditer(r"([^,|]*)([,|]|\Z)", text):
        url = match[1].strip()
        if url:
            parsed.append((_entry(url, len(parsed) + 1), match[2] == "|"))
        if url in (DIRECT, OFF):
            break
    if not parsed:
        raise ConfigError("the list of proxies has no entries")
    last = len(parsed) - 1
    proxies = ProxyList(
        tuple(
            ProxyEntry(address, fall_back_on_error=falls_back, is_last=number == last)
            for number, (address, falls_back) in enumerate(parsed)
        )
    )
    make_logins(proxies.addresses)
    return proxies


def _entry(url: str, number: int) -> Address:
    """Take an entry apart; no message quotes it, since it may hold a password."""
    if url in (DIRECT, OFF):
        return Address(url)
    subject = f"entry {number} of the list of proxies"
    if not re.search("[.:/]", url):
        raise ConfigError(f"{subject}: neither URL nor direct nor off")
    if url.startswith("/"):
        raise ConfigError(f"{subject}: a path needs its scheme, file://")
    if ":/" not in url:
        url = f"https://{url}"
    try:
        return parse_address(url)
    except ConfigError as exc:
        raise ConfigError(f"{subject}: {exc}", hint=exc.hint) from None
