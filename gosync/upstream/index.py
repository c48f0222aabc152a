"""The module index: what a proxy has seen, in the order in which it saw it.

    GET INDEX?since=TIME&limit=2000[&include=all]

answers with one page (``indexpage``) of at most 2000 rows, oldest first. ``since`` is
inclusive, so that the events of a page's last moment come again with the next page;
those are dropped here. A page that is not full is the last one. A full page whose
times do not get past ``since`` would come again forever: its rows are handed out, then
that is an error.

Memory holds one page. Limits: 8 MiB a page; of a longer answer than asked for, every
row counts. Pages are read apart from the event loop.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Final
from urllib.parse import urlencode

from gosync.errors import UnavailableError
from gosync.gomod.patterns import PathFilter
from gosync.upstream.http import Fetcher
from gosync.upstream.indexpage import IndexEvent, IndexPage, read_page, time_key
from gosync.upstream.options import MIB
from gosync.upstream.reading import parse_apart
from gosync.upstream.urls import strip_secrets

PAGE_LIMIT: Final = 2000
PAGE_LIMIT_BYTES: Final = 8 * MIB


class IndexClient:
    """Reads the index, page by page."""

    def __init__(
        self,
        url: str,
        fetcher: Fetcher,
        *,
        page_limit: int = PAGE_LIMIT,
        include_all: bool = False,
    ) -> None:
        """Prepare to ask.

        Args:
            url: The index's URL.
            fetcher: Does the asking.
            page_limit: How many rows to ask for; the index gives 2000 at most.
            include_all: Whether to ask for versions that are gone, too.
        """
        self._url = url
        self._fetcher = fetcher
        self._page_limit = page_limit
        self._include_all = include_all

    async def refresh(self) -> None:
        """Look whether anything is new, where pages alone do not tell."""

    async def pages(
        self,
        since: str,
        *,
        wanted: PathFilter | None = None,
        horizon: str | None = None,
    ) -> AsyncGenerator[IndexPage, None]:
        """Yield the pages from a time on, the events at that time included.

        Whoever may stop before the end closes it with ``contextlib.aclosing``.

        Args:
            since: RFC 3339, or "" for the beginning.
            wanted: Returns which of some module paths, a line each, are those whose
                events are of use; rows of others are neither checked nor handed out.
            horizon: A time that no honest row is later than. Rows beyond it are
                events, but do not move ``last``: one row from the far future
                must not make us miss everything until then.

        Raises:
            UnavailableError: The index gave no answer, or cannot get past one
                moment.
            NotFoundError: There is no index at the URL.
            MalformedError: ``since`` is no time, or the answer is HTML.
            TooLargeError: A page exceeds its limit.
        """
        if since:
            time_key(since)
        before: Sequence[IndexEvent] = ()
        while True:
            body = await self._page(since)
            read = partial(
                read_page,
                body,
                since,
                before,
                wanted=wanted,
                limit=self._page_limit,
                horizon_key=time_key(horizon) if horizon else None,
            )
            page, before = await parse_apart(read, len(body))
            yield page
            if not page.full:
                return
            if not _is_later(page.last, since):
                raise self._stuck(since, page.last)
            since = page.last

    async def _page(self, since: str) -> bytes:
        """Return the bytes of a page."""
        answer = await self._fetcher.get(
            self._page_url(since), limit_bytes=PAGE_LIMIT_BYTES
        )
        return answer.body

    def _page_url(self, since: str) -> str:
        query = {"since": since} if since else {}
        query["limit"] = str(self._page_limit)
        if self._include_all:
            query["include"] = "all"
        separator = "&" if "?" in self._url else "?"
        return f"{self._url}{separator}{urlencode(query, safe=':')}"

    def _stuck(self, since: str, last: str) -> UnavailableError:
        return UnavailableError(
            f"{strip_secrets(self._url)}: a full page of {self._page_limit} rows does"
            f" not get past {last or since}",
            hint="modules named by exact path are still found by their list",
        )


def _is_later(a: str, b: str) -> bool:
    return bool(a) and (not b or time_key(a) > time_key(b))
