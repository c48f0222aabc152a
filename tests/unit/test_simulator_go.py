"""The simulator before the judge: the real go command."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import commit_hash, load_sources, samples_folder
from gosync.gomod.module import ModuleVersion
from tests.simulator import Simulator
from tests.simulator.evil import EVIL, FAIR
from tests.simulator.goclient import GoClient, need_go
from tests.simulator.simulator import record_text
from tests.simulator.standard import (
    BIG,
    DEPRECATED,
    INCOMPATIBLE,
    MAJOR,
    NESTED,
    OUTER,
    PRERELEASE,
    PRIVATE,
    PROGRAM,
    PROGRAM_OUTPUT,
    PSEUDO_NEW,
    PSEUDO_ONLY,
    RETRACTED,
    UNICODE,
    UPPER,
    module,
    program_module_versions,
    publish_standard,
)
from tests.simulator.static import write_static

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.simulator.sumfaults import FaultySumSite

pytestmark = [pytest.mark.go, pytest.mark.slow]

MV = ModuleVersion("a.example/m", "v1.0.0")
OTHER = ModuleVersion("a.example/o", "v1.0.0")


@pytest.fixture(scope="module")
def standard() -> Iterator[Simulator]:
    need_go()
    with Simulator() as simulator:
        publish_standard(simulator, spread=2500)
        assert simulator.log.size > 60_000
        simulator.log.grow(70_000 - simulator.log.size)
        yield simulator


def client_of(
    sim: Simulator, folder: Path, *, goproxy: str = "", gosumdb: str = ""
) -> GoClient:
    return GoClient(
        folder / "go",
        goproxy=goproxy or sim.url,
        gosumdb=gosumdb or sim.gosumdb,
        env={"GOFLAGS": "-mod=mod"},
    )


@pytest.fixture
def go(standard: Simulator, tmp_path: Path) -> Iterator[GoClient]:
    with client_of(standard, tmp_path) as client:
        (client.work / "go.mod").write_text("module main.example/main\n\ngo 1.21\n")
        yield client


def test_the_program_is_installed_and_runs(standard: Simulator, go: GoClient):
    mark = standard.mark()
    go.run("install", f"{PROGRAM}@latest")
    done = subprocess.run(
        [go.folder / "gopath/bin/program"], capture_output=True, check=True
    )
    assert done.stdout.decode() == PROGRAM_OUTPUT
    lookups = standard.counts(since=mark)[RequestKind.LOOKUP]
    assert lookups >= len(program_module_versions())
    tiles = standard.paths(RequestKind.TILE, since=mark)
    assert {path.split("/")[5] for path in tiles} == {"0", "1", "2"}


def test_get_finds_latest_branch_commit_and_prefix(standard: Simulator, go: GoClient):
    source = standard.publication(ModuleVersion(UPPER, "v1.0.0")).source
    for query, want in (
        (f"{UPPER}@latest", f"{UPPER} v1.1.0"),
        (f"{UPPER}@{commit_hash(source)[:12]}", f"{UPPER} v1.0.0"),
        (f"{UPPER}@v1.2.0-RC.1", f"{UPPER} v1.2.0-RC.1"),
        (f"{PSEUDO_ONLY}@latest", f"{PSEUDO_ONLY} {PSEUDO_NEW}"),
        (f"{INCOMPATIBLE}@latest", f"{INCOMPATIBLE} v3.1.0+incompatible"),
        (f"{PRERELEASE}@latest", f"{PRERELEASE} v0.1.0-rc.2"),
        (f"{NESTED}@v1.0", f"{NESTED} v1.0.0"),
        (f"{OUTER}@main", f"{OUTER} v1.0.0"),
        (f"{MAJOR}@latest", f"{MAJOR} v2.1.0"),
        (f"{UNICODE}@latest", f"{UNICODE} v1.0.0"),
    ):
        go.run("get", query)
        assert want in (go.work / "go.mod").read_text(), query


def test_retractions_and_deprecations_are_seen(go: GoClient):
    listed = go.run("list", "-m", "-versions", "-retracted", RETRACTED)
    assert listed.split() == [RETRACTED, "v1.0.0", "v1.0.1", "v1.1.0"]
    assert "v1.0.1" not in go.run("list", "-m", "-versions", RETRACTED)
    warned = go.try_run("get", f"{DEPRECATED}@latest")
    assert "is deprecated" in warned.stderr


def test_what_is_private_has_no_sum(go: GoClient):
    refused = go.try_run("get", f"{PRIVATE}@latest")
    assert refused.returncode != 0
    assert "verifying" in refused.stderr


@pytest.mark.long
def test_the_samples_build_and_print_a_postcard(tmp_path: Path):
    with Simulator(records=1000) as sim:
        sim.publish_all(load_sources(samples_folder() / "modules"))
        with client_of(sim, tmp_path) as client:
            client.run("install", "demo.example/postcard@latest")
            program = [str(client.folder / "gopath/bin/postcard"), "Ada"]
            printed = subprocess.run(
                program, capture_output=True, check=True
            ).stdout.decode()
            assert "Greetings, Ada!" in printed
            assert len({len(line) for line in printed.splitlines()}) == 1
            vetted = ModuleVersion("demo.example/Ink", "v0.3.0")
            folder = client.modcache / "demo.example/!ink@v0.3.0"
            assert folder.is_dir(), vetted
            client.run("test", ".", cwd=folder)


@pytest.mark.long
def test_the_large_zip_is_made_when_asked_for(tmp_path: Path):
    sim = Simulator()
    publish_standard(sim, big=True)
    before = sim.log.size
    with sim, client_of(sim, tmp_path) as client:
        client.run("mod", "download", f"{BIG}@v1.0.0")
    assert sim.log.size == before + 1
    zips = [each for each in sim.requests if each.kind is RequestKind.ZIP]
    assert [each.body_bytes > 100_000_000 for each in zips] == [True]


def test_the_database_may_have_its_own_address(tmp_path: Path):
    with Simulator(records=300) as sim:
        sim.publish(module(*_parts(MV)))
        sim.database.supported = False
        url = sim.start_database()
        gosumdb = f"{sim.verifier_key} {url}"
        with client_of(sim, tmp_path, gosumdb=gosumdb) as client:
            client.run("mod", "download", str(MV))
        sites = {
            each.request.site
            for each in sim.requests
            if each.kind is RequestKind.LOOKUP
        }
        assert sites == {"sumdb"}


def test_the_static_files_serve_a_client_as_well(standard: Simulator, tmp_path: Path):
    root = tmp_path / "static"
    write_static(standard, root)
    with client_of(standard, tmp_path, goproxy=f"file://{root}") as client:
        mark = standard.mark()
        client.run("install", f"{PROGRAM}@v1.1.0")
        assert standard.requests_since(mark) == []


@pytest.mark.long
def test_go_refuses_every_evil_zip_for_what_it_is_and_takes_the_fair(tmp_path: Path):
    names = {f"a.example/m{n:02d}": name for n, name in enumerate([*EVIL, *FAIR])}
    with Simulator() as sim:
        for path, name in names.items():
            mv = ModuleVersion(path, "v1.0.0")
            sim.publish_evil(mv, (EVIL | FAIR)[name](mv))
        with client_of(sim, tmp_path) as client:
            asked = [f"{path}@v1.0.0" for path in names]
            done = client.try_run("mod", "download", "-json", *asked)
    errors = _errors_by_path(done.stdout)
    assert errors.keys() == names.keys()
    passed = {names[path] for path, error in errors.items() if not error}
    assert passed == set(FAIR)
    # The log vouches for whatever has an h1: nothing fails by its checksum.
    by_sum = {names[path] for path, e in errors.items() if "checksum mismatch" in e}
    without_h1 = {name for name in EVIL if EVIL[name](MV).h1 is None}
    assert by_sum <= without_h1


def _errors_by_path(output: str) -> dict[str, str]:
    decoder, errors = json.JSONDecoder(), {}
    output = output.strip()
    while output:
        entry, end = decoder.raw_decode(output)
        errors[entry["Path"]] = entry.get("Error", "")
        output = output[end:].lstrip()
    return errors


def _parts(mv: ModuleVersion) -> tuple[str, str]:
    return mv.path, mv.version


EVIL_TEXT = record_text(MV, zip_h1="h1:evil=", mod_h1="h1:evil=")
MOVES: dict[str, tuple[Callable[[FaultySumSite], object], str]] = {
    "wrong signature": (lambda db: db.wrong_signature(), "invalid signature"),
    "unknown key": (lambda db: db.unknown_key(), "no verifiable signatures"),
    "forged leaf tile": (lambda db: db.forge_tile(0), "inconsistent tile"),
    "forged index tile": (lambda db: db.forge_tile(1), "inconsistent tile"),
    "forged top tile": (lambda db: db.forge_tile(2), "inconsistent"),
    "short tile": (lambda db: db.wrong_length(0), "bad result slice"),
    "long tile": (lambda db: db.wrong_length(1, more_bytes=32), "bad result slice"),
    "forged record": (
        lambda db: db.forge_record(MV, EVIL_TEXT, levels=0),
        "cannot authenticate record",
    ),
    "forged record and leaf": (
        lambda db: db.forge_record(MV, EVIL_TEXT, levels=1),
        "inconsistent",
    ),
    "forged record and index": (
        lambda db: db.forge_record(MV, EVIL_TEXT, levels=2),
        "inconsistent",
    ),
    "another record": (lambda db: db.answer_other(MV, OTHER), "checksum missing"),
}


@pytest.fixture(scope="module")
def logged() -> Iterator[Simulator]:
    need_go()
    with Simulator(records=250) as simulator:
        simulator.publish(module(*_parts(MV)))
        simulator.log.grow(69_900)
        simulator.publish(module(*_parts(OTHER)))
        yield simulator


@pytest.mark.parametrize("name", MOVES)
def test_go_notices_a_misbehaving_database(
    logged: Simulator, tmp_path: Path, name: str
):
    move, want = MOVES[name]
    move(logged.database)
    try:
        with client_of(logged, tmp_path) as client:
            refused = client.try_run("mod", "download", str(MV))
    finally:
        logged.database.mend()
    assert refused.returncode != 0
    assert want in refused.stderr


def test_go_takes_cosignatures_stale_answers_and_full_tiles(
    logged: Simulator, tmp_path: Path
):
    logged.database.cosign("witness.example")
    logged.database.extra_lines("further\n")
    logged.database.partial_tiles = True
    logged.database.stamp(MV, 60_000)
    logged.database.latest_size = 300
    try:
        with client_of(logged, tmp_path) as client:
            client.run("mod", "download", str(MV))
            client.run("mod", "download", str(OTHER))
    finally:
        logged.database.mend()


def test_go_sees_a_fork(logged: Simulator, tmp_path: Path):
    with client_of(logged, tmp_path) as client:
        client.run("mod", "download", str(MV))
        # Behind all full tiles, for those that go has would not fit the fork's.
        before = logged.database.fork(logged.log.size - 2)
        logged.log.grow(10)
        try:
            refused = client.try_run("mod", "download", str(OTHER))
        finally:
            logged.database.log = before
    assert refused.returncode != 0
    assert "SECURITY ERROR" in refused.stderr
