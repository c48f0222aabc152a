"""Hooks that are told which URLs of the tree changed: ``on_publish``, in batches.

Publishes note it themselves (``publish.changelog``), a manual one or a server's as
well; told it is here, after each job of `gosync run` and now and then by a store's
owner. What a hook fails to take is told again the next time, so that a CDN is purged
at last.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from gosync.clock import Clock, format_time
from gosync.config.config import Config
from gosync.daemon.hooks import Event, PublishedUrls, tell
from gosync.folder.requests import parse_request
from gosync.folder.routes import SUMDB_FOLDER
from gosync.publish.changelog import ChangeLog, FileChange, TreeChanges
from gosync.upstream.urls import join, module_path_on_wire, sumdb_path_on_wire
from gosync.work.progress import Progress

_AT_ONCE: Final = 1_000  # URLs of one event


class _UntoldError(Exception):
    """A hook did not take what it was told."""


async def tell_published(config: Config, clock: Clock, progress: Progress) -> None:
    """Tell what was published since the last time, where anybody wants to know.

    Raises:
        StoreError: the notes of it cannot be read or written.
    """
    if not config.hooks.publish:
        return
    http = config.site_options().http
    try:
        with ChangeLog(config.store_path).telling() as changes:
            base = config.sections.publish.url
            events = (_event(config, urls, clock) for urls in batches_of(changes, base))
            _check_told(await tell(config.hooks, events, http, progress))
    except _UntoldError:
        return  # what was noted is kept


def _check_told(told: bool) -> None:  # noqa: FBT001 - what ``tell`` returns
    if not told:
        raise _UntoldError


def _event(config: Config, urls: PublishedUrls, clock: Clock) -> Event:
    return Event(
        occasion="publish",
        mirror=config.sections.daemon.name,
        job="",
        at=format_time(clock.now()),
        exit_code=0,
        error="",
        failures=0,
        published=urls,
        summary={},
    )


def batches_of(changes: TreeChanges, base: str) -> Iterator[PublishedUrls]:
    """Yield what changed, so many URLs at once; where anything may have, that once.

    Args:
        changes: What became of the tree's files.
        base: The address that the tree is served at, "" for none.
    """
    if changes.everything:
        yield PublishedUrls(everything=True)
        return
    paths = (
        *((FileChange.ADDED, path) for path in changes.added),
        *((FileChange.CHANGED, path) for path in changes.changed),
        *((FileChange.REMOVED, path) for path in changes.removed),
    )
    left = iter(paths)
    while batch := list(islice(left, _AT_ONCE)):
        urls: dict[FileChange, list[str]] = {each: [] for each in FileChange}
        for change, path in batch:
            urls[change].append(_url(base, path))
        yield PublishedUrls(
            added=tuple(urls[FileChange.ADDED]),
            changed=tuple(urls[FileChange.CHANGED]),
            removed=tuple(urls[FileChange.REMOVED]),
            modules=tuple(sorted({_module(path) for _, path in batch} - {""})),
        )


def _url(base: str, path: str) -> str:
    """Return the URL that `go` asks for a file of the tree."""
    is_of_log = path.startswith(f"{SUMDB_FOLDER}/")
    on_wire = sumdb_path_on_wire(path) if is_of_log else module_path_on_wire(path)
    return join(base, on_wire)


def _module(path: str) -> str:
    request = parse_request(path)
    return "" if request is None else request.module
