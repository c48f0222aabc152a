"""A checksum database that lies: found out, kept as evidence, never trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from gosync.gomod.dirhash import hash_zip
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.tile import parse_tile_path
from tests.integration.faulty import GOOD, broken, check_rest, glob, publish_faulty
from tests.integration.site import MISSING, OK, SECURITY, UNAVAILABLE, Site
from tests.simulator import Simulator
from tests.simulator.simulator import record_text
from tests.simulator.standard import module

PRIVATE = "corp.example/tool"
SIZES = (5, 256, 300, 70_000)


def site_of(folder: Path, sim: Simulator, *paths: str) -> Site:
    """Return a site that selects these and a private module, which must come."""
    sim.publish_private(module(PRIVATE, "v1.0.0"))
    return Site(folder, sim, modules=[*paths, PRIVATE], private=["corp.example"])


def head_of(site: Site) -> int | None:
    """Return the size of the trusted head."""
    heads = site.status()["tree_heads"]
    return next(iter(heads.values()), None)


HEADS: dict[str, Callable[[Simulator], None]] = {
    "bad signature": lambda sim: sim.database.wrong_signature(),
    "unknown key": lambda sim: sim.database.unknown_key(),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_the_key_did_not_sign_is_never_trusted(
    tmp_path: Path, name: str
) -> None:
    with Simulator() as sim:
        sim.publish(module("log.example/m", "v1.0.0"))
        site = site_of(tmp_path / "site", sim, "log.example/m")
        HEADS[name](sim)
        result = site.sync(expect=SECURITY)
        assert result.failed["log.example/m@v1.0.0"]["error"] == "SignatureError"
        assert head_of(site) is None
        assert site.carried() == {f"{PRIVATE}@v1.0.0"}, "the rest is synced"
        [evidence] = site.quarantine(sim.log.name)
        assert b"sum." in evidence.files["lookup"]
        served = evidence.facts["served"]["lookup"]
        assert served["url"].endswith("/lookup/log.example/m@v1.0.0")
        assert served["status"] == 200
        assert served["headers"]
        assert site.quarantine("log.example/m@v1.0.0")
        sim.database.mend()
        site.check_converges(sim, tmp_path / "clean")


def test_a_head_with_cosignatures_and_further_lines_is_an_honest_one(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        sim.publish(module("log.example/m", "v1.0.0"))
        sim.database.cosign("witness.example", "other.example")
        sim.database.extra_lines("something for the future\n")
        site = site_of(tmp_path, sim, "log.example/m")
        site.sync(expect=OK)
        assert len(site.carried()) == 2
        site.check(sim)


def test_a_fork_is_refused_and_both_heads_are_kept_with_the_proof(
    tmp_path: Path,
) -> None:
    with Simulator(records=20) as sim:
        sim.publish(module("log.example/m", "v1.0.0"))
        site = site_of(tmp_path / "site", sim, "log.example/m")
        site.sync(expect=OK)
        trusted, before = head_of(site), site.tree_files()

        sim.publish(module("log.example/m", "v1.1.0"))
        honest = sim.database.fork(10)
        result = site.sync(expect=SECURITY)
        assert result.failed["log.example/m@v1.1.0"]["error"] == "ForkError"
        assert head_of(site) == trusted
        assert site.tree_files() == before
        site.check(sim)
        evidence = next(
            each for each in site.quarantine(sim.log.name) if "proof" in each.files
        )
        assert evidence.files["old_note"].split(b"\n")[1] == str(trusted).encode()
        assert evidence.files["new_note"] == sim.log.head()
        assert len(evidence.files["proof"].splitlines()) >= 1

        sim.database.log = honest
        site.check_converges(sim, tmp_path / "clean")


def test_a_fork_at_the_same_size_is_refused(tmp_path: Path) -> None:
    with Simulator(records=20) as sim:
        sim.publish(module("log.example/a", "v1.0.0"))
        sim.publish(module("log.example/b", "v1.0.0"))
        site = site_of(tmp_path, sim, "log.example/a")
        site.sync(expect=OK)
        sim.database.fork(5)
        site.select(["log.example/a", "log.example/b", PRIVATE])
        result = site.sync(expect=SECURITY)
        assert result.failed["log.example/b@v1.0.0"]["error"] == "ForkError"
        assert site.carried() == {"log.example/a@v1.0.0", f"{PRIVATE}@v1.0.0"}
        site.check(sim)


def test_a_log_that_rolls_back_never_takes_our_head_along(tmp_path: Path) -> None:
    with Simulator(records=20) as sim:
        sim.publish(module("log.example/m", "v1.0.0"))
        size = sim.log.size
        sim.log.grow(300)
        sim.publish(module("log.example/m", "v1.1.0"))
        site = site_of(tmp_path / "site", sim, "log.example/m")
        site.sync(expect=OK)
        trusted, before = head_of(site), site.tree_files()
        assert trusted == sim.log.size

        sim.publish(module("log.example/m", "v1.2.0"))
        sim.database.rollback(size)
        result = site.sync(expect=MISSING)
        assert set(result.failed) == {"log.example/m@v1.2.0"}
        assert head_of(site) == trusted
        assert site.tree_files() == before
        site.check(sim)
        sim.database.mend()
        site.check_converges(sim, tmp_path / "clean")
        assert head_of(site) == trusted + 1


def test_a_stale_lookup_is_proven_in_the_newer_tree(tmp_path: Path) -> None:
    old, new = (ModuleVersion("log.example/m", v) for v in ("v1.0.0", "v1.1.0"))
    with Simulator(records=20) as sim:
        sim.publish(module(old.path, old.version))
        size = sim.log.size
        sim.log.grow(400)
        sim.publish(module(new.path, new.version))
        sim.database.stamp(old, size)
        site = site_of(tmp_path, sim, old.path)
        site.sync(expect=OK)
        assert head_of(site) == sim.log.size
        site.check(sim)


def test_a_lookup_newer_than_latest_moves_the_head_all_the_same(
    tmp_path: Path,
) -> None:
    with Simulator(records=20) as sim:
        sim.publish(module("log.example/m", "v1.0.0"))
        sim.database.latest_size = 10
        site = site_of(tmp_path, sim, "log.example/m")
        site.sync(expect=OK)
        assert head_of(site) == sim.log.size
        lookup = next((site.tree / "sumdb").glob("*/lookup/log.example/m@v1.0.0"))
        assert f"\n{sim.log.size}\n" in lookup.read_text()
        site.check(sim)


@pytest.fixture(scope="module")
def logs() -> Iterator[dict[int, Simulator]]:
    """Logs of several sizes; the last one has three levels of tiles."""
    sims = {}
    for size in SIZES:
        sims[size] = Simulator(records=size).start()
        for path in ("log.example/a", "log.example/b"):
            sims[size].publish(module(path, "v1.0.0"))
    yield sims
    for sim in sims.values():
        sim.stop()


@pytest.mark.parametrize(
    ("size", "level"),
    [(5, 0), (256, 0), (256, 1), (300, 0), (300, 1)]
    + [(70_000, level) for level in (0, 1, 2)],
)
def test_a_forged_tile_is_found_at_every_level_of_every_tree(
    tmp_path: Path, logs: dict[int, Simulator], size: int, level: int
) -> None:
    sim = logs[size]
    site = site_of(tmp_path / "site", sim, "log.example/a")
    sim.database.forge_tile(level)
    try:
        result = site.sync(expect=SECURITY)
    finally:
        sim.database.mend()
    assert result.failed["log.example/a@v1.0.0"]["error"] == "TileMismatchError"
    assert site.carried() == {f"{PRIVATE}@v1.0.0"}
    kept = site.quarantine(sim.log.name)
    assert any(b"lookup" in label.encode() for each in kept for label in each.files)
    assert any(label.startswith("tile-") for each in kept for label in each.files)
    tiles = [file for file in (site.store / "sumdb").rglob("*") if file.is_file()]
    for tile in tiles:  # what was proven before the forgery came up
        name = str(tile.relative_to(site.store / "sumdb" / sim.log.name))
        assert tile.read_bytes() == true_tile(sim, name), name
    assert site.sync("--retry").failed == {}
    site.check(sim)


def true_tile(sim: Simulator, name: str) -> bytes:
    return sim.log.tile(parse_tile_path(name))


@pytest.mark.parametrize("more_bytes", [-32, -1, 1, 32])
def test_a_tile_of_a_wrong_length_is_refused(
    tmp_path: Path, logs: dict[int, Simulator], more_bytes: int
) -> None:
    sim = logs[300]
    site = site_of(tmp_path, sim, "log.example/a")
    sim.database.wrong_length(0, more_bytes=more_bytes)
    try:
        result = site.sync(expect=None)
    finally:
        sim.database.mend()
    failure = result.failed["log.example/a@v1.0.0"]
    assert failure["exit_code"] == result.code == SECURITY
    assert site.carried() == {f"{PRIVATE}@v1.0.0"}
    assert site.sync("--retry").failed == {}
    site.check(sim)


@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_a_forged_record_is_found_however_many_tiles_agree_with_it(
    tmp_path: Path, logs: dict[int, Simulator], levels: int
) -> None:
    sim = logs[70_000]
    mv = ModuleVersion("log.example/a", "v1.0.0")
    publication = sim.publication(mv)
    sim.rewrite(mv, {"a.go": b"package a // evil\n"})
    h1 = "h1:" + "A" * 43 + "="
    forged = record_text(mv, zip_h1=h1, mod_h1=publication.mod_h1)
    sim.database.forge_record(mv, forged, levels=levels)
    site = site_of(tmp_path, sim, mv.path, "log.example/b")
    try:
        result = site.sync(expect=SECURITY)
    finally:
        sim.database.mend()
        publication.served.clear()
    assert result.failed[str(mv)]["exit_code"] == SECURITY
    assert str(mv) not in site.carried()
    assert site.sync("--retry").failed == {}
    site.check(sim)


def test_a_record_without_the_line_asked_for_vouches_for_nothing(
    tmp_path: Path,
) -> None:
    names = ("no-zip-line", "no-mod-line", "no-line", "other")
    paths = {name: f"record.example/{name}" for name in names}
    with Simulator() as sim:
        publish_faulty(sim, [paths["other"]])
        for name in names[:3]:
            source = module(paths[name], "v1.0.0")
            mv = source.module_version
            h1 = "h1:" + "A" * 43 + "="
            zip_h1 = None if name in ("no-zip-line", "no-line") else h1
            mod_h1 = None if name in ("no-mod-line", "no-line") else h1
            text = record_text(mv, zip_h1=zip_h1, mod_h1=mod_h1)
            text = text or f"{mv.path} v9.9.9 {h1}\n".encode()
            sim.publish(source, record=text)
            sim.publish(module(paths[name], "v1.1.0", say="sound"))
        sim.database.answer_other(broken(paths["other"]), ModuleVersion(GOOD, "v1.0.0"))
        site = Site(tmp_path, sim, modules=[*paths.values(), GOOD])
        result = site.sync(expect=SECURITY)
        check_rest(site, sim, result, paths.values())
        for path in paths.values():
            failure = result.failed[str(broken(path))]
            assert failure["error"] == "RecordMismatchError", failure
            assert glob(path, "zip") not in sim.paths(RequestKind.ZIP)
        assert len(site.quarantine(sim.log.name)) == len(names)


def test_hash_lines_smuggled_into_the_note_are_never_used(tmp_path: Path) -> None:
    alone, evil = "smuggle.example/alone", "smuggle.example/evil"
    with Simulator() as sim:
        site = Site(tmp_path / "site", sim, modules=publish_faulty(sim, [alone, evil]))
        for path in (alone, evil):
            mv = broken(path)
            if path == evil:
                sim.rewrite(mv, {"evil.go": b"package evil // indeed\n"})
            served = sim.publication(mv).file(RequestKind.ZIP)
            sim.database.smuggle(mv, f"{path} v1.0.0 {h1_of(served)}\n")
        result = site.sync(expect=SECURITY)
        assert set(result.failed) == {str(broken(evil))}
        assert result.failed[str(broken(evil))]["error"] == "ChecksumMismatchError"
        assert str(broken(alone)) in site.carried()
        site.check(sim)
        sim.database.mend()
        sim.publication(broken(evil)).served.clear()
        site.check_converges(sim, tmp_path / "clean")


def h1_of(data: bytes) -> str:
    return hash_zip(lambda start, size: data[start : start + size], len(data))


def test_a_database_that_is_down_or_knows_nothing_keeps_the_rest_going(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = Site(tmp_path / "site", sim, modules=publish_faulty(sim, ["a.example"]))
        with sim.fail("*/lookup/a.example@v1.0.0", status=503):
            result = site.sync(expect=MISSING)
            check_rest(site, sim, result, ["a.example"])
            assert result.failed["a.example@v1.0.0"]["exit_code"] == UNAVAILABLE
        with sim.fail("*/lookup/a.example@v1.0.0", status=404):
            result = site.sync("--retry", expect=MISSING)
            check_rest(site, sim, result, ["a.example"])
            assert result.failed["a.example@v1.0.0"]["exit_code"] == MISSING
        site.check_converges(sim, tmp_path / "clean")


def test_without_an_answer_for_latest_the_tree_shows_the_head_that_is_trusted(
    tmp_path: Path,
) -> None:
    path = "log.example/m"
    with Simulator(records=300) as sim:
        sim.publish(module(path, "v1.0.0"))
        site = site_of(tmp_path / "site", sim, path)
        site.sync(expect=OK)
        sim.publish(module(path, "v1.1.0"))
        sim.fail("*/latest", status=500)
        result = site.sync(expect=MISSING)
        [failure] = result.document["failed"]
        assert failure["kind"] == "publish"
        assert f"{path}@v1.1.0" in site.carried()
        site.check(sim)
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")
