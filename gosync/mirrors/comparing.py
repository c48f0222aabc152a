"""Comparing mirrors: each is asked, then all are held against each other and the log.

What a mirror's zip is worth the checksum database says, proven up to a signed head: a
zip of another h1 is an altered one, and whoever keeps evidence is given its bytes.
Where no database can be reached nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from gosync.errors import (
    ChecksumMismatchError,
    GosyncError,
    MalformedError,
    NotFoundError,
    SecurityError,
    UnavailableError,
)
from gosync.gomod.module import ModuleVersion
from gosync.gomod.semver import compare
from gosync.mirrors.asking import Asking
from gosync.mirrors.indexlag import IndexLag, NewEvent, index_lag
from gosync.mirrors.known import KnownMirror
from gosync.mirrors.newevents import new_events
from gosync.mirrors.sightings import Gap, MirrorSight
from gosync.sumdb.client import SumClient
from gosync.sumdb.names import Database
from gosync.sumdb.readonly import ReadOnlyOps
from gosync.sumdb.tile import Tile
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.http import Fetcher
from gosync.upstream.sources import Sources
from gosync.upstream.sumdb import SumDBRemote
from gosync.work.pool import for_each

# Modules that change every few days, so that a mirror that is behind shows it.
BUSY_MODULES: Final = ("golang.org/x/net", "golang.org/x/tools", "k8s.io/api")
KeepAltered = Callable[[str, ChecksumMismatchError, bytes], object]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared.

    Attributes:
        mirrors: Who is asked.
        modules: What about.
        database: The checksum database that counts, None for none.
        head: The head of it that is trusted already, b"" for none.
        keep: Takes what was altered: a subject, the error, the bytes.
        index: The module index whose newest events are asked for, "" for none.
        is_private: Which names nobody else may hear.
    """

    mirrors: Sequence[KnownMirror]
    modules: Sequence[str] = BUSY_MODULES
    database: Database | None = None
    head: bytes = b""
    keep: KeepAltered | None = None
    index: str = ""
    is_private: Callable[[str], bool] = lambda _: False


class ComparedMirrors(msgspec.Struct, frozen=True):
    """What was seen.

    Attributes:
        mirrors: Of each mirror, in their order.
        events: The newest events of the index, the newest first.
        at: When the mirrors were asked for these.
    """

    mirrors: list[MirrorSight]
    events: tuple[NewEvent, ...]
    at: datetime

    def index_lag(self, one: MirrorSight) -> IndexLag | None:
        """Return how far one mirror is behind the index; None where unknown."""
        return index_lag(self.events, one.had_event, self.at) if one.works else None


async def compare_mirrors(wish: Wish, fetcher: Fetcher) -> ComparedMirrors:
    """Return what was seen of the mirrors.

    Raises:
        StoreError: if evidence cannot be kept.
    """
    askings = [
        Asking(each.url, each.name, fetcher, is_relay=each.relay)
        for each in wish.mirrors
    ]
    proxies = [
        asking
        for asking, mirror in zip(askings, wish.mirrors, strict=True)
        if not mirror.relay
    ]
    paths = list(wish.modules)
    await _each(proxies, lambda one: one.ask_newest(paths))
    newest = _newest([each.sighting for each in proxies], paths)
    name = "" if wish.database is None else wish.database.name
    await _each(askings, lambda one: one.ask_files(newest, name))
    at = fetcher.clock.now()
    events: tuple[NewEvent, ...] = ()
    if wish.index:
        wanted = partial(_may_hear, wish.is_private)
        events = await new_events(wish.index, fetcher, at, wanted=wanted)
        await _each(proxies, lambda one: one.ask_events(events))
    await _each(askings, lambda one: one.look_around(fetcher.options))
    if wish.database is not None:
        await _Judging(wish, wish.database, fetcher, askings).run()
    return ComparedMirrors([each.sighting for each in askings], events, at)


def _may_hear(is_private: Callable[[str], bool], path: str) -> bool:
    return not is_private(path)


async def _each(
    askings: Sequence[Asking], ask: Callable[[Asking], Awaitable[None]]
) -> None:
    """Ask different mirrors side by side."""
    await for_each(askings, ask, workers=max(1, len(askings)))


def _newest(sightings: Sequence[MirrorSight], paths: Sequence[str]) -> dict[str, str]:
    """Return the newest version of each module that any mirror names."""
    found: dict[str, str] = {}
    for path in paths:
        for sighting in sightings:
            named = sighting.newest.get(path)
            if named is not None and (
                path not in found or compare(named.version, found[path]) > 0
            ):
                found[path] = named.version
    return found


class _LogOps(ReadOnlyOps):
    """The log over the network; tiles and head are remembered for this comparison."""

    def __init__(self, remote: SumDBRemote, head: bytes) -> None:
        super().__init__(head)
        self._remote = remote
        self._tiles: dict[Tile, bytes] = {}

    async def read_remote(self, path: str) -> bytes:
        return (await self._remote.read(path)).body

    async def read_tile(self, tile: Tile) -> bytes | None:
        return self._tiles.get(tile)

    async def write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        self._tiles.update(tiles)


class _Judging:
    """What the log says of mirrors."""

    def __init__(
        self,
        wish: Wish,
        database: Database,
        fetcher: Fetcher,
        askings: Sequence[Asking],
    ) -> None:
        self._wish = wish
        self._database = database
        self._askings = askings
        relays = [
            each.sighting.url
            for each in askings
            if each.sighting.has_sumdb and not each.is_relay
        ]
        ways = parse_goproxy("|".join([*relays, "direct"]))
        self._client = SumClient(
            _LogOps(SumDBRemote(database, Sources(ways, fetcher)), wish.head), database
        )
        self._fetcher = fetcher

    async def run(self) -> None:
        records: dict[str, str | None] = {}
        for asking in self._askings:
            subject = asking.sighting.zip_of
            if subject and subject not in records:
                records[subject] = await self._h1(subject)
        for asking in self._askings:
            self._judge_zip(asking, records)
            if asking.sighting.has_sumdb:
                await self._judge_head(asking)

    async def _h1(self, subject: str) -> str | None:
        """Return the h1 that the log has of a version; None where it cannot be had."""
        path, _, version = subject.partition("@")
        try:
            found = await self._client.lookup(ModuleVersion(path, version))
        except (NotFoundError, UnavailableError, MalformedError, SecurityError):
            return None
        return found.zip_h1

    def _judge_zip(self, asking: Asking, records: Mapping[str, str | None]) -> None:
        sighting = asking.sighting
        want = records.get(sighting.zip_of)
        if want is None or sighting.zip_h1 == want:
            return
        sighting.gaps.add(Gap.ALTERED)
        reason = f"its zip of {sighting.zip_of} is not the one of the log"
        sighting.fail(reason, ChecksumMismatchError.failure_class)
        if self._wish.keep is not None:
            error = ChecksumMismatchError(
                sighting.zip_of,
                want=want,
                got=sighting.zip_h1,
                authority=self._database.name,
            )
            self._wish.keep(sighting.zip_of, error, asking.zip_data)

    async def _judge_head(self, asking: Asking) -> None:
        sighting = asking.sighting
        note = await asking.ask_relay(self._database.name)
        if not note:
            return
        try:
            sighting.head_size = int(note.split(b"\n", 2)[1])
            await self._client.place(note)
        except SecurityError as exc:
            sighting.gaps.add(Gap.OTHER_HEAD)
            sighting.has_sumdb = False
            sighting.fail(str(exc), exc.failure_class)
        except (GosyncError, ValueError, IndexError):
            sighting.gaps.add(Gap.NO_SUMDB)
            sighting.has_sumdb = False
