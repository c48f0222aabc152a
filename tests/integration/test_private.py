"""Private modules: unknown to index and database, pinned at first sight."""

from __future__ import annotations

import shutil
from pathlib import Path

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration.site import OK, SECURITY, Site
from tests.simulator import Simulator
from tests.simulator.standard import PRIVATE, UPPER, publish_standard

GLOB = "corp.example"
MV = ModuleVersion(PRIVATE, "v1.0.0")


def private_site(folder: Path, sim: Simulator, *, index: bool = True) -> Site:
    publish_standard(sim)
    return Site(folder, sim, modules=[PRIVATE, UPPER], private=[GLOB], index=index)


def test_index_and_database_never_hear_of_a_private_module(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = private_site(tmp_path, sim)
        site.sync()
        site.sync("--refresh")
        asked = [str(logged) for logged in sim.requests if GLOB in str(logged)]
        assert asked, "the proxy is asked"
        assert all(f" /{PRIVATE}/@v/" in line for line in asked), asked
        told = [*sim.paths(RequestKind.LOOKUP), *sim.paths(RequestKind.INDEX)]
        assert told
        assert GLOB not in " ".join(told)
        assert f"{PRIVATE}@v1.1.0" in site.listed()
        assert not list((site.tree / "sumdb").glob(f"*/lookup/{GLOB}*"))
        site.check(sim)


def test_a_private_version_shows_that_its_h1_was_pinned(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = private_site(tmp_path, sim, index=False)
        site.sync()
        shown = site.run("show", str(MV), expect=OK).document
        assert shown["proof"] == "pinned"
        assert shown["record"] is None
        assert shown["zip_h1"] == sim.publication(MV).zip_h1


def test_a_later_zip_that_differs_from_the_first_sight_is_refused(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = private_site(tmp_path / "site", sim, index=False)
        site.sync()
        shown = site.run("show", str(MV)).document
        lose_zip(site, shown["zip_digest"])
        sim.rewrite(MV, {"secret.go": b"package secret // moved\n"})

        result = site.sync("--retry", expect=SECURITY)
        assert set(result.failed) == {str(MV)}
        assert result.failed[str(MV)]["error"] == "ChecksumMismatchError"
        [evidence] = site.quarantine(str(MV))
        publication = sim.publication(MV)
        assert evidence.facts["h1_wanted"]["zip"] == publication.zip_h1
        assert evidence.facts["h1_served"]["zip"] != publication.zip_h1
        assert f"{PRIVATE}@v1.1.0" in site.carried()
        site.check_store()

        publication.served.clear()
        site.check_converges(sim, tmp_path / "clean")


def lose_zip(site: Site, digest: str) -> None:
    """Lose a blob and the tree, and make the catalog anew."""
    (site.store / "blobs" / "sha256" / digest[:2] / digest).unlink()
    shutil.rmtree(site.tree)
    report = site.run("catalog", "rebuild", expect=OK).document
    assert len(report["missing"]) == 1


def test_a_go_mod_that_was_pinned_alone_is_held_against_the_one_of_the_zip(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = private_site(tmp_path, sim, index=False)
        site.select([f"{MV}/go.mod"])
        site.sync()
        sim.rewrite(MV, {"go.mod": f"module {PRIVATE}\n\ngo 1.20\n".encode()})
        site.select([str(MV)])
        result = site.sync(expect=SECURITY)
        assert result.failed[str(MV)]["error"] == "ChecksumMismatchError"
        assert site.carried() == set()
        site.check_store()


def test_with_sumdb_off_everything_is_pinned_and_a_moved_tag_is_refused(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = private_site(tmp_path, sim, index=False)
        site.configure({"sumdb": "off"})
        site.sync()
        assert {
            RequestKind.LOOKUP,
            RequestKind.TILE,
            RequestKind.HEAD,
            RequestKind.SUPPORTED,
        }.isdisjoint(sim.counts())
        assert len(site.carried()) == 5
        assert not (site.tree / "sumdb").exists()
        site.check(sim)


def test_what_was_pinned_with_sumdb_off_is_proven_once_it_is_on(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = private_site(tmp_path / "site", sim, index=False)
        site.configure({"sumdb": "off"})
        site.sync()
        carried = site.carried()

        site.configure({"sumdb": sim.gosumdb})
        mark = sim.mark()
        site.sync()
        assert site.carried() == carried
        asked = sim.paths(RequestKind.LOOKUP, since=mark)
        assert len(asked) == len(carried) - 2, "all but the two private ones"
        site.check_converges(sim, tmp_path / "clean")

        before, mark = site.states_of_files(), sim.mark()
        site.sync()
        assert sim.counts(since=mark)[RequestKind.LOOKUP] == 0
        assert site.states_of_files() == before
