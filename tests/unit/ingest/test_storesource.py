"""The store as a source: what it has it serves, of the rest it knows nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow
from gosync.clock import SystemClock
from gosync.errors import BlobMissingError, NotFetchedError, TooLargeError
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.ingest.storesource import StoreSource
from gosync.store.localblobs import LocalBlobStore
from gosync.store.root import open_store
from gosync.upstream.breaker import BreakerState
from gosync.upstream.source import Source
from gosync.upstream.targets import file_target, list_target
from gosync.upstream.urls import module_path_on_wire

MV = ModuleVersion("example.com/Up", "v1.0.0")


def wire(mv: ModuleVersion, kind: FileKind) -> str:
    return module_path_on_wire(file_target(mv, kind))


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobStore:
    open_store(tmp_path)
    return LocalBlobStore(tmp_path)


@pytest.fixture
def source(tmp_path: Path, blobs: LocalBlobStore):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        row = VersionRow(
            MV.path,
            MV.version,
            need=Need.MOD,
            found_by=FoundBy.LIST,
            state=State.PRESENT,
            mod_digest=blobs.put_bytes(b"module example.com/Up\n"),
            mod_bytes=22,
            mod_h1="h1:m",
            proof=Proof.PINNED,
        )
        catalog.versions.admit([row])
        yield StoreSource(catalog.versions, blobs, SystemClock())


async def test_what_the_store_has_is_served_with_its_size(source: Source) -> None:
    path = wire(MV, FileKind.MOD)
    assert path == "example.com/%21up/@v/v1.0.0.mod"
    got = await source.get(path, limit_bytes=22)
    assert (got.body, got.status) == (b"module example.com/Up\n", 200)
    assert got.served.size_bytes == 22
    head = await source.head(path)
    assert (head.body, head.headers["content-length"]) == (b"", "22")
    with pytest.raises(TooLargeError):
        await source.get(path, limit_bytes=21)


@pytest.mark.parametrize(
    "path",
    [
        wire(MV, FileKind.ZIP),
        wire(ModuleVersion(MV.path, "v1.1.0"), FileKind.MOD),
        list_target(MV.path),
        "example.com/!up/@latest",
        "nonsense",
        "",
    ],
)
async def test_of_what_it_lacks_it_knows_nothing(source: Source, path: str) -> None:
    for _ in range(40):
        with pytest.raises(NotFetchedError):
            await source.get(path, limit_bytes=10)
    assert source.circuit.state is BreakerState.CLOSED


async def test_a_blob_that_is_lost_is_the_stores_fault(
    source: Source, blobs: LocalBlobStore
) -> None:
    blobs.remove(list(blobs.others(frozenset())))
    with pytest.raises(BlobMissingError):
        await source.get(wire(MV, FileKind.MOD), limit_bytes=100)
