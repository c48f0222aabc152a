"""Ending a pass early without losing what is under way.

Questions are cut short at once: asking again costs a small request. Blobs that are
on their way are finished, since a large one may have taken an hour; no new one is
begun. What was admitted is committed in either case.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from gosync.errors import GosyncError


class Stop:
    """A wish that may come at any time; ``check`` raises it."""

    def __init__(self) -> None:
        self._reason: GosyncError | None = None
        self._scope: anyio.CancelScope | None = None

    @property
    def requested(self) -> bool:
        """Whether no new work may begin."""
        return self._reason is not None

    @property
    def reason(self) -> GosyncError | None:
        """Why not, or None."""
        return self._reason

    def request(self, reason: GosyncError) -> None:
        """Ask for the end; the first reason stays."""
        self._reason = self._reason or reason
        if self._scope is not None:
            self._scope.cancel()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Leave the block as soon as the end is asked for; do not nest.

        Raises:
            GosyncError: the reason, once it was asked for.
        """
        self.check()
        with anyio.CancelScope() as self._scope:
            yield
        self._scope = None
        self.check()

    def check(self) -> None:
        """Go on, or raise why not.

        Raises:
            GosyncError: the reason, once the end was asked for.
        """
        if self._reason is not None:
            raise self._reason
