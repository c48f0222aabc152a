"""Versions of a cache that wait for their proof: kept, then proven without a zip."""

from __future__ import annotations

import os
import shutil
import sqlite3
import zipfile
from pathlib import Path

import pytest

from gosync.folder.layouts import Role
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from tests.integration.inprocess import InProcessSite
from tests.integration.site import (
    MISSING,
    OK,
    SECURITY,
    STANDS_OPEN,
    USAGE,
    Site,
    digests,
)
from tests.integration.steps import Stepper, chosen
from tests.integration.test_import import (
    HIGH_V,
    LOW,
    LOW_V,
    PRIVATE,
    cache_file,
    cache_states,
    made,
    sim,
)
from tests.simulator import Simulator

__all__ = ["made", "sim"]  # fixtures
KILLS = 4


@pytest.fixture
def cache(made: Path, tmp_path: Path) -> Path:
    """A GOMODCACHE of public versions, without the lookups that prove them."""
    folder = Path(shutil.copytree(made, tmp_path / "modcache", symlinks=True))
    shutil.rmtree(folder / "cache" / "download" / "sumdb")
    shutil.rmtree(folder / "cache" / "download" / "corp.example")
    return folder


@pytest.fixture
def site(sim: Simulator, tmp_path: Path) -> InProcessSite:
    return InProcessSite(tmp_path / "site", sim, modules=[])


def _import_unasked(site: Site, sim: Simulator, cache: Path) -> None:
    """Import while nobody can be asked."""
    site.configure({"proxies": "off"})
    document = site.run("import", str(cache), expect=MISSING).document
    assert set(cache_states(document).values()) == {"waiting"}
    site.configure({"proxies": sim.url})


def _check_sync_fetches_no_file(site: Site, sim: Simulator) -> None:
    """Sync, which asks for proofs alone, and for lookups of what waits."""
    mark = sim.mark()
    site.sync("--retry")
    asked = [each.path for each in sim.requests_since(mark)]
    assert not [path for path in asked if path.endswith((".zip", ".mod", ".info"))]
    assert [path for path in asked if "/lookup/" in path]
    assert site.carried() == {str(HIGH_V), str(LOW_V)}
    site.check(sim)


def _unproven(site: Site) -> int:
    with sqlite3.connect(site.store / "catalog.sqlite") as catalog:
        (count,) = catalog.execute("SELECT count(*) FROM unproven").fetchone()
    return int(count)


def test_what_waits_is_proven_by_the_next_pass_without_a_zip(
    site: InProcessSite, sim: Simulator, cache: Path
):
    _import_unasked(site, sim, cache)
    assert site.carried() == set()
    shutil.rmtree(cache)
    assert _unproven(site) == site.status()["unproven"] == 2
    _check_sync_fetches_no_file(site, sim)
    assert _unproven(site) == site.status()["unproven"] == 0


def test_a_daemons_job_proves_what_waits(
    site: InProcessSite, sim: Simulator, cache: Path
):
    _import_unasked(site, sim, cache)
    mark = sim.mark()
    site.run("run", "--once", "sync", expect=OK)
    asked = [each.path for each in sim.requests_since(mark)]
    assert not [path for path in asked if path.endswith(".zip")]
    assert site.carried() == {str(HIGH_V), str(LOW_V)}


def test_an_import_again_copies_nothing_and_another_cache_does_not_replace_it(
    site: InProcessSite, sim: Simulator, cache: Path
):
    _import_unasked(site, sim, cache)
    blobs = sorted((site.store / "blobs").rglob("*"))
    _import_unasked(site, sim, cache)
    assert sorted((site.store / "blobs").rglob("*")) == blobs
    assert _unproven(site) == 2
    _pollute(cache, is_noted=False)
    site.configure({"proxies": "off"})
    document = site.run("import", str(cache), expect=MISSING).document
    (other,) = [e for e in document["versions"] if e["module"] == LOW]
    assert (other["state"], "kept is h1:" in other["reason"]) == ("waiting", True)
    site.configure({"proxies": sim.url})
    _check_sync_fetches_no_file(site, sim)


def _pollute(cache: Path, *, is_noted: bool) -> None:
    path = cache_file(cache, LOW_V, FileKind.ZIP)
    path.chmod(0o644)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{LOW_V}/evil.go", "package m\n")
    if not is_noted:
        cache_file(cache, LOW_V, Role.ZIPHASH).unlink()


def test_what_its_own_hash_contradicts_is_not_kept(
    site: InProcessSite, sim: Simulator, cache: Path
):
    _pollute(cache, is_noted=True)
    site.configure({"proxies": "off"})
    document = site.run("import", str(cache), expect=STANDS_OPEN).document
    assert cache_states(document) == {str(HIGH_V): "waiting", str(LOW_V): "bad"}
    assert _unproven(site) == 1


def test_what_proves_to_be_polluted_is_named_and_fetched_anew(
    site: InProcessSite, sim: Simulator, cache: Path
):
    _pollute(cache, is_noted=False)
    _import_unasked(site, sim, cache)
    site.sync("--retry", expect=SECURITY)
    assert site.carried() == {str(HIGH_V)}
    [evidence] = site.quarantine(str(LOW_V))
    assert evidence.facts["served"]["zip"]["url"].startswith("file://")
    [finding] = site.run("audit", "--list").document["findings"]
    assert (finding["kind"], finding["path"]) == ("rewritten", LOW)
    assert _unproven(site) == 0
    site.run("sync", "--retry")
    assert site.carried() == {str(HIGH_V), str(LOW_V)}


def test_a_rebuilt_catalog_knows_what_waits(
    site: InProcessSite, sim: Simulator, cache: Path
):
    _import_unasked(site, sim, cache)
    report = site.run("catalog", "rebuild", expect=OK).document
    assert (report["unproven"], report["unreferenced"]) == (2, 0)
    _check_sync_fetches_no_file(site, sim)
    report = site.run("catalog", "rebuild", expect=OK).document
    assert (report["unproven"], report["versions"]) == (0, 2)


def test_what_waits_is_no_orphan_of_the_store(
    site: InProcessSite, sim: Simulator, cache: Path
):
    _import_unasked(site, sim, cache)
    for blob in (site.store / "blobs").rglob("*"):
        os.utime(blob, (1_000_000_000, 1_000_000_000))
    report = site.run("verify", expect=OK).document
    assert report["findings"] == []


def test_a_prune_lets_go_of_what_nobody_wants_any_more(
    site: InProcessSite, sim: Simulator, cache: Path
):
    _import_unasked(site, sim, cache)
    site.run("prune", "--grace-days", "0", "--yes", expect=MISSING)
    assert _unproven(site) == 2
    site.run("prune", "--asked", expect=OK)
    site.sync()
    site.run("prune", "--grace-days", "0", "--yes", expect=OK)
    assert _unproven(site) == 0
    assert not [each for each in (site.store / "blobs").rglob("*") if each.is_file()]


@pytest.mark.slow
def test_an_import_killed_at_any_step_is_run_again(
    sim: Simulator, cache: Path, tmp_path: Path
):
    with Stepper() as stepper:
        whole = Site(tmp_path / "whole", sim, modules=[])
        whole.configure({"proxies": "off"})
        steps = stepper.run(whole, "import", str(cache)).steps
        for number in chosen(steps, KILLS):
            site = Site(tmp_path / f"killed{number}", sim, modules=[])
            site.configure({"proxies": "off"})
            killed = stepper.run(site, "import", str(cache), kill_at=number)
            assert killed.code < 0 or killed.code == MISSING
            _import_unasked(site, sim, cache)
            assert _unproven(site) == 2
            _check_sync_fetches_no_file(site, sim)


@pytest.mark.slow
@pytest.mark.long
def test_a_pass_that_is_killed_as_it_proves_is_run_again(
    sim: Simulator, cache: Path, tmp_path: Path
):
    start = Site(tmp_path / "site", sim, modules=[])
    _import_unasked(start, sim, cache)
    shutil.copytree(start.folder, tmp_path / "start")
    with Stepper() as stepper:
        steps = stepper.run(start, "sync").steps
        for number in chosen(steps, KILLS):
            shutil.rmtree(start.folder)
            shutil.copytree(tmp_path / "start", start.folder)
            mark = sim.mark()
            assert stepper.run(start, "sync", kill_at=number).code < 0
            start.sync("--retry")
            asked = [each.path for each in sim.requests_since(mark)]
            assert not [path for path in asked if path.endswith(".zip")]
            assert start.carried() == {str(HIGH_V), str(LOW_V)}
            start.check(sim)


def test_a_private_version_waits_for_a_go_sum_and_is_not_fetched_then(
    sim: Simulator, made: Path, tmp_path: Path
):
    private = ModuleVersion(PRIVATE, "v1.0.0")
    site = InProcessSite(tmp_path / "site", sim, modules=[], private=["corp.example/*"])
    document = site.run("import", str(made), expect=MISSING).document
    assert cache_states(document)[str(private)] == "waiting"
    assert _unproven(site) == 1
    app = tmp_path / "app"
    app.mkdir()
    (app / "go.mod").write_text(
        f"module x.example\n\ngo 1.21\n\nrequire {PRIVATE} v1.0.0\n"
    )
    ziphash = cache_file(made, private, Role.ZIPHASH).read_text()
    mod_h1 = hash_go_mod(cache_file(made, private, FileKind.MOD).read_bytes())
    (app / "go.sum").write_text(
        f"{PRIVATE} v1.0.0 {ziphash}\n{PRIVATE} v1.0.0/go.mod {mod_h1}\n"
    )
    site.declare(project=[{"path": str(app)}])
    mark = sim.mark()
    site.sync("--retry")
    asked = [each.path for each in sim.requests_since(mark)]
    assert not [path for path in asked if path.endswith(".zip")]
    assert str(private) in site.carried()
    assert _unproven(site) == 0


@pytest.fixture
def other(sim: Simulator, tmp_path: Path) -> InProcessSite:
    """Another site, whose store has the same modules."""
    other = InProcessSite(tmp_path / "other", sim, modules=[])
    other.run("sync", str(HIGH_V), str(LOW_V), expect=OK)
    return other


@pytest.mark.parametrize("is_packed", [False, True])
def test_another_store_is_taken_in_with_its_proofs_and_nobody_asked(
    site: InProcessSite, other: Site, tmp_path: Path, is_packed: bool
):
    source, before = str(other.store), digests(other.store)
    if is_packed:
        source = shutil.make_archive(str(tmp_path / "store"), "zip", other.store)
    site.configure({"proxies": "off"})
    document = site.run("import", source, expect=OK).document
    assert set(cache_states(document).values()) == {"taken"}
    assert site.carried() == {str(HIGH_V), str(LOW_V)}
    assert digests(other.store) == before
    site.check()


def test_of_another_store_what_was_withdrawn_stays_there(
    site: InProcessSite, other: Site
):
    other.run("withdraw", str(LOW_V), "--reason", "a test", expect=OK)
    document = site.run("import", str(other.store), expect=OK).document
    assert cache_states(document) == {str(HIGH_V): "taken"}


def test_a_damaged_blob_of_another_store_is_named(site: InProcessSite, other: Site):
    row = other.run("show", str(LOW_V), expect=OK).document
    digest = row["zip_digest"]
    (other.store / "blobs" / "sha256" / digest[:2] / digest).unlink()
    document = site.run("import", str(other.store), expect=STANDS_OPEN).document
    assert cache_states(document) == {str(HIGH_V): "taken", str(LOW_V): "bad"}


def test_a_store_is_not_taken_into_itself(other: Site):
    refused = other.run("import", str(other.store), expect=USAGE)
    assert "this is the store" in refused.document["message"]
