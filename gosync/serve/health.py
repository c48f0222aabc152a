"""Readiness: whether a server can do its work, and why not.

A worker looks at the tree's folder, and, where there is an owner, asks it: that knows
the store's disk, the age of the tree head and whether upstream answers.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from gosync.clock import Clock
from gosync.folder.routes import MARKER

AskOwner: TypeAlias = Callable[[], Awaitable[list[str]]]


class Readiness:
    """Finds out whether a server can do its work."""

    def __init__(
        self,
        tree: Path,
        clock: Clock,
        *,
        max_age_seconds: float | None = None,
        ask_owner: AskOwner | None = None,
    ) -> None:
        """Take what is to be looked at.

        Args:
            tree: The tree's folder.
            clock: What time it is.
            max_age_seconds: How long ago it may have been published last, and so how
                old its tree head may be; None for any time.
            ask_owner: Returns what keeps the owner from its work; None for no owner.
        """
        self._tree, self._clock = tree, clock
        self._max_age_seconds = max_age_seconds
        self._ask_owner = ask_owner

    async def reasons(self) -> list[str]:
        """Return what keeps the server from its work, nothing when it is ready."""
        found = await asyncio.to_thread(self._look)
        if self._ask_owner is not None:
            found += await self._ask_owner()
        return found

    def _look(self) -> list[str]:
        try:
            with os.scandir(self._tree) as entries:
                next(entries, None)
            return [] if self._max_age_seconds is None else self._look_at_age()
        except OSError as exc:
            return [f"the tree cannot be read: {exc.strerror}"]

    def _look_at_age(self) -> list[str]:
        published = (self._tree / MARKER).stat().st_mtime
        age = self._clock.now().timestamp() - published
        if age <= (self._max_age_seconds or 0):
            return []
        return [f"the tree, and its tree head, are of {age / 3600:.1f} h ago"]
