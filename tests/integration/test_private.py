"""Private modules: unknown to index and database, pinned at first sight."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import ModuleSource
from gosync.gomod.module import ModuleVersion
from tests.integration.site import OK, SECURITY, USAGE, Site
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


def test_only_the_private_mirror_hears_of_a_private_name(tmp_path: Path) -> None:
    app = ModuleSource(
        "app.example/m",
        "v1.0.0",
        {
            "go.mod": b"module app.example/m\n\ngo 1.20\n",
            "a.go": f'package m\n\nimport _ "{PRIVATE}/none/here"\n'.encode(),
        },
        datetime(2024, 1, 1, tzinfo=UTC),
    )
    with Simulator() as public, Simulator() as ours:
        publish_standard(ours)
        publish_standard(public)
        public.publish(app)
        database = public.start_database()
        site = Site(
            tmp_path,
            public,
            private=[PRIVATE],
            upstream={
                "proxies": f"{public.url}|{ours.url}",
                "private_proxies": [ours.url],
                "order": "fastest",
                "sumdb": f"{public.verifier_key} {database}",
            },
        )
        modules = [f"{PRIVATE}@v1.0.0", "app.example/m"]
        site.declare(select=[{"modules": modules, "deps": "build"}])
        site.sync()
        assert str(MV) in site.carried()
        told = [str(each) for each in public.requests if GLOB in str(each)]
        assert told == [], "neither the name nor what it begins with"
        heard = [str(each) for each in ours.requests if GLOB in str(each)]
        assert any(f"/{PRIVATE}/none/here" in line for line in heard), "it was guessed"


def test_a_mirror_that_is_marked_must_be_listed(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = private_site(tmp_path, sim)
        site.configure({"private_proxies": ["https://elsewhere.example"]})
        found = site.run("config", "check", expect=USAGE)
        assert "private_proxies" in found.stdout + found.stderr


def test_direct_is_refused_where_a_configuration_is_checked(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = private_site(tmp_path, sim)
        site.configure({"proxies": [sim.url, "direct"]})
        found = site.run("config", "check", expect=USAGE)
        assert "upstream.private" in found.stdout + found.stderr
        site.sync()
