"""Hooks: a command with JSON on stdin, or a POST of it, when something happened.

One document an occasion::

    schema     1
    type       "hook"
    occasion   "success", "failure", "finding", "alert", of a rule over access logs, or
               of an exception to the policy that ends within a week, or "upstream",
               where one ceased to answer or answers again, or "publish", where
               files of the tree changed
    mirror     daemon.name
    job        the job's name
    at         when it ended
    exit_code  as `gosync` would have left with; 4 is a success, too: the job did what
               it was to do, and findings stand open
    error      why it failed, "" when it did not
    failures   how many runs of this job in a row have failed
    findings   what is new, on a finding
    upstreams  those that changed, on an upstream; each as status.json has it
    published  on a publish the URLs that were ``added``, ``changed`` and ``removed``,
               at most 1 000 of them, below publish.url or from its root, and the
               ``modules`` that these are of; or that ``everything`` may have changed
    summary    what the job did, as its command's ``--json`` says it

Nothing that a hook does reaches the daemon: what fails is logged, what hangs is
ended, and they run one after the other between two jobs.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Mapping, Sequence

import anyio
import msgspec
from anyio import to_thread
from msgspec.structs import asdict

from gosync.catalog.findings import Finding
from gosync.config.duties import Hook, Hooks, Occasion
from gosync.daemon.command import CommandEnd, run_command
from gosync.errors import GosyncError
from gosync.text import DOCUMENT_SCHEMA, encode_json
from gosync.upstream.address import shown_webhook
from gosync.upstream.kept import UpstreamState
from gosync.upstream.options import HttpOptions
from gosync.work.progress import Progress

_log = logging.getLogger(__name__)
_WORD = re.compile(r"[^\s'\";]+")
_MAX_BYTES = 1024 * 1024
_ENDING_SECONDS = 5.0


class PublishedUrls(msgspec.Struct, frozen=True):
    """Which files of the tree changed; see the module."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    everything: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What hooks are told; see the module."""

    occasion: Occasion
    mirror: str
    job: str
    at: str
    exit_code: int
    error: str
    failures: int
    findings: tuple[Finding, ...] = ()
    upstreams: tuple[UpstreamState, ...] = ()
    published: PublishedUrls | None = None
    summary: Mapping[str, object]


def format_event(event: Event) -> bytes:
    """Return the event as JSON; one that is too large goes without its summary."""
    whole: dict[str, object] = {
        "schema": DOCUMENT_SCHEMA,
        "type": "hook",
        **asdict(event),
    }
    data = encode_json(whole)
    if len(data) > _MAX_BYTES:
        data = encode_json({**whole, "summary": {}})
    return data


async def tell(
    hooks: Hooks, events: Iterable[Event], http: HttpOptions, progress: Progress
) -> bool:
    """Tell everybody whom an event concerns; never raises one of our errors.

    Returns:
        Whether all of them took it.
    """
    told = True
    for event in events:
        data = format_event(event)
        for hook in hooks.of(event.occasion):
            told &= await _tell(hook, data, hooks.time_limit_seconds, http)
            progress.advance()
    return told


async def _tell(
    hook: Hook, data: bytes, time_limit_seconds: float, http: HttpOptions
) -> bool:
    if not hook.url:
        return await _run(hook, data, time_limit_seconds)
    # Most daemons tell nobody by HTTP.
    from gosync.upstream.webhook import post_json  # noqa: PLC0415

    try:
        await post_json(
            hook.url, data, options=http, time_limit_seconds=time_limit_seconds
        )
    except GosyncError as exc:
        _log.warning("hook %s", exc)
        return False
    _log.info("hook %s: told", shown_webhook(hook.url))
    return True


async def _run(hook: Hook, data: bytes, time_limit_seconds: float) -> bool:
    name = hook.command[0]
    try:
        end = await _in_thread(hook.command, data, time_limit_seconds)
    except OSError as exc:
        _log.warning("hook %s: %s", name, exc.strerror)
        return False
    said = _without(hook.command[1:], " ".join(end.output.split()))[:200]
    if end.exit_code is None:
        _log.warning("hook %s: ended after %g s: %s", name, time_limit_seconds, said)
    elif end.exit_code:
        _log.warning("hook %s: exit %d: %s", name, end.exit_code, said)
    else:
        _log.info("hook %s: told", name)
    return end.exit_code == 0


def _without(arguments: Sequence[str], text: str) -> str:
    """Return what a command said without the URLs and logins of its arguments."""
    words = {word for argument in arguments for word in _WORD.findall(argument)}
    for word in sorted(words, key=len, reverse=True):
        if "://" in word or ":" in word.rpartition("@")[0]:
            text = text.replace(word, "***")
    return text


async def _in_thread(
    command: Sequence[str], data: bytes, time_limit_seconds: float
) -> CommandEnd:
    """Run a command; when cancelled, end it first."""
    cancelled, over = threading.Event(), threading.Event()

    def work() -> CommandEnd:
        try:
            return run_command(
                command,
                data,
                time_limit_seconds=time_limit_seconds,
                cancelled=cancelled,
            )
        finally:
            over.set()

    try:
        return await to_thread.run_sync(work, abandon_on_cancel=True)
    finally:
        cancelled.set()
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(over.wait, _ENDING_SECONDS)
