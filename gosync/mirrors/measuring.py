"""Measuring mirrors by a go.mod: seconds a module, and how many fail, with an interval.

A bounded number of its requirements is asked of each mirror as ``go`` asks: the
``.info``, the ``.mod`` and the ``.zip`` of each, once, one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import sqrt
from typing import Final

import msgspec

from gosync.errors import GosyncError, VolumeSpentError
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.mirrors.sightings import quantile
from gosync.upstream.http import Fetcher
from gosync.upstream.proxy import ZIP_LIMIT_BYTES
from gosync.upstream.targets import file_target
from gosync.upstream.urls import join, module_path_on_wire, strip_secrets
from gosync.work.pool import for_each

_Z: Final = 1.96  # 95 % of a normal distribution


class MeasuredReport(msgspec.Struct, frozen=True):
    """Mirrors that were measured; its field is the JSON document's.

    Attributes:
        measured: Each of them.
    """

    measured: list[Measured]


class Measured(msgspec.Struct, frozen=True):
    """One mirror, measured.

    Attributes:
        url: Its URL, without secrets.
        modules: How many were asked for.
        seconds_a_module: The median of those that came; None if none did.
        failed: The share that failed.
        failed_low: With 95 % it is at least that,
        failed_high: and at most that.
    """

    url: str
    modules: int
    seconds_a_module: float | None
    failed: float
    failed_low: float
    failed_high: float


def interval(failed: int, count: int) -> tuple[float, float]:
    """Return within which bounds a share lies, with 95 % (Wilson's score)."""
    if not count:
        return 0.0, 1.0
    share, square = failed / count, _Z * _Z
    middle = share + square / (2 * count)
    spread = _Z * sqrt(share * (1 - share) / count + square / (4 * count * count))
    scale = 1 + square / count
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


async def measure_mirrors(
    urls: Sequence[str], modules: Sequence[ModuleVersion], fetcher: Fetcher
) -> list[Measured]:
    """Return what each mirror did, in their order; different ones side by side.

    Raises:
        VolumeSpentError: No further zip may come this month.
    """
    found: dict[str, Measured] = {}

    async def measure(url: str) -> None:
        found[url] = await _measure(url, modules, fetcher)

    await for_each(urls, measure, workers=max(1, len(urls)))
    return [found[url] for url in urls]


async def _measure(
    url: str, modules: Sequence[ModuleVersion], fetcher: Fetcher
) -> Measured:
    took: list[float] = []
    for mv in modules:
        begin = time.monotonic()
        try:
            for kind in (FileKind.INFO, FileKind.MOD, FileKind.ZIP):
                at = join(url, module_path_on_wire(file_target(mv, kind)))
                await fetcher.download(at, lambda: len, limit_bytes=ZIP_LIMIT_BYTES)
        except VolumeSpentError:
            raise
        except GosyncError:
            continue
        took.append(time.monotonic() - begin)
    failed = len(modules) - len(took)
    low, high = interval(failed, len(modules))
    median = quantile(took, 0.5)
    return Measured(
        strip_secrets(url),
        len(modules),
        None if median is None else round(median, 4),
        round(failed / len(modules), 4) if modules else 0.0,
        round(low, 4),
        round(high, 4),
    )
