"""Question to the module index: whether it has gone on without us.

One event is asked for: the first after all that was read. Reading stays a little
behind the newest event, so the question begins a little after the cursor.
"""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta

from gosync.audit.answers import IndexAnswer
from gosync.audit.budget import Budget
from gosync.audit.metered import MeteredAnswer
from gosync.catalog.looks import Look
from gosync.clock import format_time, shift
from gosync.site.site import Site
from gosync.sync.index import cursor_names, read_up_to
from gosync.upstream.http import Fetcher
from gosync.upstream.index import IndexClient


class IndexAsker:
    """Asks the module index."""

    def __init__(self, site: Site, fetcher: Fetcher, budget: Budget) -> None:
        self._site = site
        self._index = IndexClient(site.options.index_url, fetcher, page_limit=1)
        self._budget = budget

    async def ask(self, look: Look) -> MeteredAnswer:  # noqa: ARG002 - there is one question
        """Ask for the first event that is not read yet.

        Raises:
            BudgetSpentError: if no request is left.
            UnavailableError: if there is no answer.
            NotFoundError: if there is no index.
            RejectedError: if the answer makes no sense.
            CatalogError: if the catalog cannot be read or written.
        """
        cursor = self._cursor()
        if cursor is None:
            return MeteredAnswer(
                IndexAnswer(), asked=False
            )  # nothing was read from it yet
        read = shift(read_up_to(cursor), timedelta(microseconds=1))
        self._budget.take()
        async with aclosing(self._index.pages(format_time(read))) as pages:
            page = await anext(pages)
        unread = page.last if page.seen else ""
        return MeteredAnswer(IndexAnswer(had=True, cursor=cursor, unread=unread))

    def _cursor(self) -> str | None:
        """Return from where on the index is unread; the most backward cursor counts."""
        options, catalog = self._site.options, self._site.catalog
        names = cursor_names(options.policy, catalog)
        return catalog.cursors.lowest(options.index_url, names)
