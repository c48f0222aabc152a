"""Hooks that are told of alerts over access logs, of each once."""

from __future__ import annotations

from collections.abc import Iterable

from gosync.access.report import AlertReport
from gosync.access.windows import Alert
from gosync.clock import Clock, SystemClock, format_time
from gosync.config import Config
from gosync.daemon.hooks import Event, tell
from gosync.site.site import open_site
from gosync.work.progress import NoProgress

_EXIT_FIRED = 4
_MOST_TOLD = 1_000


async def tell_alerts(config: Config, alerts: Iterable[Alert]) -> None:
    """Tell hooks of alerts that they were not told of before.

    A rule's alert for a key is the same one however often its log is read: it is known
    by when it began.

    Raises:
        StoreError: the catalog cannot be written.
    """
    clock = SystemClock()
    options = config.site_options()
    with open_site(options, command="gosync access") as site:
        known = site.catalog.told_alerts
        new = [
            each
            for each in map(AlertReport.of, alerts)
            if known.note(each.rule, each.key, str(each.since), clock.now())
        ]
    if new:
        event = _event(config, new[:_MOST_TOLD], clock)
        await tell(config.hooks, [event], options.http, NoProgress())


def _event(config: Config, alerts: list[AlertReport], clock: Clock) -> Event:
    return Event(
        occasion="alert",
        mirror=config.sections.daemon.name,
        job="access",
        at=format_time(clock.now()),
        exit_code=_EXIT_FIRED,
        error="",
        failures=0,
        summary={"alerts": alerts},
    )
