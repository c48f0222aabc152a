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

AskOwner: TypeAlias = Callable[[], Awaitable[list[str]]]


class Readiness:
    """Finds out whether a server can do its work."""

    def __init__(self, tree: Path, ask_owner: AskOwner | None = None) -> None:
        """Take what is to be looked at.

        Args:
            tree: The tree's folder.
            ask_owner: Returns what keeps the owner from its work; None for no owner.
        """
        self._tree = tree
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
        except OSError as exc:
            return [f"the tree cannot be read: {exc.strerror}"]
        return []
