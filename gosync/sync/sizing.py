"""Asking how large zips are: of few each, of many one of each module.

A proxy need not answer HEAD requests; once some were asked in vain no more are. What
is not asked is estimated (gosync.sync.zipsizes).
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.catalog.selected_sizes import SelectedSize
from gosync.errors import GosyncError
from gosync.gomod.module import ModuleVersion
from gosync.sync.zipsizes import ZipSizes, worth_asking
from gosync.upstream.proxy import ProxyClient
from gosync.work.pool import for_each
from gosync.work.progress import Progress

MOST_ASKED = 2_000
_IN_VAIN = 20


async def ask_sizes(
    proxy: ProxyClient,
    lacking: Iterable[SelectedSize],
    sizes: ZipSizes,
    progress: Progress,
    *,
    most: int = MOST_ASKED,
    workers: int,
) -> None:
    """Ask how large zips are, and note what is said.

    Args:
        proxy: Who is asked.
        lacking: What is selected whole and whose zip is not here.
        sizes: Where it is noted.
        progress: Who watches.
        most: The most questions.
        workers: How many at once.
    """
    asked = worth_asking((each.mv for each in lacking), sizes, most)
    progress.phase("sizes", len(asked))
    answers, vain = 0, 0

    async def ask(mv: ModuleVersion) -> None:
        nonlocal answers, vain
        if answers or vain < _IN_VAIN:
            size = await _ask(proxy, mv)
            if size is None:
                vain += 1
            else:
                answers += 1
                sizes.tell(mv, size)
        progress.advance()

    await for_each(asked, ask, workers=workers)


async def _ask(proxy: ProxyClient, mv: ModuleVersion) -> int | None:
    try:
        return await proxy.head_zip(mv)
    except GosyncError:  # the sync will say what is wrong with it
        return None
