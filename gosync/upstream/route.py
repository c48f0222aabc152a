"""Route of a question: which upstreams of a list are asked, and in which order.

A list is groups divided by ","; upstreams of one group are divided by "|". What
answers first in a group is as good as any other of it, so ``Order.FASTEST`` puts the
fastest one first; across a "," nothing changes its place, since what stands before it
must have said a definite no.

A private name that a source of the site's own has goes to that one. Any other one goes
to private upstreams alone, in the order of the list: those that
are marked so or, where none is, the first one that is listed. Nobody else hears it,
whatever they answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from gosync.gomod.patterns import PatternSet
from gosync.upstream.address import Address
from gosync.upstream.goproxy import DIRECT, OFF, ProxyEntry, ProxyList

_OWN = "git+"
NO_PATTERNS = PatternSet(())


class Order(StrEnum):
    """In which order upstreams are asked that "|" divides."""

    LISTED = "listed"
    FASTEST = "fastest"


class OwnSource(msgspec.Struct, frozen=True):
    """Repositories of the site's own that are asked for private modules.

    Attributes:
        pattern: GOPRIVATE patterns of these modules.
        url: The repositories' URL: ``{path}`` is the module path below its first
            element, ``{module}`` all of it.
        depth: How many elements of the path, below the first one, name a repository;
            None: all of them.
        seconds: How long one question may take.
        max_bytes: How much may be fetched at once.
    """

    pattern: PatternSet
    url: str
    depth: int | None = None
    seconds: float = 600
    max_bytes: int = 2 << 30

    @property
    def entry(self) -> ProxyEntry:
        """The one entry that is asked."""
        address = Address(f"{_OWN}{self.url}")
        return ProxyEntry(address, fall_back_on_error=False, is_last=True)


class Routing(msgspec.Struct, frozen=True):
    """What is configured about who is asked.

    Attributes:
        order: The order within a group.
        private: GOPRIVATE patterns.
        private_urls: Upstreams that may hear names which these match.
        authoritative: The upstream whose definite no is final, "" for none.
        own: Repositories of the site's own, the first that names a module.
    """

    order: Order = Order.LISTED
    private: PatternSet = NO_PATTERNS
    private_urls: tuple[str, ...] = ()
    authoritative: str = ""
    own: tuple[OwnSource, ...] = ()

    def own_source(self, path: str) -> OwnSource | None:
        """Return which repositories of the site's own have a module."""
        return next((each for each in self.own if each.pattern.match(path)), None)

    def is_private(self, path: str) -> bool:
        """Whether only private upstreams may hear of a module."""
        return self.private.match(path)


def route(
    proxies: ProxyList,
    path: str,
    routing: Routing,
    *,
    slowness: Callable[[str], float],
) -> tuple[ProxyEntry, ...]:
    """Return whom to ask about a module, in this order; never empty.

    Args:
        proxies: The list.
        path: The module path, "" where the question names no module.
        routing: What is configured.
        slowness: How long an upstream at a URL lets one wait; more is worse.
    """
    if path and (own := routing.own_source(path)) is not None:
        return (own.entry,)
    if path and routing.is_private(path):
        return private_entries(proxies, routing)
    if routing.order is Order.LISTED:
        return proxies.entries
    return tuple(
        entry
        for group in _groups(proxies.entries)
        for entry in _sorted(group, slowness)
    )


def shared_urls(proxies: ProxyList) -> frozenset[str]:
    """Return the upstreams of groups with more than one: others stand in for them."""
    groups = (
        [each.url for each in group if each.url not in (DIRECT, OFF)]
        for group in _groups(proxies.entries)
    )
    return frozenset(url for group in groups if len(group) > 1 for url in group)


def private_entries(proxies: ProxyList, routing: Routing) -> tuple[ProxyEntry, ...]:
    """Return who may hear private names: none passes a failure on to the next."""
    asked = [each for each in proxies.entries if each.url not in (DIRECT, OFF)]
    marked = [each for each in asked if each.url.rstrip("/") in routing.private_urls]
    chosen = marked if routing.private_urls else asked[:1]
    last = len(chosen) - 1
    found = tuple(
        replace(each, fall_back_on_error=False, is_last=number == last)
        for number, each in enumerate(chosen)
    )
    return found or proxies.entries[-1:]  # "off" or "direct", which ask nobody


def _groups(entries: tuple[ProxyEntry, ...]) -> Iterator[list[ProxyEntry]]:
    group: list[ProxyEntry] = []
    for entry in entries:
        if entry.url in (DIRECT, OFF):
            if group:
                yield group
            yield [entry]
            group = []
            continue
        group.append(entry)
        if not entry.fall_back_on_error:
            yield group
            group = []
    if group:
        yield group


def _sorted(
    group: list[ProxyEntry], slowness: Callable[[str], float]
) -> Iterator[ProxyEntry]:
    """Yield a group, fastest first; each place keeps its separator."""
    ranked = sorted(group, key=lambda each: slowness(each.url))
    for place, entry in zip(group, ranked, strict=True):
        yield replace(
            entry,
            fall_back_on_error=place.fall_back_on_error,
            is_last=place.is_last,
        )
