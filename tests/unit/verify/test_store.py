"""gosync's own store: what a sync made, damaged, judged and mended."""

from __future__ import annotations

import os
from pathlib import Path

import anyio
import pytest

from gosync.catalog.db import Catalog
from gosync.clock import SystemClock
from gosync.gomod.module import ModuleVersion
from gosync.store.digest import digest_of
from gosync.store.lock import StoreLock
from gosync.verify.act.plan import Action
from gosync.verify.ownstore.target import StoreTarget
from gosync.verify.report import VerifyReport
from gosync.verify.request import VerifyRequest
from gosync.verify.session import open_session
from gosync.verify.verdicts import Verdict
from gosync.work.progress import NoProgress
from tests.unit.verify.caches import ALPHA, World, run


def blob_of(store: Path, path: str, version: str, column: str = "zip_digest") -> Path:
    with Catalog.open(store / "catalog.sqlite", create=False, readonly=True) as catalog:
        row = catalog.versions.get(ModuleVersion(path, version))
    assert row is not None
    digest: str = getattr(row, column)
    return store / "blobs/sha256" / digest[:2] / digest


def spoil(blob: Path, data: bytes) -> None:
    blob.unlink()
    blob.write_bytes(data)
    blob.chmod(0o444)


def test_a_whole_store_is_proven_offline_up_to_its_own_head(world: World, store: Path):
    report = run(world, store, proofs=())

    assert report.exit_code == 0
    assert (report.outcome.checked, report.outcome.proven) == (4, 4)
    (head,) = report.outcome.heads
    assert head.tree_size == world.sim.log.size
    assert head.source == f"{world.database.name}, in the store"


def test_looking_takes_no_lock(world: World, store: Path):
    with StoreLock(store, command="a sync", clock=SystemClock()).acquire():
        assert run(world, store).exit_code == 0


def test_what_another_gosync_takes_away_meanwhile_is_not_missing(
    world: World, store: Path
):
    """A prune forgets the row, then the blob, while a run is under way."""
    request = VerifyRequest(
        path=store, site=world.site(store.parent), offline=True, proofs=()
    )

    def take_away() -> bool:  # asked whether to stop, before a batch is checked
        with Catalog.open(store / "catalog.sqlite", create=False) as catalog:
            catalog.versions.withdraw([ModuleVersion(ALPHA, "v1.1.0")])
        blob.unlink(missing_ok=True)
        return False

    async def main() -> VerifyReport:
        clock = SystemClock()
        async with open_session(request, clock) as session:
            return await session.run(clock, NoProgress(), take_away)

    blob = blob_of(store, ALPHA, "v1.1.0")
    report = anyio.run(main)

    assert (report.exit_code, report.outcome.findings) == (0, [])
    assert "1 versions changed" in report.outcome.remarks[0]


@pytest.mark.parametrize("spoiled", [(), ((ALPHA, "v1.1.0"),)])
def test_only_what_has_findings_stays_in_memory(
    world: World, store: Path, spoiled: tuple[tuple[str, str], ...]
):
    for path, version in spoiled:
        spoil(blob_of(store, path, version), b"spoiled")
    request = VerifyRequest(
        path=store, site=world.site(store.parent), offline=True, proofs=()
    )

    async def main() -> set[ModuleVersion]:
        clock = SystemClock()
        async with open_session(request, clock) as session:
            assert isinstance(session.target, StoreTarget)
            await session.run(clock, NoProgress(), lambda: False)
            return {*session.target.rows}

    assert anyio.run(main) == {ModuleVersion(*each) for each in spoiled}


def test_a_flip_that_no_reader_of_zips_notices_breaks_the_digest(
    world: World, store: Path
):
    blob = blob_of(store, ALPHA, "v1.1.0")
    data = blob.read_bytes()
    spoil(blob, data[:10] + bytes([data[10] ^ 1]) + data[11:])  # a local header's time

    (finding,) = run(world, store).outcome.findings

    assert finding.verdict is Verdict.CORRUPT
    assert finding.expected == f"sha256:{blob.name}"


def test_an_old_blob_without_a_version_is_an_orphan(world: World, store: Path):
    data = b"left by a killed run"
    orphan = blob_path_of(store, digest_of(data))
    orphan.write_bytes(data)
    assert run(world, store).exit_code == 0  # it may be a sync's that runs now
    os.utime(orphan, (0, 0))

    (finding,) = run(world, store).outcome.findings
    assert finding.verdict is Verdict.ORPHAN

    assert run(world, store, action=Action.DELETE).exit_code == 5
    assert not orphan.exists()


def test_a_blob_that_a_sync_would_keep_for_another_is_corrupt(
    world: World, store: Path
):
    """A quarantine that is killed withdraws the row and leaves the bad blob."""
    blob_path_of(store, digest_of(b"good")).write_bytes(b"evil")

    (finding,) = run(world, store).outcome.findings

    assert finding.verdict is Verdict.CORRUPT
    assert run(world, store, action=Action.QUARANTINE).exit_code == 5
    assert run(world, store).exit_code == 0


def blob_path_of(store: Path, digest: str) -> Path:
    path = store / "blobs/sha256" / digest[:2] / digest
    path.parent.mkdir(exist_ok=True)
    return path


def test_a_forged_record_in_the_catalog_is_not_believed(world: World, store: Path):
    with Catalog.open(store / "catalog.sqlite", create=False) as catalog:
        connection = catalog._connection
        connection.write(
            "UPDATE versions SET record_text = CAST(CAST(record_text AS TEXT)"
            " || 'more' || char(10) AS BLOB) WHERE path = ?",
            (ALPHA,),
        )

    report = run(world, store, proofs=())

    reasons = {each.reason for each in report.outcome.findings}
    assert len(report.outcome.findings) == 2
    assert all("does not hold" in reason for reason in reasons)


def test_a_flipped_tile_is_named(world: World, store: Path):
    tile = next((store / "sumdb").glob("*/tile/8/0/*"))
    tile = tile if tile.is_file() else next(tile.iterdir())
    data = tile.read_bytes()
    tile.unlink()  # it is a link
    tile.write_bytes(bytes([data[0] ^ 1]) + data[1:])

    report = run(world, store)

    corrupt = {each.path for each in report.outcome.findings}
    assert str(tile.relative_to(store)) in corrupt
