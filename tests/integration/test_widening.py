"""What is carried is not asked for again, and a zip may be too large to be wanted."""

from __future__ import annotations

from pathlib import Path

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration.site import OK, SECURITY, Site
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, publish_standard

VERSION = f"{UPPER}@v1.0.0"
FOLDER = "/std.example/!acme/!widget/@v/v1.0.0"
ONLY = ">=v1.0.0 <v1.0.1"
FILES = (RequestKind.INFO, RequestKind.MOD, RequestKind.ZIP, RequestKind.LOOKUP)


def asked(sim: Simulator, mark: int) -> list[str]:
    """Return what of the version was asked for since a mark."""
    paths = sim.paths(*FILES, since=mark)
    return [path for path in paths if "v1.0.0" in path]


def shown(site: Site) -> set[str]:
    """Return which files of the version the tree has, by their kind."""
    found = (site.tree / FOLDER[1:]).parent.glob("v1.0.0.*")
    return {path.suffix for path in found}


def states(site: Site) -> dict[str, int]:
    return {state: n for state, n in site.status()["versions"].items() if n}


def test_a_mod_alone_costs_two_requests_and_its_zip_two_more(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path / "site", sim, modules=[f"{VERSION}/go.mod"])
        site.sync()
        assert sim.counts()[RequestKind.MOD] == sim.counts()[RequestKind.LOOKUP] == 1
        assert sim.counts()[RequestKind.INFO] == sim.counts()[RequestKind.ZIP] == 0
        assert shown(site) == {".mod", ".info"}, "go asks for an .info, too"

        mark = sim.mark()
        site.select([VERSION])
        site.sync()
        assert asked(sim, mark) == [f"{FOLDER}.info", f"{FOLDER}.zip"]
        assert shown(site) == {".mod", ".info", ".zip"}
        site.check_converges(sim, tmp_path / "clean")


def test_a_zip_that_contradicts_the_record_of_its_mod_is_evidence(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path, sim, modules=[f"{VERSION}/go.mod"])
        site.sync()
        moved = {"moved.go": b"package widget\n"}
        sim.rewrite(ModuleVersion(UPPER, "v1.0.0"), moved)
        site.select([VERSION])
        mark = sim.mark()
        result = site.sync(expect=SECURITY)
        assert result.failed[VERSION]["error"] == "ChecksumMismatchError"
        assert sim.counts(since=mark)[RequestKind.LOOKUP] == 0, "the record was here"
        assert shown(site) == {".mod", ".info"}, "what was proven stays"


def test_a_mod_whose_blob_went_missing_is_asked_for_again(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        site = Site(tmp_path, sim, modules=[f"{VERSION}/go.mod", f"{UPPER}@v1.1.0"])
        site.sync()
        data = (site.tree / f"{FOLDER[1:]}.mod").read_bytes()
        for blob in (site.store / "blobs").glob("sha256/??/*"):
            if blob.read_bytes() == data:
                blob.unlink()
        mark = sim.mark()
        site.select([VERSION])
        site.sync()
        assert f"{FOLDER}.mod" in asked(sim, mark)
        site.check(sim)


def test_a_zip_that_is_too_large_is_left_out_and_no_failure(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish_standard(sim)
        size_bytes = len(sim.publication(ModuleVersion(UPPER, "v1.0.0")).zip)
        site = Site(tmp_path / "site", sim)
        mark = 0
        for limit_bytes in (size_bytes - 1, size_bytes - 2):
            mark = sim.mark()
            site.select([UPPER], versions=ONLY, max_zip=f"{limit_bytes}B")
            site.sync(expect=OK)
            assert states(site)["omitted"] == 1
            assert site.status()["failures"] == []
            assert shown(site) == {".mod", ".info"}
            assert site.listed() == set()
        assert asked(sim, mark) == [], "it is no larger than it was"

        mark = sim.mark()
        site.select([UPPER], versions=ONLY, max_zip=f"{size_bytes}B")
        site.sync(expect=OK)
        assert asked(sim, mark) == [f"{FOLDER}.info", f"{FOLDER}.zip"]
        assert "omitted" not in states(site)
        assert site.listed() == {VERSION}
        site.check(sim)
