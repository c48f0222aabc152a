"""Health checks of the configured upstreams: a cheap question to each, and its lag.

The question is whether it relays the checksum database, which names no module. Where
an index is configured, its newest events are asked for besides, until the upstream has
one. What is answered, and how fast, counts as every request does: a breaker opens and
closes by it, and it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gosync.clock import Clock, format_time
from gosync.errors import GosyncError
from gosync.gomod.filekind import FileKind
from gosync.mirrors.indexlag import NewEvent, index_lag
from gosync.mirrors.newevents import new_events
from gosync.site.options import SiteOptions
from gosync.site.upstreams import Upstreams
from gosync.upstream.goproxy import DIRECT, OFF
from gosync.upstream.kept import KeptLag
from gosync.upstream.source import Source
from gosync.upstream.targets import file_target
from gosync.upstream.urls import module_path_on_wire
from gosync.work.pool import for_each

_DATABASE: Final = "sum.golang.org"
_ANSWER_LIMIT_BYTES: Final = 64 * 1024


async def check_health(
    upstreams: Upstreams, options: SiteOptions, clock: Clock
) -> dict[str, str]:
    """Return by name which upstreams gave no answer, and why."""
    events: tuple[NewEvent, ...] = ()
    if options.index_url:
        events = await new_events(
            options.index_url,
            upstreams.fetcher,
            clock.now(),
            wanted=lambda path: not options.policy.is_private(path),
        )
    name = _DATABASE if options.database is None else options.database.name
    failed: dict[str, str] = {}

    async def check(source: Source) -> None:
        try:
            await _ask(source, f"sumdb/{name}/supported")
        except GosyncError as exc:
            failed[source.name] = str(exc)
            return
        if source.name not in options.routing.private_urls:
            await _measure_lag(source, events, clock)

    asked = {each.url for each in options.proxies.entries} - {DIRECT, OFF}
    sources = [upstreams.sources.at(url) for url in sorted(asked)]
    await for_each(sources, check, workers=max(1, len(sources)))
    return failed


async def _ask(source: Source, target: str) -> bool:
    """Return whether a source has a file.

    Raises:
        GosyncError: It gave no answer.
    """
    before = source.circuit.health.answered
    try:
        await source.get(target, limit_bytes=_ANSWER_LIMIT_BYTES, retries=0)
    except GosyncError:
        if source.circuit.health.answered == before:
            raise
        return False
    return True


async def _measure_lag(
    source: Source, events: Sequence[NewEvent], clock: Clock
) -> None:
    had: int | None = None
    for number, event in enumerate(events):
        target = module_path_on_wire(file_target(event.mv, FileKind.INFO))
        try:
            if await _ask(source, target):
                had = number
                break
        except GosyncError:
            return
    now = clock.now()
    lag = index_lag(tuple(events), had, now)
    if lag is not None:
        source.circuit.lag = KeptLag(
            minutes=lag.minutes, bound_minutes=lag.bound_minutes, at=format_time(now)
        )
