"""The owner: the one process that brings what a tree lacks, for all workers.

It holds the store's lease "serve", so there is one for each store, whichever server
began it; others wait to take over. It listens in the runtime folder, and answers in the
order in which things come (``wire``). A question that is none ends its connection.

A kill at any point leaves a store as any command's does: the next owner goes on, and
what was on its way is asked for again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from anyio import to_thread

from gosync.catalog.leases import SERVE
from gosync.config.serving import PullSpec
from gosync.errors import GosyncError
from gosync.folder.requests import ProxyRequest, ProxyRequestKind, format_request
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.serve.ages import VersionAges
from gosync.serve.bringing import VersionBringer
from gosync.serve.claims import VersionClaims
from gosync.serve.expiring import PulledKeep
from gosync.serve.figures import Figures
from gosync.serve.flights import Flights
from gosync.serve.merging import Merger
from gosync.serve.origin import Fate, OriginAnswer
from gosync.serve.outcomes import NOT_FOUND, answer_of_error
from gosync.serve.publishing import REST_SECONDS, ModuleQueue
from gosync.serve.pullrules import PullRules
from gosync.serve.runtime import (
    MERGED,
    SOCKET,
    check_peer,
    listen_as_owner,
    make_runtime,
)
from gosync.serve.sumfiles import SumFiles
from gosync.serve.uploadtaking import UploadTaker
from gosync.serve.wire import (
    MAX_BYTES,
    format_reply,
    parse_question,
    parse_upload,
    parse_used,
)
from gosync.site.site import Site
from gosync.site.upstreams import Upstreams, connect
from gosync.sync.scope import check_not_carried

_log = logging.getLogger(__name__)
_FLIGHTS_EACH: Final = 2  # some wait for the gate, the disk or the tree
_FOREVER_SECONDS: Final = 10 * 365 * 86_400.0
_SILENT_SECONDS: Final = 60.0
_VERSION_FILES: Final = {
    ProxyRequestKind.INFO: FileKind.INFO,
    ProxyRequestKind.MOD: FileKind.MOD,
    ProxyRequestKind.ZIP: FileKind.ZIP,
    ProxyRequestKind.LOOKUP: FileKind.MOD,  # its record is proven with it
}
_MERGED: Final = {
    ProxyRequestKind.LIST,
    ProxyRequestKind.LATEST,
    ProxyRequestKind.QUERY,
}


class StoreOwner:
    """Brings things; see the module."""

    def __init__(
        self, site: Site, upstreams: Upstreams, spec: PullSpec, folder: Path
    ) -> None:
        rules = PullRules(spec.allow, spec.deny, spec.versions)
        self._site = site
        at_once = _FLIGHTS_EACH * spec.concurrency
        self._flights = Flights(site.clock, at_once=at_once)
        self._figures = Figures()
        self._queue = ModuleQueue(site, upstreams.sums)
        ages = VersionAges(site, upstreams.proxy, rules, folder / MERGED)
        claims = VersionClaims()
        self._keep = PulledKeep(site, spec, self._queue, claims)
        self._bringer = VersionBringer(
            site, upstreams, rules, ages, self._queue, claims, came=self._keep.came
        )
        self._sumfiles = SumFiles(site, upstreams.sums, folder / MERGED)
        self._merger = Merger(
            site,
            upstreams.proxy,
            rules,
            ages,
            folder=folder / MERGED,
            fresh_seconds=spec.fresh_seconds,
        )
        self._max_head_seconds = spec.max_head_seconds
        self._uploads = UploadTaker(site, self._queue, folder)
        self._silent_since: float | None = None

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one worker until it goes."""
        answering: set[asyncio.Task[None]] = set()
        try:
            check_peer(writer.get_extra_info("socket"))
            while line := await reader.readline():
                if (used := parse_used(line)) is not None:
                    self._keep.use(used)
                    continue
                if (upload := parse_upload(line)) is not None:
                    answering_one = self._reply_upload(*upload, writer)
                else:
                    number, request = parse_question(line)
                    answering_one = self._reply(number, request, writer)
                task = asyncio.create_task(answering_one)
                answering.add(task)
                task.add_done_callback(answering.discard)
        except (OSError, ValueError, GosyncError) as exc:
            _log.warning("a worker's connection was ended: %s", exc)
        except asyncio.CancelledError:  # the owner ends, and asyncio would report it
            pass
        finally:
            for task in answering:
                task.cancel()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _reply(
        self, number: int, request: ProxyRequest | None, writer: asyncio.StreamWriter
    ) -> None:
        if request is None:
            reasons = await to_thread.run_sync(self.reasons)
            line = format_reply(number, reasons=tuple(reasons))
        else:
            line = format_reply(number, await self.bring(request))
        with suppress(OSError):
            writer.write(line)
            await writer.drain()

    async def _reply_upload(
        self, number: int, mv: ModuleVersion, file: str, writer: asyncio.StreamWriter
    ) -> None:
        try:
            answer = await self._uploads.take(mv, file)
        except Exception:  # noqa: BLE001 - one upload's bug must not be the next one's
            _log.exception("a bug of ours, at the upload of %s", mv)
            answer = OriginAnswer(Fate.LATER, "a bug of gosync's\n")
        with suppress(OSError):
            writer.write(format_reply(number, answer))
            await writer.drain()

    async def bring(self, request: ProxyRequest) -> OriginAnswer:
        """Bring what a request of a module proxy asks for."""
        key = format_request(request)
        flight = self._flights.fly(key, lambda: self._bring(request))
        self._figures.flights(self._flights.count)
        try:
            return await flight
        finally:
            self._figures.flights(self._flights.count)

    async def _bring(self, request: ProxyRequest) -> OriginAnswer:
        begun = self._site.clock.monotonic()
        try:
            answer = await self._brought(request)
        except GosyncError as exc:
            answer = answer_of_error(exc, format_request(request))
        except Exception:  # noqa: BLE001 - one question's bug must not be the next one's
            _log.exception("a bug of ours, at %s", format_request(request))
            answer = OriginAnswer(Fate.FAILED, "a bug of gosync's\n")
        seconds = self._site.clock.monotonic() - begun
        self._hear(answer, begun)
        result = {Fate.HERE: "ok", Fate.NO: "no", Fate.DENIED: "denied"}
        kind = request.kind.value
        self._figures.brought(kind, result.get(answer.fate, "failed"), seconds)
        return answer

    async def _brought(self, request: ProxyRequest) -> OriginAnswer:
        if request.kind in _MERGED:
            return await self._merger.bring(request)
        file = _VERSION_FILES.get(request.kind)
        if file is not None:
            mv = ModuleVersion(request.module, request.version)
            if request.database and not self._is_logged(request):
                return NOT_FOUND
            return await self._bringer.bring(mv, file)
        return await self._sumfiles.bring(request)

    def _is_logged(self, request: ProxyRequest) -> bool:
        """Return whether the configured database may have a record of it."""
        options = self._site.options
        database, house = options.database, options.house_log
        if house is not None and request.database == house.name:
            return True
        if database is None or request.database != database.name:
            return False
        return not options.policy.is_private(request.module)

    def _hear(self, answer: OriginAnswer, begun: float) -> None:
        """Note since when upstream has given no answer."""
        if answer.fate is Fate.LATER or answer.is_stale:
            self._silent_since = self._silent_since or begun
        else:
            self._silent_since = None

    def reasons(self) -> list[str]:
        """Return what keeps the owner from its work."""
        found = []
        try:
            self._site.check_still_there()
            self._site.blobs.check_space(
                0, min_free_bytes=self._site.options.min_free_bytes
            )
        except GosyncError as exc:
            found.append(str(exc))
        if (age := self._sumfiles.head_age_seconds) > self._max_head_seconds:
            hours = age / 3600
            found.append(f"the newest tree head is of {hours:.1f} h ago")
        now = self._site.clock.monotonic()
        if self._silent_since is not None:
            seconds = now - self._silent_since
            if seconds > _SILENT_SECONDS:
                found.append(f"upstream has given no answer for {seconds:.0f} s")
        return found

    async def tidy(self, tell: Callable[[], Awaitable[None]]) -> None:
        """Bring the tree's pages up now and then, and tell of it, for ever."""
        await self._queue.publish_rest(always=True)
        while True:
            await self._sumfiles.look_for_head(self._max_head_seconds / 4)
            self._figures.head_age(self._sumfiles.head_age_seconds)
            await tell()
            await self._keep.wait(REST_SECONDS)
            await self._queue.publish_rest()
            await self._keep.expire()

    async def close(self) -> None:
        """End what is under way, and leave store and tree tidy."""
        await self._flights.close()
        await self._queue.publish_rest()
        await self._keep.expire()


async def run_owner(
    site: Site,
    spec: PullSpec,
    *,
    until: asyncio.Event,
    ready: Callable[[], None],
    tell: Callable[[], Awaitable[None]],
) -> None:
    """Be the owner of a store, once nobody else is, until an event.

    Args:
        site: The open store.
        spec: What is pulled through.
        until: Ends it.
        ready: Called once it listens.
        tell: Called now and then, to tell whom it concerns what was published.

    Raises:
        UsageError: if bundles feed this store.
        StoreError: if the store cannot be used.
        OSError: if it cannot listen.
    """
    check_not_carried(site)
    folder = make_runtime(site.options.store_path)
    waiting = asyncio.create_task(until.wait())
    owning = asyncio.create_task(_own(site, spec, folder, ready, tell))
    await asyncio.wait({waiting, owning}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    owning.cancel()
    with suppress(asyncio.CancelledError):
        await owning


async def _own(
    site: Site,
    spec: PullSpec,
    folder: Path,
    ready: Callable[[], None],
    tell: Callable[[], Awaitable[None]],
) -> None:
    async with (
        site.holding(SERVE, wait_seconds=_FOREVER_SECONDS),
        connect(site) as upstreams,
    ):
        if upstreams.sums is not None:
            await upstreams.sums.start()
        owner = StoreOwner(site, upstreams, spec, folder)
        listener = listen_as_owner(folder)
        server = await asyncio.start_unix_server(
            owner.serve, sock=listener, limit=MAX_BYTES
        )
        tidying = asyncio.create_task(owner.tidy(tell))
        try:
            ready()
            await asyncio.gather(server.serve_forever(), tidying)
        finally:
            tidying.cancel()
            server.close()
            await owner.close()
            (folder / SOCKET).unlink(missing_ok=True)  # no next owner is there yet
