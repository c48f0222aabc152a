"""Pages of the module index whose outcome is committed together.

Where all of the index is kept, what is committed together is packed together
(``catalog/index_rows``), and the more, the better. So pages are gathered: as many as
the reading has committed so far, up to ``MOST_PAGES``. So its first page is committed
at once, and a crash takes back no more than was committed before, to be read again.
Where the index is not kept, each page is a batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gosync.sync.keptindex import KeptColumns
from gosync.upstream.indexpage import IndexEvent

MOST_PAGES: Final = 25  # 50 000 rows: some 0.4 s of a writer's lock, 15 MiB


class IndexBatch:
    """What some pages brought.

    Attributes:
        pages: How many there are.
        wanted: Their events that a select wants.
        rows: All of their events, where these are kept.
        overlap: Where a later reading begins, "" for where it began.
    """

    def __init__(self, *, most_pages: int, committed_pages: int = 0) -> None:
        """Begin with no page.

        Args:
            most_pages: So many are committed together at most.
            committed_pages: How many the reading has committed before.
        """
        self.pages = 0
        self.wanted: list[IndexEvent] = []
        self.rows = KeptColumns()
        self.overlap = ""
        self._most_pages = most_pages
        self._committed_pages = committed_pages

    @property
    def is_enough(self) -> bool:
        """Whether what was added is to be committed now."""
        return self.pages >= min(self._most_pages, max(1, self._committed_pages))

    def add(self, wanted: Iterable[IndexEvent], overlap: str) -> None:
        """Add a page; its rows, where they are kept, are added to ``rows``.

        Args:
            wanted: Its events that a select wants.
            overlap: Where a later reading begins, as text that sorts as time; "" where
                the page has no rows.
        """
        self.pages += 1
        self.wanted.extend(wanted)
        self.overlap = max(overlap, self.overlap)  # of a short page it lies far back

    def next(self) -> IndexBatch:
        """Return the batch after this one, which was committed."""
        committed = self._committed_pages + self.pages
        return IndexBatch(most_pages=self._most_pages, committed_pages=committed)
