"""Claims on versions within the owner: each is changed by one task at a time.

To bring a version and to let it go change the same row, the same files of the tree and
the same blobs, each in several steps; and a row that is written replaces the one
before, with what that knew of a zip. Leases tell commands apart, not their own tasks.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from gosync.gomod.module import ModuleVersion


class VersionClaims:
    """Who does what with which version now."""

    def __init__(self) -> None:
        self._locks: dict[ModuleVersion, asyncio.Lock] = {}
        self._users: Counter[ModuleVersion] = Counter()

    @asynccontextmanager
    async def claim(self, mv: ModuleVersion) -> AsyncIterator[None]:
        """Be the only one to change a version, once nobody else does."""
        self._users[mv] += 1
        try:
            async with self._locks.setdefault(mv, asyncio.Lock()):
                yield
        finally:
            self._users[mv] -= 1
            if not self._users[mv]:
                del self._users[mv], self._locks[mv]

    @asynccontextmanager
    async def claim_free(
        self, versions: Iterable[ModuleVersion]
    ) -> AsyncIterator[list[ModuleVersion]]:
        """Claim those of some versions that nobody else has or waits for."""
        free = [mv for mv in versions if not self._users[mv]]
        async with AsyncExitStack() as stack:
            for mv in free:
                await stack.enter_async_context(self.claim(mv))
            yield free
