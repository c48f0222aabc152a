"""Zips that are broken, foreign or evil: refused, kept as evidence, never stored."""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from gosync.store.digest import digest_of
from gosync.store.layout import blob_path
from tests.integration.faulty import GOOD, check_rest, glob, publish_faulty
from tests.integration.site import MISSING, SECURITY, Site
from tests.simulator import Simulator
from tests.simulator.evil import EVIL, FAIR
from tests.simulator.standard import module

MEASURED = (
    sys.executable,
    "-c",
    (
        "import resource, subprocess, sys\n"
        "code = subprocess.call(sys.argv[1:])\n"
        "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(usage.ru_maxrss, file=sys.stderr)\n"
        "sys.exit(code)\n"
    ),
)
"""Runs a command and says on standard error how many KiB it had at most."""


def test_a_zip_cut_off_is_asked_again_and_never_stored(tmp_path: Path) -> None:
    how = ("right", "none", "chunked", "reset")
    paths = [f"cut.example/{name}" for name in how]
    with Simulator() as sim:
        site = Site(tmp_path / "site", sim, modules=publish_faulty(sim, paths))
        for name in how[:3]:
            sim.truncate(glob(f"cut.example/{name}", "zip"), content_length=name)
        sim.reset(glob("cut.example/reset", "zip"), after_bytes=100)
        result = site.sync(expect=MISSING)
        check_rest(site, sim, result, paths)
        assert {f["error"] for f in result.failed.values()} == {"TruncatedError"}
        assert {f["exit_code"] for f in result.failed.values()} == {75}
        assert site.quarantine() == [], "half an answer is no evidence"
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_a_zip_cut_off_under_a_fitting_content_length_is_refused(
    tmp_path: Path,
) -> None:
    path = "cut.example/wrong"
    with Simulator() as sim:
        site = Site(tmp_path / "site", sim, modules=publish_faulty(sim, [path]))
        sim.truncate(glob(path, "zip"), content_length="wrong")
        result = site.sync(expect=MISSING)
        check_rest(site, sim, result, [path])
        [evidence] = site.quarantine(f"{path}@v1.0.0")
        true = sim.publication(ModuleVersion(path, "v1.0.0")).zip
        assert evidence.files["zip"] == true[: len(true) // 2]
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_a_zip_without_a_length_is_fine_when_it_is_whole(tmp_path: Path) -> None:
    with Simulator() as sim:
        paths = publish_faulty(sim, ["loose.example/a", "loose.example/b"])
        sim.without_length(glob("loose.example/a", "zip"), chunked=True)
        sim.without_length(glob("loose.example/b", "zip"), chunked=False)
        site = Site(tmp_path, sim, modules=paths)
        site.sync()
        assert len(site.carried()) == 5
        site.check(sim)


def test_swapped_bytes_in_a_zip_are_refused(tmp_path: Path) -> None:
    places = {"contents": MISSING, "crc": MISSING, "name": SECURITY}
    paths = {name: f"swap.example/{name}" for name in places}
    with Simulator() as sim:
        selected = publish_faulty(sim, list(paths.values()))
        for name, path in paths.items():
            data = sim.publication(ModuleVersion(path, "v1.0.0")).zip
            sim.swap_bytes(glob(path, "zip"), at=place_in_zip(data, name))
        site = Site(tmp_path / "site", sim, modules=selected)
        result = site.sync(expect=SECURITY)
        check_rest(site, sim, result, list(paths.values()))
        for name, path in paths.items():
            assert result.failed[f"{path}@v1.0.0"]["exit_code"] == places[name], name
            [evidence] = site.quarantine(f"{path}@v1.0.0")
            assert sorted(evidence.files) == ["info", "mod", "zip"]
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def place_in_zip(data: bytes, name: str) -> int:
    """Return where the first file's contents, CRC or name lie."""
    directory = data.index(b"PK\1\2")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        local_name = archive.infolist()[0].filename
    return {
        "contents": 30 + len(local_name) + 4,
        "crc": directory + 16,
        "name": directory + 46 + len(local_name) - 3,
    }[name]


def test_a_valid_zip_of_other_content_is_evidence_of_misbehaviour(
    tmp_path: Path,
) -> None:
    path, mv = "moved.example/tag", ModuleVersion("moved.example/tag", "v1.0.0")
    with Simulator() as sim:
        site = Site(tmp_path / "site", sim, modules=publish_faulty(sim, [path]))
        sim.rewrite(mv, {"tag.go": b"package tag // evil\n"})
        result = site.sync(expect=SECURITY)
        check_rest(site, sim, result, [path])
        assert result.failed[str(mv)]["error"] == "ChecksumMismatchError"

        [evidence] = site.quarantine(str(mv))
        publication = sim.publication(mv)
        served = evidence.facts["served"]["zip"]
        assert evidence.files["zip"] != publication.zip
        assert evidence.files["mod"] == site_file(site, "tag@v1.1.0.mod", mv)
        assert evidence.facts["h1_wanted"]["zip"] == publication.zip_h1
        assert evidence.facts["h1_served"]["zip"].startswith("h1:")
        assert evidence.facts["h1_served"]["zip"] != publication.zip_h1
        assert served["url"] == f"{sim.url}{glob(path, 'zip')}"
        assert served["status"] == 200
        assert served["headers"]["content-type"] == "application/zip"
        assert served["size_bytes"] == len(evidence.files["zip"])
        assert served["at"].endswith("Z")
        digest = digest_of(evidence.files["zip"])
        assert not (site.store / blob_path(digest)).exists()

        again = site.sync("--retry", expect=SECURITY)
        assert again.failed[str(mv)]["attempts"] == 2
        assert len(site.quarantine()) == 1, "the same evidence is kept once"
        publication.served.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_an_open_finding_keeps_exit_code_6_while_its_next_try_is_awaited(
    tmp_path: Path,
) -> None:
    mv = ModuleVersion("moved.example/tag", "v1.0.0")
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=publish_faulty(sim, [mv.path]))
        sim.rewrite(mv, {"tag.go": b"package tag // evil\n"})
        site.sync(expect=SECURITY)
        site.sync(expect=SECURITY)
        mark = sim.mark()
        result = site.sync(expect=SECURITY)
        assert (
            sim.paths(RequestKind.INFO, RequestKind.MOD, RequestKind.ZIP, since=mark)
            == []
        )
        assert result.failed[str(mv)]["attempts"] == 2


def test_every_evil_zip_is_refused_and_every_fair_one_is_taken(
    tmp_path: Path,
) -> None:
    evil = {
        ModuleVersion(f"evil.example/Zip/n{number:02d}", "v1.0.0"): name
        for number, name in enumerate(EVIL)
    }
    fair = {
        ModuleVersion(f"fair.example/n{number}", "v1.0.0"): name
        for number, name in enumerate(FAIR)
    }
    served = {}
    with Simulator() as sim:
        for mv, name in evil.items():
            served[mv] = EVIL[name](mv).data
            sim.publish_evil(mv, EVIL[name](mv))
        for mv, name in fair.items():
            sim.publish_evil(mv, FAIR[name](mv))
        sim.publish(module(GOOD, "v1.0.0"))
        paths = [mv.path for mv in (*evil, *fair)]
        site = Site(tmp_path, sim, modules=[*paths, GOOD])
        result = site.sync(expect=MISSING)

    assert set(result.failed) == {str(mv) for mv in evil}
    for mv, name in evil.items():
        failure = result.failed[str(mv)]
        assert failure["exit_code"] == MISSING, (name, failure["reason"])
        [evidence] = site.quarantine(str(mv))
        if name != "large go.mod":  # refused before its zip is asked for
            assert evidence.files["zip"] == served[mv], name
        digest = hashlib.sha256(served[mv]).hexdigest()
        assert not (site.store / "blobs" / "sha256" / digest[:2] / digest).exists()
    assert site.carried() == {str(mv) for mv in fair} | {f"{GOOD}@v1.0.0"}
    assert site.listed() == site.carried()
    site.check()


@pytest.mark.parametrize("name", ["honest bomb", "lying bomb"])
def test_a_zip_bomb_of_600_mib_is_refused_in_little_memory(
    tmp_path: Path, name: str
) -> None:
    mv = ModuleVersion("bomb.example/m", "v1.0.0")
    with Simulator() as sim:
        sim.publish_evil(mv, EVIL[name](mv))
        site = Site(tmp_path, sim, modules=[str(mv)])
        result = site.run("sync", expect=MISSING, prefix=MEASURED)
    assert result.failed[str(mv)]["exit_code"] == MISSING
    assert int(result.stderr) < 150 * 1024, "KiB at most"
    assert site.carried() == set()


def site_file(site: Site, name: str, mv: ModuleVersion) -> bytes:
    """Return a file of the tree beside the version's."""
    return (site.tree / mv.path / "@v" / name.partition("@")[2]).read_bytes()
