"""Question queue of one source, as the catalog keeps it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from gosync.audit.budget import Budget
from gosync.catalog.look_table import Looks
from gosync.catalog.looks import Look


class SourceQueue:
    """What one source is asked; see ``order.QuestionQueue``.

    Args:
        looks: The questions.
        budget: The source's.
        started: When the audit began: what is answered now is not due in it again.
        latest: What is due later than this cannot be so.
    """

    def __init__(
        self, looks: Looks, budget: Budget, started: datetime, latest: datetime
    ) -> None:
        self._looks = looks
        self._budget = budget
        self._started = started
        self._latest = latest

    def oldest(self, *, but: Collection[str] = (), path: str = "") -> Look | None:
        """Return what is due and has waited longest."""
        return self._next_due(but=but, path=path)

    def oldest_known(self, *, but: Collection[str]) -> Look | None:
        """Return the same, of modules for which there ever was an answer."""
        return self._next_due(but=but, known=True)

    def _next_due(
        self, *, but: Collection[str], path: str = "", known: bool = False
    ) -> Look | None:
        return self._looks.next_due(
            self._budget.source,
            self._started,
            latest=self._latest,
            zips=self._budget.has_bytes,
            but=but,
            path=path,
            known=known,
        )

    def witness(self, *, but: Collection[str]) -> Look | None:
        """Return what was answered and is due soonest, but not yet."""
        source = self._budget.source
        return self._looks.next_answerable(source, self._started, but=but)

    def strangers(self) -> Collection[str]:
        """Return the modules for which there never was an answer."""
        return self._looks.strangers(self._budget.source)
