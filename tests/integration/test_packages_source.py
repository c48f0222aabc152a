"""What packages import, for the selection: kept, read of zips, or fetched in waves."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import anyio
import pytest
from anyio import to_thread

from gosync.catalog.versions import State
from gosync.config.load import load_config
from gosync.demo.exchange import HttpAnswer, HttpRequest, RequestKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.modulepackages import ModulePackages
from gosync.site.site import Site as OpenSite
from gosync.site.site import open_site
from gosync.site.upstreams import connect
from gosync.sync.fetch import VersionFetcher
from gosync.sync.packages import PackageSource, StoredPackages
from gosync.sync.tally import Tally
from gosync.work.progress import NoProgress
from tests.integration.offered import offer
from tests.integration.site import Site
from tests.simulator import Simulator

A, B, C = (ModuleVersion(f"{each}.example/m", "v1.0.0") for each in "abc")
NOWHERE = ModuleVersion("a.example/m", "v1.5.0")
T = TypeVar("T")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        offer(sim, C.path, C.version)
        offer(sim, B.path, B.version, requires={C.path: C.version})
        offer(sim, A.path, A.version, requires={B.path: B.version})
        yield sim


def asking(site: Site, ask: Callable[[PackageSource], T], *, retry: bool = False) -> T:
    """Return what comes of a question to a source, as a pass would have it."""

    async def work(opened: OpenSite) -> T:
        async with connect(opened) as upstreams:
            fetcher = VersionFetcher(opened, upstreams, Tally(), NoProgress())
            source = PackageSource(opened, fetcher.fetch_all, retry=retry)
            found = await to_thread.run_sync(ask, source)
            source.flush()
            return found

    with opened_site(site) as opened:
        return anyio.run(work, opened)


def opened_site(site: Site):
    return open_site(load_config(site.config_file, {}).site_options(), command="test")


def imports_of(module: ModulePackages | None) -> dict[str, tuple[str, ...]]:
    assert module is not None
    return {each.folder: each.imports for each in module.packages}


def forget_packages(site: Site) -> int:
    """Leave a catalog as one that knew no packages; return how many it knew."""
    with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog, catalog:
        return catalog.execute("DELETE FROM packages").rowcount


def kept(site: Site) -> int:
    with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog:
        (count,) = catalog.execute("SELECT count(*) FROM packages").fetchone()
    assert isinstance(count, int)
    return count


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[ModuleVersion]:
    """Return a list in which every zip that a source reads itself will be."""
    read: list[ModuleVersion] = []
    original = StoredPackages._read_zip

    def counting(self: StoredPackages, row) -> ModulePackages:
        read.append(row.mv)
        return original(self, row)

    monkeypatch.setattr(StoredPackages, "_read_zip", counting)
    return read


def test_a_wave_of_zips_is_fetched_side_by_side_and_read_on_its_way(
    tmp_path: Path, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, reads = Site(tmp_path, sim), count_reads(monkeypatch)
    together = threading.Barrier(3)

    def meet(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
        together.wait(timeout=120)  # breaks unless all three are asked for at once
        return answer

    sim.fault("*.zip", meet, times=3)

    def ask(source: PackageSource) -> list[dict[str, tuple[str, ...]]]:
        source.prefetch([A, B, C])
        return [imports_of(source.load(each)) for each in (A, B, C)]

    assert asking(site, ask) == [{"": (B.path,)}, {"": (C.path,)}, {"": ()}]
    assert not together.broken
    assert sim.counts()[RequestKind.ZIP] == 3
    assert reads == []
    assert kept(site) == 3


def test_what_is_kept_is_asked_of_nobody(tmp_path: Path, sim: Simulator) -> None:
    site = Site(tmp_path, sim)
    asking(site, lambda source: source.load(A))
    mark = sim.mark()
    found = asking(site, lambda source: imports_of(source.load(A)))
    assert found == {"": (B.path,)}
    assert sim.counts(since=mark) == {}
    with opened_site(site) as opened:
        stored = StoredPackages(opened.catalog, opened.blobs)
        assert imports_of(stored.load(A)) == found
        assert stored.load(B) is None
        assert stored.lacking == {B}


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_store_without_packages_is_read_once(
    tmp_path: Path, sim: Simulator, monkeypatch: pytest.MonkeyPatch, *, rebuild: bool
) -> None:
    site = Site(tmp_path, sim, modules=[A.path, B.path])
    site.sync()
    if rebuild:
        site.run("catalog", "rebuild", expect=0)
        assert kept(site) == 0
    else:
        assert forget_packages(site) == 2
    reads, mark = count_reads(monkeypatch), sim.mark()
    for _ in range(2):
        found = asking(site, lambda it: [imports_of(it.load(mv)) for mv in (A, B, A)])
        assert found == [{"": (B.path,)}, {"": (C.path,)}, {"": (B.path,)}]
        assert reads == [A, B]
    assert sim.counts(since=mark) == {}
    assert kept(site) == 2


def test_another_form_is_read_anew(tmp_path: Path, sim: Simulator) -> None:
    site = Site(tmp_path, sim, modules=[A.path])
    site.sync()
    with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE packages SET packages = x'00'")
    assert asking(site, lambda it: imports_of(it.load(A))) == {"": (B.path,)}
    with opened_site(site) as opened:
        row = opened.catalog.versions.get(A)
        assert row is not None
        assert row.zip_h1 is not None
        assert opened.catalog.packages.get(row.zip_h1) != b"\0"


def test_what_fails_is_noted_and_waits_for_its_time(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path, sim)
    broken = sim.fail(f"*{B.path}/@v/*.zip", status=503)

    def ask(source: PackageSource) -> tuple[list[bool], list[ModuleVersion]]:
        wave = [A, B, NOWHERE]
        source.prefetch(wave)
        return [source.load(each) is None for each in wave], source.unanswered()

    assert asking(site, ask) == ([False, True, True], [B])
    with opened_site(site) as opened:
        row = opened.catalog.versions.get(NOWHERE)
        assert row is not None
        assert row.state is State.GONE
        noted = {each.mv for each in opened.catalog.failures.open()}
        assert noted == {B, NOWHERE}
    broken.remove()
    assert asking(site, ask) == ([False, False, True], [])
    mark = sim.mark()
    assert asking(site, ask) == ([False, False, True], [])
    assert sim.paths(since=mark) == [], "who failed twice waits"
    asking(site, ask, retry=True)
    assert any(NOWHERE.version in each for each in sim.paths(since=mark))


def test_what_is_withdrawn_is_not_fetched(tmp_path: Path, sim: Simulator) -> None:
    site = Site(tmp_path, sim)
    site.run("withdraw", str(A), "--reason", "a test", expect=0)
    mark = sim.mark()
    assert asking(site, lambda source: source.load(A)) is None
    assert sim.counts(since=mark) == {}


def test_a_damaged_zip_is_one_versions_trouble(tmp_path: Path, sim: Simulator) -> None:
    site = Site(tmp_path, sim, modules=[A.path, B.path])
    site.sync()
    forget_packages(site)
    damage_zip(site, A)

    def ask(
        source: PackageSource,
    ) -> tuple[object, dict[ModuleVersion, str], list[ModuleVersion]]:
        found = source.load(A), imports_of(source.load(B))
        return found, dict(source.unread), source.unanswered()

    found, unread, unanswered = asking(site, ask)
    assert found == (None, {"": (C.path,)})
    assert list(unread) == unanswered == [A]
    assert "damaged" in unread[A]


def damage_go_mod(site: Site, mv: ModuleVersion) -> None:
    """Change a byte of a stored go.mod."""
    with opened_site(site) as opened:
        row = opened.catalog.versions.get(mv)
        assert row is not None
    blob = next(site.store.glob(f"**/*{row.mod_digest}"))
    blob.chmod(0o644)
    data = blob.read_bytes()
    blob.write_bytes(b"M" + data[1:])


def damage_zip(site: Site, mv: ModuleVersion) -> None:
    """Change a name in a stored zip's directory."""
    with opened_site(site) as opened:
        row = opened.catalog.versions.get(mv)
        assert row is not None
    blob = next(site.store.glob(f"**/*{row.zip_digest}"))
    blob.chmod(0o644)
    data = bytearray(blob.read_bytes())
    at = data.index(b"code.go") + len(b"code.go")
    data[at : at + 4] = b"\xff" * 4
    blob.write_bytes(data)
