"""gosync's own store: what a sync made, damaged, judged and mended."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.versions import State
from gosync.clock import SystemClock
from gosync.store.lock import StoreLock
from gosync.verify.plan import Action
from gosync.verify.verdicts import Verdict
from tests.integration.site import Site
from tests.unit.verify.caches import ALPHA, BETA, World, run

_SECRET = "corp.example/secret"


@pytest.fixture(scope="module")
def synced(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("synced")
    site = Site(folder, world.sim, modules=[ALPHA, BETA])
    site.sync()
    yield site.store
    shutil.rmtree(folder)


@pytest.fixture
def store(synced: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(synced, tmp_path / "store"))


def blob_of(store: Path, path: str, version: str, column: str = "zip_digest") -> Path:
    with Catalog.open(store / "catalog.sqlite", create=False, readonly=True) as catalog:
        row = catalog.versions.get(path, version)
    assert row is not None
    digest: str = getattr(row, column)
    return store / "blobs/sha256" / digest[:2] / digest


def spoil(blob: Path, data: bytes) -> None:
    blob.unlink()
    blob.write_bytes(data)
    blob.chmod(0o444)


def state_of(store: Path, path: str, version: str) -> State:
    with Catalog.open(store / "catalog.sqlite", create=False, readonly=True) as catalog:
        row = catalog.versions.get(path, version)
    assert row is not None
    return row.state


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


@pytest.mark.parametrize(
    ("column", "damage", "verdict"),
    [
        ("zip_digest", "flip", Verdict.CORRUPT),
        ("zip_digest", "other", Verdict.POLLUTED),
        ("zip_digest", "missing", Verdict.INCOMPLETE),
        ("zip_digest", "folder", Verdict.CORRUPT),
        ("mod_digest", "other", Verdict.POLLUTED),
        ("info_digest", "empty", Verdict.CORRUPT),
    ],
)
@pytest.mark.parametrize("action", [Action.REPAIR, Action.QUARANTINE, Action.DELETE])
def test_a_bad_blob_is_found_and_met(
    world: World,
    store: Path,
    column: str,
    damage: str,
    verdict: Verdict,
    action: Action,
):
    blob = blob_of(store, ALPHA, "v1.1.0", column)
    data = blob.read_bytes()
    other = blob_of(store, BETA, "v0.2.0", column).read_bytes()
    if damage in {"missing", "folder"}:
        blob.unlink()
        if damage == "folder":
            blob.mkdir()
    else:
        at = min(70, len(data) - 1)
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        spoil(blob, {"flip": flipped, "other": other, "empty": b""}[damage])

    found = run(world, store)
    assert {each.verdict for each in found.outcome.findings} == {verdict}
    assert found.exit_code == 4

    report = run(world, store, action=action, offline=action is not Action.REPAIR)

    assert [each for each in report.done if each.failed] == []
    assert report.exit_code == 5, report.remaining
    assert run(world, store).exit_code == 0
    wanted = state_of(store, ALPHA, "v1.1.0")
    if action is Action.REPAIR:
        assert wanted is State.PRESENT
        assert blob.read_bytes() == data
        assert blob.stat().st_mode & 0o777 == 0o444
    else:
        assert wanted is State.WANTED
        assert not blob.exists()


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
    orphan = store / "blobs/sha256/ab" / ("ab" + "0" * 62)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"left by a killed run")
    assert run(world, store).exit_code == 0  # it may be a sync's that runs now
    os.utime(orphan, (0, 0))

    (finding,) = run(world, store).outcome.findings
    assert finding.verdict is Verdict.ORPHAN

    assert run(world, store, action=Action.DELETE).exit_code == 5
    assert not orphan.exists()


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
    tile.write_bytes(bytes([data[0] ^ 1]) + data[1:])

    report = run(world, store)

    corrupt = {each.path for each in report.outcome.findings}
    assert str(tile.relative_to(store)) in corrupt
