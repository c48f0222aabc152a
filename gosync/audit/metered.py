"""Metered proxy: one proxy, asked within its budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from gosync.audit.answers import LookAnswer
from gosync.audit.budget import Budget
from gosync.catalog.looks import Look
from gosync.upstream.answer import Sink
from gosync.upstream.breaker import NEVER_OPEN
from gosync.upstream.http import Fetcher
from gosync.upstream.revisits import Revisit, Revisits, Validators
from gosync.upstream.source import make_source

NO_VALIDATORS: Final = Validators()


class MeteredAnswer(msgspec.Struct, frozen=True):
    """An answer.

    Attributes:
        said: What to keep of it.
        validators: What to send the next time.
        changed: False where the upstream said that nothing has.
        asked: False where what is here already was enough to tell.
    """

    said: LookAnswer
    validators: Validators = NO_VALIDATORS
    changed: bool = True
    asked: bool = True


def validators_of(look: Look, before: LookAnswer) -> Validators:
    """Return what makes the request conditional: only where there was an answer."""
    return Validators(look.etag, look.modified) if before.had else NO_VALIDATORS


class MeteredProxy:
    """A proxy; each request is taken from the budget before it is sent."""

    def __init__(self, url: str, fetcher: Fetcher, budget: Budget) -> None:
        # What an answer is worth is known to who reads it: he counts questions.
        self._revisits = Revisits(make_source(url, fetcher, NEVER_OPEN))
        self._traffic = fetcher.traffic
        self._budget = budget

    async def get(self, target: str, known: Validators, *, limit_bytes: int) -> Revisit:
        """Return a file; see ``Revisits.get``.

        Raises:
            BudgetSpentError: if no request is left.
            GosyncError: as from ``Revisits.get``.
        """
        return await self._metered(
            lambda: self._revisits.get(target, known, limit_bytes=limit_bytes)
        )

    async def download(
        self,
        target: str,
        new_sink: Callable[[], Sink],
        known: Validators,
        *,
        limit_bytes: int,
    ) -> Revisit:
        """Hand a file to a sink; see ``Revisits.download``.

        Raises:
            BudgetSpentError: if no request is left.
            GosyncError: as from ``Revisits.download``.
        """
        return await self._metered(
            lambda: self._revisits.download(
                target, new_sink, known, limit_bytes=limit_bytes
            )
        )

    async def _metered(self, request: Callable[[], Awaitable[Revisit]]) -> Revisit:
        self._budget.take()
        requests, size_bytes = self._traffic.requests, self._traffic.received_bytes
        try:
            return await request()
        finally:
            self._budget.charge(
                requests=max(0, self._traffic.requests - requests - 1),
                size_bytes=self._traffic.received_bytes - size_bytes,
            )
