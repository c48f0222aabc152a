"""Sources of a GOPROXY list: asked in turn, as ``go`` does.

What follows "," is asked when the one before says a definite no (404, 410); what
follows "|" after any error. Each request walks the list anew. One source that is named
twice, or that carries a checksum database too, has one health.

When nobody answers, the error to report is the most telling: one that is "don't
know" over a "not fetched", and that over a definite no. So an answer that might
have been a yes never turns into a no.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from gosync.errors import (
    GosyncError,
    NotFetchedError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from gosync.upstream.goproxy import ProxyEntry, ProxyList
from gosync.upstream.source import Source, make_source

if TYPE_CHECKING:
    from gosync.upstream.http import Fetcher

T = TypeVar("T")


class Sources:
    """The sources that one run asks.

    Attributes:
        proxies: The list that names them.
    """

    def __init__(self, proxies: ProxyList, fetcher: Fetcher) -> None:
        """Prepare to ask.

        Args:
            proxies: Who is asked, in which order.
            fetcher: Sends the requests.
        """
        self.proxies = proxies
        self._fetcher = fetcher
        self._known: dict[str, Source] = {}

    def at(self, url: str) -> Source:
        """Return the source at a URL: http, https or file."""
        base = url.rstrip("/")
        found = self._known.get(base)
        if found is None:
            found = self._known[base] = make_source(base, self._fetcher)
        return found

    async def first_answer(self, ask: Callable[[ProxyEntry], Awaitable[T]]) -> T:
        """Return what the first entry answers that does not pass the question on.

        Args:
            ask: Asks one entry, and raises NotFoundError for a definite no.

        Raises:
            GosyncError: What ``ask`` raised, of all entries the most telling.
        """
        best: GosyncError | None = None
        for entry in self.proxies.entries:
            try:
                return await ask(entry)
            except (NotFoundError, UnavailableError, RejectedError) as exc:
                best = exc if best is None or _rank(exc) >= _rank(best) else best
                definite_no = isinstance(exc, NotFoundError)
            if not (definite_no or entry.fall_back_on_error):
                break
        assert best is not None
        raise best


def _rank(error: GosyncError) -> int:
    if isinstance(error, NotFetchedError):
        return 1
    return 0 if isinstance(error, NotFoundError) else 2
