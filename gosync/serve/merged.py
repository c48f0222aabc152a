"""Merged answers: lists, ``@latest`` and branches, as the owner holds them.

The owner writes each into a folder of the store, never into the tree; a worker keeps
it in memory with the time for which it is good. Once that is over it is good for
``STALE_SECONDS`` more while it is asked for anew in the background, once at a time.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from gosync.clock import Clock
from gosync.serve.asked import Asked
from gosync.serve.files import ServedEntry, ServedFiles
from gosync.serve.origin import Fate, OriginAnswer, TreeOrigin

STALE_SECONDS: Final = 600.0
_MEMORY_BYTES: Final = 16 << 20
_KNOWN: Final = 20_000


class MergedAnswer(msgspec.Struct, frozen=True):
    """One that is held.

    Attributes:
        entry: Its file.
        is_fresh: Whether it is good.
        may_be_stale: Whether it may be given out while it is asked for anew.
    """

    entry: ServedEntry
    is_fresh: bool
    may_be_stale: bool


class MergedFiles:
    """What one worker knows of what the owner holds."""

    def __init__(self, folder: Path, clock: Clock, *, for_all: bool = True) -> None:
        self._files = ServedFiles(
            folder, memory_bytes=_MEMORY_BYTES, immutable_days=0, for_all=for_all
        )
        self._clock = clock
        self._good_until: dict[str, float] = {}
        self._asking: dict[str, asyncio.Task[OriginAnswer]] = {}

    def get(self, path: str) -> MergedAnswer | None:
        """Return what is held for a URL's path."""
        until = self._good_until.get(path)
        entry = None if until is None else self._files.get(path)
        if entry is None or until is None:
            return None
        late = self._clock.monotonic() - until
        return MergedAnswer(entry, late < 0, late < STALE_SECONDS)

    def held(self, path: str, asked: Asked) -> ServedEntry | None:
        """Return what of the checksum database is held, as it is on the disk now.

        Raises:
            OSError: the disk refuses.
        """
        return self._files.load(path, asked)

    def revalidate(self, path: str, asked: Asked, origin: TreeOrigin) -> None:
        """Ask for it anew, if nobody does."""
        if path not in self._asking:
            task = asyncio.get_running_loop().create_task(
                self._bring(path, asked, origin)
            )
            self._asking[path] = task
            task.add_done_callback(lambda _: self._asking.pop(path, None))

    async def bring(self, path: str, asked: Asked, origin: TreeOrigin) -> OriginAnswer:
        """Ask for it, and take it into memory."""
        self.revalidate(path, asked, origin)
        return await asyncio.shield(self._asking[path])

    async def _bring(self, path: str, asked: Asked, origin: TreeOrigin) -> OriginAnswer:
        brought = await origin.bring(asked)
        if brought.fate is Fate.HERE:
            self._files.load(path, asked)
            self._note(path, brought.fresh_seconds)
        elif brought.fate in (Fate.NO, Fate.DENIED):
            self._good_until.pop(path, None)
        return brought

    def _note(self, path: str, fresh_seconds: float) -> None:
        self._good_until.pop(path, None)
        if len(self._good_until) >= _KNOWN:
            self._good_until.pop(next(iter(self._good_until)))
        self._good_until[path] = self._clock.monotonic() + fresh_seconds
