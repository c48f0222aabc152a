"""Checksum database over HTTP: directly or through a proxy, decided once.

A database with a URL of its own is asked there. Otherwise each proxy of the list
is asked for ``sumdb/NAME/supported``: the first that answers 200 carries all
requests from then on, and a failure there is final, never a reason to go around
it. A definite no (404, 410) leads to the next entry, and the end of the list, or
``direct`` or ``off``, to ``https://NAME``. Any other answer means that the
database is out of reach for now; the next request asks again. Among proxies that "|"
divides each request may go to another one of those that carry it, since one stands in
for the other; what they say is proven up to one head in any case.

One case is ours: a page of HTML in place of ``supported`` is a file server that
answers everything with its front page, so it counts as a no.

Paths are those of the database itself: ``latest``, ``lookup/PATH@VERSION`` (escaped,
"!" bare on the wire) and ``tile/8/...``. Limits: a tile 8192 bytes, which is 256
hashes of 32; everything else 1 MiB.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import anyio
import msgspec

from gosync.errors import NotFoundError, PageError, UnavailableError
from gosync.sumdb.names import Database
from gosync.upstream.answer import Response
from gosync.upstream.goproxy import DIRECT, OFF, ProxyEntry
from gosync.upstream.kept import NO_SUMDB
from gosync.upstream.options import MIB
from gosync.upstream.source import Source
from gosync.upstream.sources import Sources
from gosync.upstream.urls import join, sumdb_path_on_wire

TILE_LIMIT_BYTES: Final = 256 * 32
ANSWER_LIMIT_BYTES: Final = 1 * MIB


class _Base(msgspec.Struct, frozen=True):
    """Where the database's files are: below a path of a source, with its slash."""

    source: Source
    below: str

    @property
    def shown_url(self) -> str:
        return join(self.source.name, self.below).rstrip("/")


class SumDBRemote:
    """Reads a checksum database's files; what they say is not proven here."""

    def __init__(self, database: Database, sources: Sources) -> None:
        """Prepare to ask; how it is reached is found out at the first request.

        Args:
            database: Which database.
            sources: The proxies that may carry it.
        """
        self._database = database
        self._sources = sources
        self._deciding = anyio.Lock()
        self._carriers: dict[str, _Base | None] = {}
        self._base = None if database.url is None else self._own(database.url)

    async def read(self, path: str, *, limit_bytes: int | None = None) -> Response:
        """Return a file of the database, and where it came from.

        Args:
            path: Like ``latest``, ``lookup/...`` or ``tile/8/0/000``.
            limit_bytes: The most it may have; by default what its kind needs.

        Raises:
            NotFoundError: 404 or 410.
            UnavailableError: No answer could be had.
            TooLargeError: It is larger than the limit.
        """
        if limit_bytes is None:
            is_tile = path.startswith("tile/")
            limit_bytes = TILE_LIMIT_BYTES if is_tile else ANSWER_LIMIT_BYTES
        if self._base is None and self._sources.has_stand_ins:
            read = partial(self._read_at, path=path, limit_bytes=limit_bytes)
            try:
                return await self._sources.answer(read, hedged=True)
            except NotFoundError:
                if any(self._carriers.values()):
                    raise
                self._base = self._own(self._direct)
        base = self._base or await self._decide()
        target = base.below + sumdb_path_on_wire(path)
        read_base = partial(base.source.get, target, limit_bytes=limit_bytes)
        return await self._sources.ask_one(base.source, read_base)

    async def _read_at(
        self, entry: ProxyEntry, *, path: str, limit_bytes: int
    ) -> Response:
        """Read a file through one of several proxies that stand in for each other."""
        base = self._carriers.get(entry.url)
        if base is None:
            if entry.url in self._carriers:
                raise NotFoundError(f"{entry.url}: carries no {self._database.name}")
            try:
                base = await self._ask(entry)
            except NotFoundError:
                self._carriers[entry.url] = None
                raise
            self._carriers[entry.url] = base
        retries = 0 if self._sources.is_one_of_many(entry, "") else None
        try:
            return await base.source.get(
                base.below + sumdb_path_on_wire(path),
                limit_bytes=limit_bytes,
                retries=retries,
            )
        except PageError as exc:
            raise UnavailableError(f"{base.shown_url}: {exc}") from exc

    async def _decide(self) -> _Base:
        """Find out who carries the database."""
        async with self._deciding:
            if self._base is None:
                try:
                    self._base = await self._sources.first_answer(self._ask)
                except NotFoundError:
                    self._base = self._own(self._direct)
            return self._base

    async def _ask(self, entry: ProxyEntry) -> _Base:
        if entry.url == DIRECT:
            return self._own(self._direct)
        if entry.url == OFF:
            raise NotFoundError("the list of proxies ends in off")
        source, below = self._sources.at(entry.url), f"sumdb/{self._database.name}/"
        try:
            await source.get(
                f"{below}supported",
                limit_bytes=ANSWER_LIMIT_BYTES,
                retries=0 if self._sources.is_one_of_many(entry, "") else None,
            )
        except NotFoundError:
            source.circuit.gaps.add(NO_SUMDB)
            raise
        except PageError as exc:
            source.circuit.gaps.add(NO_SUMDB)
            raise NotFoundError(f"{source.name}: {exc}") from exc
        source.circuit.gaps.discard(NO_SUMDB)
        return _Base(source, below)

    def _own(self, url: str) -> _Base:
        return _Base(self._sources.at(url), "")

    @property
    def _direct(self) -> str:
        return f"https://{self._database.name}"
