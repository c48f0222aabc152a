"""Uploads, as the owner takes them in: one after the other through the gate."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path
from typing import Final

from gosync.errors import (
    GosyncError,
    RejectedError,
    UsageError,
    WithdrawnError,
)
from gosync.gomod.module import ModuleVersion
from gosync.release.releasing import check_name, release_zip
from gosync.serve.origin import Fate, OriginAnswer
from gosync.serve.outcomes import HERE, answer_of_error, denied
from gosync.serve.publishing import ModuleQueue
from gosync.serve.uploads import UPLOADS
from gosync.serve.wire import UPLOAD_NAME
from gosync.site.site import Site
from gosync.work.progress import NoProgress

_log = logging.getLogger(__name__)
_NEW: Final = OriginAnswer(Fate.HERE, "new\n")
_LEFT_SECONDS: Final = 3600.0  # nobody sends one zip for so long


class UploadTaker:
    """The owner's part: one upload after the other through the gate."""

    def __init__(self, site: Site, queue: ModuleQueue, folder: Path) -> None:
        """Take where uploads lie; what a kill left there goes."""
        self._site, self._queue = site, queue
        self._folder = folder / UPLOADS
        self._turn = asyncio.Lock()
        oldest = site.clock.now().timestamp() - _LEFT_SECONDS
        for left in self._folder.glob("*"):
            if re.fullmatch(UPLOAD_NAME, left.name) and _written(left) < oldest:
                left.unlink(missing_ok=True)

    async def take(self, mv: ModuleVersion, name: str) -> OriginAnswer:
        """Take in a file of the folder of uploads."""
        async with self._turn:
            try:
                return await self._take(mv, self._folder / name)
            except GosyncError as exc:
                return _refused(exc, mv)

    async def _take(self, mv: ModuleVersion, file: Path) -> OriginAnswer:
        try:
            check_name(self._site, mv)
        except UsageError as exc:
            return denied(mv, str(exc))
        self._site.blobs.check_space(
            0, min_free_bytes=self._site.options.min_free_bytes
        )
        released = await release_zip(self._site, mv, file, NoProgress())
        await self._queue.publish(mv.path)
        _log.info("%s was uploaded: %s", mv, released.zip_h1)
        if released.denied:
            return denied(mv, released.denied)
        return _NEW if released.is_new else HERE


def _refused(error: GosyncError, mv: ModuleVersion) -> OriginAnswer:
    if isinstance(error, UsageError):
        return OriginAnswer(Fate.CONFLICT, f"{error}\n")
    if isinstance(error, WithdrawnError):
        return denied(mv, str(error))
    if isinstance(error, RejectedError):
        return OriginAnswer(Fate.FAILED, f"{error}\n")
    return answer_of_error(error, mv)


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return float("inf")
