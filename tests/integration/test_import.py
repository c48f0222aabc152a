"""``gosync import``: caches taken in, proven; what is polluted is left out."""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.leases import fetch_lease
from gosync.clock import SystemClock
from gosync.folder.athens import AthensLayout
from gosync.folder.layouts import Role, TargetKind, VersionsLayout
from gosync.folder.shared import SharedFolder
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries, seen_here
from gosync.ingest.scanner import read_zip
from gosync.takein import importing
from gosync.takein.sharing import Scanned, scan_shared
from gosync.takein.source import PlacedZip
from tests.integration.inprocess import InProcessSite
from tests.integration.site import LOCKED, MISSING, OK, STANDS_OPEN, USAGE, digests
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient, need_go
from tests.simulator.standard import module, source
from tests.sweeps import NotPickled, shared_by

LOW, HIGH, PRIVATE = "low.example/m", "high.example/m", "corp.example/m"
HIGH_V, LOW_V = ModuleVersion(HIGH, "v1.0.0"), ModuleVersion(LOW, "v1.2.0")


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        sim.publish(module(LOW, "v1.2.0"))
        files = {
            "go.mod": f"module {HIGH}\n\ngo 1.21\n\nrequire {LOW} v1.2.0\n",
            "m.go": f'package m\n\nimport _ "{LOW}"\n',
        }
        sim.publish(source(HIGH, "v1.0.0", files))
        sim.publish(module(PRIVATE, "v1.0.0"))
        yield sim


@pytest.fixture(scope="module")
def made(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A GOMODCACHE as go fills it."""
    folder = tmp_path_factory.mktemp("client")
    with GoClient(
        folder,
        goproxy=sim.url,
        gosumdb=sim.gosumdb,
        go=need_go(),
        env={"GOFLAGS": "-modcacherw", "GONOSUMDB": "corp.example"},
    ) as go:
        go.run("mod", "download", str(HIGH_V), str(LOW_V), f"{PRIVATE}@v1.0.0")
        yield go.modcache


@pytest.fixture
def cache(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "modcache", symlinks=True))


@pytest.fixture
def site(sim: Simulator, tmp_path: Path) -> InProcessSite:
    upstream = {"private": ["corp.example/*"]}
    return InProcessSite(tmp_path / "site", sim, modules=[], upstream=upstream)


def cache_states(document: dict[str, Any]) -> dict[str, str]:
    return {f"{e['module']}@{e['version']}": e["state"] for e in document["versions"]}


def cache_file(cache: Path, mv: ModuleVersion, part: FileKind | Role) -> Path:
    return cache / VersionsLayout(TargetKind.MODCACHE).path_of(mv, part)


def test_a_gomodcache_is_taken_in_and_a_client_builds_with_it(
    sim: Simulator, site: InProcessSite, cache: Path, tmp_path: Path
):
    before, mark = digests(cache), sim.mark()
    document = site.run("import", str(cache), expect=MISSING).document
    assert cache_states(document) == {
        f"{PRIVATE}@v1.0.0": "waiting",
        str(HIGH_V): "taken",
        str(LOW_V): "taken",
    }
    assert digests(cache) == before
    asked = [each.path for each in sim.requests_since(mark)]
    assert not [path for path in asked if path.endswith((".zip", ".mod", ".info"))]
    assert site.carried() == {str(HIGH_V), str(LOW_V)}

    with GoClient(
        tmp_path / "go", goproxy=site.tree.as_uri(), gosumdb=sim.gosumdb, go=need_go()
    ) as go:
        go.run("mod", "download", str(HIGH_V), str(LOW_V))
    again = site.run("import", str(cache), expect=MISSING).document
    assert cache_states(again)[str(HIGH_V)] == "known"
    site.check(sim)


def test_a_version_that_another_run_fetches_comes_last_and_is_waited_for(
    site: InProcessSite, cache: Path
):
    store, lease = site.store / "catalog.sqlite", fetch_lease(LOW_V)
    site.sync()
    with (
        Catalog.open(store, create=False) as catalog,
        catalog.hold(command="gosync sync", clock=SystemClock()) as other,
        other.held(lease),
    ):
        told = site.run("import", str(cache), "--wait-lock=0", expect=LOCKED).document
        assert "gosync sync" in told["message"]
        assert list(catalog.leases.names().values()) == [[lease]]
    again = site.run("import", str(cache), expect=MISSING).document
    assert cache_states(again)[str(HIGH_V)] == "known"
    assert cache_states(again)[str(LOW_V)] == "taken"


def test_what_is_polluted_is_named_and_left_out(site: InProcessSite, cache: Path):
    path = cache_file(cache, LOW_V, FileKind.ZIP)
    path.chmod(0o644)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{LOW_V}/evil.go", "package m\n")
    document = site.run("import", str(cache), expect=STANDS_OPEN).document
    (bad,) = [each for each in document["versions"] if each["state"] == "bad"]
    assert bad["module"] == LOW
    assert "h1:" in bad["reason"]
    assert site.carried() == {str(HIGH_V)}
    assert len(site.quarantine()) == 1

    site.run("sync", str(LOW_V), expect=OK)
    document = site.run("import", str(cache), expect=STANDS_OPEN).document
    assert cache_states(document)[str(LOW_V)] == "bad"


@pytest.mark.parametrize("polluted", [False, True])
def test_workers_scan_and_the_report_is_the_same(
    *,
    site: InProcessSite,
    sim: Simulator,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    polluted: bool,
):
    if polluted:
        with zipfile.ZipFile(cache_file(cache, LOW_V, FileKind.ZIP), "a") as archive:
            archive.writestr(f"{LOW_V}/evil.go", "package m\n")
    twin = InProcessSite(
        tmp_path / "twin", sim, modules=[], upstream={"private": ["corp.example/*"]}
    )
    alone = twin.run("import", str(cache))
    sweep = shared_by(monkeypatch, "gosync.cli.importing")
    scanned_here = _count_scans(monkeypatch)
    shared = site.run("import", str(cache), "--scheduler", "local:2")

    for document in (alone.document, shared.document):
        del document["published"]["root"]  # each has its own
    assert (shared.code, cache_states(shared.document)) == (
        alone.code,
        cache_states(alone.document),
    )
    assert shared.document == alone.document
    assert (sweep.steps, sweep.here) == (1, 0)
    assert scanned_here == []
    assert site.tree_files() == twin.tree_files()


def test_a_zip_that_changed_since_a_worker_scanned_it_is_scanned_anew(
    site: InProcessSite, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    """What was scanned was good; what is staged is not, and is seen to be another."""
    shared_by(monkeypatch, "gosync.cli.importing")
    path = cache_file(cache, LOW_V, FileKind.ZIP)

    def scan_and_pollute(folder: SharedFolder, zips: list[PlacedZip]) -> list[Scanned]:
        found = scan_shared(folder, zips)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(f"{LOW_V}/evil.go", "package m\n")
        return found

    monkeypatch.setattr("gosync.takein.sharing.scan_shared", scan_and_pollute)
    monkeypatch.setattr("tests.sweeps.pickle", NotPickled)
    document = site.run("import", str(cache), "--scheduler", "local:2").document
    assert cache_states(document)[str(LOW_V)] == "bad"
    assert site.carried() == {str(HIGH_V)}


def _count_scans(monkeypatch: pytest.MonkeyPatch) -> list[ModuleVersion]:
    """Note which zips the gate reads itself."""
    read: list[ModuleVersion] = []

    def noting(data: Any, size: int, mv: ModuleVersion, seen: SeenEntries) -> object:
        if seen is not seen_here():
            read.append(mv)
        return read_zip(data, size, mv, seen)

    monkeypatch.setattr("gosync.ingest.scanner.read_zip", noting)
    return read


def test_a_file_that_the_disk_does_not_give_costs_its_version_alone(
    site: InProcessSite, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    [size_bytes] = {_zip_bytes(cache, LOW_V)} - {_zip_bytes(cache, HIGH_V)}

    def fail(descriptor: int, size: int, offset: int) -> bytes:
        if os.fstat(descriptor).st_size == size_bytes == size:
            raise OSError(errno.EIO, "Input/output error")
        return pread(descriptor, size, offset)

    pread = os.pread
    monkeypatch.setattr("gosync.store.staging.os.pread", fail)
    document = site.run("import", str(cache), expect=STANDS_OPEN).document
    states = cache_states(document)
    assert (states[str(LOW_V)], states[str(HIGH_V)]) == ("bad", "taken")


def _zip_bytes(cache: Path, mv: ModuleVersion) -> int:
    return cache_file(cache, mv, FileKind.ZIP).stat().st_size


def test_a_missing_info_is_made(site: InProcessSite, cache: Path):
    cache_file(cache, LOW_V, FileKind.INFO).unlink()
    document = site.run("import", str(cache), expect=MISSING).document
    assert cache_states(document)[str(LOW_V)] == "taken"
    row = site.run("show", str(LOW_V), expect=OK).document
    assert row["info_digest"]


def test_without_anybody_to_ask_versions_wait_and_are_taken_later(
    site: InProcessSite, cache: Path
):
    shutil.rmtree(cache / "cache" / "download" / "sumdb")
    site.configure({"proxies": "off"})
    document = site.run("import", str(cache), expect=MISSING).document
    assert set(cache_states(document).values()) == {"waiting"}
    assert site.carried() == set()


@pytest.mark.parametrize("has_lookups", [True, False])
def test_a_version_waits_for_the_database_that_does_not_answer(
    site: InProcessSite,
    sim: Simulator,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_lookups: bool,
):
    """And not for a file that the cache lacks, nor for nobody in particular."""
    sumdb = cache / "cache" / "download" / "sumdb"
    if not has_lookups:
        shutil.rmtree(sumdb)
    for lookup in sumdb.rglob("lookup/*/*"):
        lookup.unlink()
    monkeypatch.setattr(importing, "_DEAF", 1)
    site.configure({"sumdb": f"{sim.verifier_key} http://127.0.0.1:9", "retries": 0})
    document = site.run("import", str(cache), expect=MISSING).document
    public = [e for e in document["versions"] if e["module"] != PRIVATE]
    reasons = [each["reason"] for each in public if each["state"] == "waiting"]
    assert len(reasons) >= 2
    ends = "what the source has of the checksum database does not prove it"
    for reason in reasons:
        assert "http://127.0.0.1:9/lookup/" in reason or "has not answered" in reason
        assert "file:" not in reason
        assert reason.endswith(ends) == has_lookups
    assert any("Connection refused" in reason for reason in reasons)


def test_an_athens_store_and_a_zip_of_a_cache_are_taken_in(
    site: InProcessSite, cache: Path, tmp_path: Path
):
    athens = tmp_path / "athens"
    for mv in (HIGH_V, LOW_V):
        for kind in FileKind:
            target = athens / AthensLayout().path_of(mv, kind)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(cache_file(cache, mv, kind).read_bytes())
    document = site.run("import", str(athens), "--kind", "athens", expect=OK).document
    assert set(cache_states(document).values()) == {"taken"}

    packed = shutil.make_archive(str(tmp_path / "cache"), "zip", cache)
    again = site.run("import", packed, "--kind", "modcache", expect=MISSING).document
    assert cache_states(again)[str(HIGH_V)] == "known"


def test_a_private_version_is_vouched_for_by_a_projects_sums(
    site: InProcessSite, cache: Path, tmp_path: Path
):
    ziphash = cache_file(cache, ModuleVersion(PRIVATE, "v1.0.0"), Role.ZIPHASH)
    mod = cache_file(cache, ModuleVersion(PRIVATE, "v1.0.0"), FileKind.MOD).read_bytes()
    project = tmp_path / "app"
    project.mkdir()
    (project / "go.mod").write_text(
        f"module app.example\n\ngo 1.21\n\nrequire {PRIVATE} v1.0.0\n"
    )
    (project / "go.sum").write_text(
        f"{PRIVATE} v1.0.0 {ziphash.read_text()}\n"
        f"{PRIVATE} v1.0.0/go.mod {hash_go_mod(mod)}\n"
    )
    site.declare(project=[{"path": str(project)}])
    document = site.run("import", str(cache), expect=OK).document
    assert set(cache_states(document).values()) == {"taken"}


def test_a_source_that_is_not_there_is_named(site: InProcessSite, tmp_path: Path):
    refused = site.run("import", str(tmp_path / "none"), expect=USAGE)
    assert refused.document["message"].endswith("none: there is nothing")
    assert "GOMODCACHE" in refused.document["hint"]
