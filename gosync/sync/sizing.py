"""Asking how large zips are: of few each, of many one of each module.

A proxy need not answer HEAD requests; once some were asked in vain no more are. What
is not asked is estimated (gosync.sync.zipsizes).
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.catalog.db import Catalog
from gosync.catalog.selected_sizes import SelectedSize
from gosync.catalog.versions import Need
from gosync.errors import GosyncError
from gosync.gomod.module import ModuleVersion
from gosync.sync.zipsizes import ModuleSizes, SizeKind, ZipSizes, worth_asking
from gosync.upstream.proxy import ProxyClient
from gosync.work.pool import for_each
from gosync.work.progress import Progress

MOST_ASKED = 2_000
_IN_VAIN = 20


def known_sizes(catalog: Catalog) -> ZipSizes:
    """Return what the store says of the sizes of zips.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    here = catalog.selected_sizes.zips_by_module()
    return ZipSizes({path: ModuleSizes(*each) for path, each in here.items()})


def size_of(each: SelectedSize, sizes: ZipSizes) -> tuple[int, SizeKind]:
    """Return how large a selected version's zip is, and how that is known.

    A zip that is larger than it is wanted is not kept.
    """
    if each.need is Need.MOD:
        return 0, SizeKind.HERE
    if each.zip_bytes is not None:
        return each.zip_bytes, SizeKind.HERE
    size, kind = sizes.of(each.mv)
    if each.max_zip_bytes is not None and size > each.max_zip_bytes:
        return (0 if kind.is_exact else each.max_zip_bytes), kind
    return size, kind


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
