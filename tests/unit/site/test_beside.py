"""Two runs that have one site open: what one relies on, the other does not take."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.leases import PRUNE, SELECT, modules_lease
from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow, Want
from gosync.clock import SystemClock
from gosync.config.load import parse_config
from gosync.errors import LockedError
from gosync.gomod.module import ModuleVersion
from gosync.ingest.batch import Batch
from gosync.ingest.rebuild import rebuild
from gosync.site.options import SiteOptions
from gosync.site.site import Site, open_site
from gosync.store.digest import digest_of
from gosync.store.lock import claim_store
from gosync.sync.prune import sweep
from tests.integration.remains import digests
from tests.unit.publish.world import World

PATH, VERSION = "example.com/m", "v1.0.0"
_STAGE = """
import pathlib, sys
from gosync.store.localblobs import LocalBlobStore
staged = LocalBlobStore(pathlib.Path(sys.argv[1])).stage()
staged.write(b"on its way")
print("staged", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def options(tmp_path: Path) -> SiteOptions:
    document: dict[str, object] = {"upstream": {"proxies": "off"}}
    return parse_config(document, {}, base=tmp_path).site_options()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def ours(options: SiteOptions, stack: ExitStack) -> Site:
    return stack.enter_context(open_site(options, command="ours"))


@pytest.fixture
def theirs(ours: Site, options: SiteOptions, stack: ExitStack) -> Site:
    return stack.enter_context(open_site(options, command="theirs"))


def _row(site: Site, zip_data: bytes) -> VersionRow:
    """Store a version's files as the gate does; return its row."""
    files = [b"info", b"mod", zip_data]
    site.holder.announce(map(digest_of, files))
    info, mod, whole = map(site.blobs.put_bytes, files)
    return VersionRow(
        PATH,
        VERSION,
        state=State.PRESENT,
        need=Need.ZIP,
        found_by=FoundBy.LIST,
        info_digest=info,
        info_bytes=4,
        mod_digest=mod,
        mod_bytes=3,
        mod_h1="h1:mod",
        zip_digest=whole,
        zip_bytes=len(zip_data),
        zip_h1="h1:zip",
        proof=Proof.PINNED,
    )


def _commit(site: Site, row: VersionRow) -> None:
    async def work() -> None:
        batch = Batch(
            blobs=site.blobs,
            journal=site.journal,
            catalog=site.catalog,
            clock=site.clock,
            holder=site.holder,
            first_stays=True,
        )
        await batch.add(row)
        await batch.commit()

    anyio.run(work)


def test_a_prune_leaves_what_a_run_relies_on_until_it_has_a_row(ours, theirs):
    ours.catalog.versions.want([Want(PATH, VERSION, Need.ZIP)])
    stray = ours.blobs.put_bytes(b"nobody relies on it")
    row = _row(ours, b"a zip")
    assert sweep(theirs).blobs == 1
    assert not theirs.blobs.exists(stray)
    _commit(ours, row)
    assert ours.catalog.announcements.among([row.zip_digest or ""]) == set()
    assert sweep(theirs).blobs == 0


def test_an_announcement_comes_before_the_look_at_what_is_there(ours, theirs):
    """A blob without a row is kept by who announces it, or written anew."""
    digest = ours.blobs.put_bytes(b"left over")
    ours.holder.announce([digest])
    assert ours.blobs.exists(digest)
    assert sweep(theirs).blobs == 0
    ours.holder.take_back([digest])
    assert sweep(theirs).blobs == 1


def test_a_row_that_comes_while_a_prune_looks_keeps_its_blob(ours, theirs, monkeypatch):
    """It comes after the prune has looked at rows, and before it deletes."""
    ours.catalog.versions.want([Want(PATH, VERSION, Need.ZIP)])
    row = _row(ours, b"a zip")
    others = theirs.blobs.others

    def then_commit(keep):
        found = others(keep)
        _commit(ours, row)
        return found

    monkeypatch.setattr(theirs.blobs, "others", then_commit)
    assert sweep(theirs).blobs == 0
    assert ours.blobs.read(digest_of(b"a zip")) == b"a zip"


def test_of_two_zips_with_one_h1_the_first_row_stays(ours, theirs):
    ours.catalog.versions.want([Want(PATH, VERSION, Need.ZIP)])
    first, second = _row(ours, b"a zip"), _row(theirs, b"the same, packed otherwise")
    _commit(ours, first)
    before = (
        ours.journal.is_as_we_left_it,
        ours.catalog.versions.get(ModuleVersion(PATH, VERSION)),
    )
    _commit(theirs, second)
    kept = theirs.catalog.versions.get(ModuleVersion(PATH, VERSION))
    assert kept == before[1]
    assert kept is not None
    assert kept.zip_digest == digest_of(b"a zip")
    assert before[0]
    assert ours.journal.is_as_we_left_it, "a rebuild takes the last line of a version"
    assert sweep(ours).blobs == 1, "the second zip has no row"


def test_another_h1_is_no_second_zip(ours, theirs):
    """It is for who committed it to be found; here it only must not be hidden."""
    ours.catalog.versions.want([Want(PATH, VERSION, Need.ZIP)])
    _commit(ours, _row(ours, b"a zip"))
    other = replace(
        _row(theirs, b"another"),
        proof=Proof.SUMDB,
        zip_h1="h1:other",
        record_id=1,
        record_text=b"r",
    )
    _commit(theirs, other)
    row = ours.catalog.versions.get(ModuleVersion(PATH, VERSION))
    assert row is not None
    assert row.zip_h1 == "h1:other"


def test_what_a_living_process_stages_is_not_swept(ours, options):
    process = subprocess.Popen(
        [sys.executable, "-c", _STAGE, str(options.store_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"staged\n"
    with open_site(options, command="theirs") as site:
        assert site.blobs.sweep_staging() == 0
        process.kill()
        process.communicate()
        assert site.blobs.sweep_staging() == 1


def test_a_catalog_is_made_anew_only_while_nobody_works_with_it(options):
    with open_site(options, command="gosync sync"), pytest.raises(LockedError):
        claim_store(options.store_path, command="gosync catalog rebuild")
    with claim_store(options.store_path, command="gosync catalog rebuild"):
        with (
            pytest.raises(LockedError, match="gosync catalog rebuild"),
            open_site(options, command="gosync sync"),
        ):
            pass
        rebuild(options.store_path, clock=SystemClock())


def test_a_lease_at_the_opening_is_waited_for_as_told(ours, options):
    with ours.hold(SELECT):
        with (
            pytest.raises(LockedError, match="ours"),
            open_site(options, command="theirs", leases=(SELECT, PRUNE)),
        ):
            pass
        assert ours.catalog.leases.names() == {ours.holder.id: [SELECT]}


def test_a_task_that_waits_for_a_lease_can_be_cancelled(ours, theirs):
    async def work() -> None:
        with anyio.move_on_after(0.1):
            async with theirs.holding(SELECT, wait_seconds=60):
                raise AssertionError
        assert not ours.holder.is_wanted(SELECT)

    with ours.hold(SELECT):
        anyio.run(work)


@pytest.mark.long
def test_a_module_does_not_wait_for_a_whole_publish(tmp_path):
    """The long job takes modules in turn; its tree is as if nobody had come between."""
    waits: list[float] = []
    with World(tmp_path / "a") as world, World(tmp_path / "b") as alone:
        for each in (world, alone):
            for number in range(400):
                each.add(f"example.com/m{number:03}", "v1.0.0")
            each.fetch_tiles(each.head())
        path = world.store / "catalog.sqlite"
        lease, done = modules_lease(world.root), threading.Event()

        def wait_in_turn() -> None:
            with Catalog.open(path, create=False) as catalog:
                holder = catalog.hold(command="a miss", clock=SystemClock())
                while not done.is_set():
                    began = time.monotonic()
                    with holder.held(lease, wait_seconds=60):
                        waits.append(time.monotonic() - began)
                    time.sleep(0.02)
                holder.close()

        with world.catalog.hold(command="all", clock=SystemClock()) as holder:

            def give_way(show: Callable[[], None]) -> None:
                if holder.is_wanted(lease):
                    show()
                    holder.give_way(lease)

            thread = threading.Thread(target=wait_in_turn)
            try:
                with holder.held(lease), holder.held(lease):
                    thread.start()
                    world.publisher.publish(world.tree, world.head(), give_way=give_way)
                    holder.check()
            finally:
                done.set()
                thread.join()
        alone.publisher.publish(alone.tree, alone.head())
        assert digests(world.root) == digests(alone.root)
    print(f"{len(waits)} waits, the longest {max(waits) * 1000:.0f} ms")
    assert len(waits) > 2
