"""Proof sources of a run, made from what it was given.

In the order of asking, for what a checksum database knows:

1. the records that gosync's own store has proven, if there is a store
2. trees that were named (``--proofs``)
3. the lookups and tiles that the target holds itself
4. the database over the network, unless it is to be left alone

Each of the last three proves by itself up to a head that the database's key signed.
The network's head is kept beside the state, so that it never goes back from one run
to the next.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from gosync.catalog.db import Catalog
from gosync.clock import Clock
from gosync.errors import StoreError
from gosync.folder.sums import TreeSums
from gosync.folder.tree import FileTree
from gosync.gomod.gosum import GoSum
from gosync.gomod.patterns import PatternSet
from gosync.ingest.sumops import SumRemote
from gosync.store.durable import disk_errors, make_folder, replace_file
from gosync.sumdb.client import SumClient
from gosync.sumdb.names import Database
from gosync.sumdb.note import MAX_NOTE_BYTES
from gosync.sumdb.readonly import ReadOnlyOps
from gosync.sumdb.tile import Tile
from gosync.upstream.goproxy import ProxyList
from gosync.upstream.options import HttpOptions
from gosync.verify.prove.prover import (
    CatalogSource,
    LogSource,
    ProofSource,
    Prover,
    SumsSource,
    TreeSource,
)
from gosync.verify.statefolder import read_own
from gosync.work.pool import PoolConcurrency

HEAD_FILE: Final = "head"
_AT_ONCE: Final = 8


class ProofTrust(msgspec.Struct, frozen=True, kw_only=True):
    """What is believed, and who may be asked.

    Attributes:
        database: The checksum database; None for none.
        private: GOPRIVATE patterns.
        proofs: Trees that hold a part of the database.
        sums: go.sum files, by name, that vouch for private modules.
        catalog: The catalog of gosync's own store, if there is one.
        own: What the target itself holds of the database.
        proxies: Through whom the database is reached; None to leave it alone.
        http: How.
        state: Where the network's head is kept, None for nowhere.
    """

    database: Database | None
    private: tuple[str, ...] = ()
    proofs: tuple[Path, ...] = ()
    sums: Mapping[str, GoSum]
    catalog: Catalog | None = None
    own: TreeSums | None = None
    proxies: ProxyList | None = None
    http: HttpOptions
    state: Path | None = None


@asynccontextmanager
async def open_prover(trust: ProofTrust, clock: Clock) -> AsyncIterator[Prover]:
    """Make the prover of a run; no request is sent yet."""
    kept: list[ProofSource] = []
    if trust.catalog is not None:
        kept.append(CatalogSource(trust.catalog))
    async with _network(trust, clock) as asked:
        yield Prover(
            public=[*kept, *_trees(trust), *asked],
            private=[*kept, SumsSource(trust.sums)],
            patterns=trust.private,
            is_off=trust.database is None,
        )


def _trees(trust: ProofTrust) -> Sequence[ProofSource]:
    if trust.database is None:
        return []
    private = PatternSet(trust.private)
    found: list[ProofSource] = [
        TreeSource(TreeSums(FileTree(folder), trust.database, private), str(folder))
        for folder in trust.proofs
    ]
    if trust.own is not None:
        found.append(TreeSource(trust.own, f"{trust.database.name}, in the target"))
    return found


@asynccontextmanager
async def _network(
    trust: ProofTrust, clock: Clock
) -> AsyncIterator[Sequence[ProofSource]]:
    """Open the way to the database itself, if it may be asked."""
    async with open_log(trust, clock) as log:
        if log is None or trust.database is None:
            yield []
        else:
            yield [LogSource(log.client, trust.database.name)]


class Log(msgspec.Struct, frozen=True):
    """The checksum database over the network.

    Attributes:
        client: What asks and proves.
        ops: What has the tiles that were proven.
    """

    client: SumClient
    ops: RemoteOps


@asynccontextmanager
async def open_log(trust: ProofTrust, clock: Clock) -> AsyncIterator[Log | None]:
    """Open the way to the database; None if there is none, or it is left alone."""
    database, proxies = trust.database, trust.proxies
    if database is None or proxies is None:
        yield None
        return
    # To import what asks upstreams takes as long as to verify a small cache.
    from gosync.upstream.http import Fetcher  # noqa: PLC0415
    from gosync.upstream.sources import Sources  # noqa: PLC0415
    from gosync.upstream.sumdb import SumDBRemote  # noqa: PLC0415

    async with Fetcher(trust.http, clock=clock) as fetcher:
        ops = RemoteOps(SumDBRemote(database, Sources(proxies, fetcher)), trust.state)
        concurrency = PoolConcurrency(_AT_ONCE)
        yield Log(SumClient(ops, database, concurrency=concurrency), ops)


class RemoteOps(ReadOnlyOps):
    """The sumdb client's operations over the network; only the head is kept."""

    def __init__(self, remote: SumRemote, state: Path | None) -> None:
        """Take the way to the database, and the folder for its head."""
        super().__init__()
        self._remote = remote
        self._state = state
        self._loaded = False
        self._tiles: dict[Tile, bytes] = {}

    async def read_remote(self, path: str) -> bytes:
        """Return a file of the database."""
        return (await self._remote.read(path)).body

    async def read_head(self) -> bytes:
        """Return the head that an earlier run trusted."""
        if not self._loaded:
            self._head = self._load()
            self._loaded = True
        return self._head

    def _load(self) -> bytes:
        if self._state is None:
            return b""
        file = self._state / HEAD_FILE
        with disk_errors(file):
            return read_own(file, limit_bytes=MAX_NOTE_BYTES)

    async def write_head(self, old: bytes, new: bytes) -> bool:
        """Trust a newer head from now on."""
        if old != self._head:
            return False
        if self._state is not None:
            with suppress(StoreError):  # a read-only home: this run knows it
                make_folder(self._state)
                replace_file(self._state / HEAD_FILE, new, staging=self._state)
        self._head = new
        return True

    async def read_tile(self, tile: Tile) -> bytes | None:
        """Return a tile that was proven in this run."""
        return self._tiles.get(tile)

    async def write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """Remember proven tiles for this run."""
        self._tiles.update(tiles)
