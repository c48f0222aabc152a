"""The real go is content with a tree, checksum database included."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from gosync.demo.modules import commit_hash
from tests.simulator.goclient import GoClient, need_go
from tests.simulator.standard import (
    DEPRECATED,
    INCOMPATIBLE,
    NESTED,
    NO_GO_MOD,
    PRERELEASE,
    PRIVATE,
    PROGRAM,
    PROGRAM_OUTPUT,
    PSEUDO_NEW,
    PSEUDO_ONLY,
    RETRACTED,
    UPPER,
    private_sources,
    standard_sources,
)
from tests.unit.publish.world import World

pytestmark = [pytest.mark.go, pytest.mark.slow]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Python's own file server, without its log."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(root: Path, kind: str) -> Iterator[str]:
    if kind == "file":
        yield root.as_uri()
        return
    handler = partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@contextmanager
def client(world: World, folder: Path, proxy: str) -> Iterator[GoClient]:
    env = {"GONOSUMDB": "corp.example/*", "GONOPROXY": "none"}
    sumdb = world.log.verifier_key
    with GoClient(folder, goproxy=proxy, gosumdb=sumdb, env=env) as go:
        go.run("mod", "init", "example.com/main")
        yield go


@pytest.fixture
def standard(tmp_path: Path) -> Iterator[World]:
    need_go()
    with World(tmp_path / "world", records=70_000) as world:
        for source in standard_sources():
            if source.module_version.version != "v1.1.0" or source.path != PROGRAM:
                world.add_source(source)
        for source in private_sources():
            world.add_source(source, private=True)
        world.publish()
        yield world


@pytest.mark.parametrize("kind", ["file", "http"])
def test_go_gets_lists_and_builds(standard: World, tmp_path: Path, kind: str) -> None:
    world = standard
    with (
        served(world.root, kind) as proxy,
        client(world, tmp_path / "client", proxy) as go,
    ):
        for path in (UPPER, INCOMPATIBLE, PSEUDO_ONLY, NO_GO_MOD, NESTED, PRERELEASE):
            go.run("get", f"{path}@latest")
        assert PSEUDO_NEW in go.run("list", "-m", PSEUDO_ONLY)
        assert "v3.1.0+incompatible" in go.run("list", "-m", INCOMPATIBLE)
        assert "v1.1.0" in go.run("list", "-m", UPPER)
        go.run("get", f"{PRIVATE}@latest")
        listed = go.run("list", "-m", "-versions", RETRACTED)
        assert listed.split() == [RETRACTED, "v1.0.0", "v1.1.0"]
        assert "deprecated" in go.run("list", "-m", "-u", f"{DEPRECATED}@v1.0.0")
        source = next(s for s in standard_sources() if s.path == UPPER)
        for digits in (7, 12, 40):
            revision = commit_hash(source)[:digits]
            assert source.version in go.run("list", "-m", f"{UPPER}@{revision}")
        go.run("mod", "download", "all")
        go.run("install", f"{PROGRAM}@v1.0.0")
        assert (go.folder / "gopath/bin/program").exists()


def test_clients_that_remember_an_older_head_go_on_working(
    standard: World, tmp_path: Path
) -> None:
    world = standard
    with client(world, tmp_path / "client", world.root.as_uri()) as go:
        go.run("get", f"{UPPER}@v1.0.0")
        world.log.grow(3_000)
        for source in standard_sources():
            if (source.path, source.version) == (PROGRAM, "v1.1.0"):
                world.add_source(source)
        world.publish()
        go.run("get", f"{NO_GO_MOD}@latest")
        go.clean()
        (go.work / "go.sum").unlink()
        go.run("get", f"{UPPER}@v1.1.0")
        assert go.run("run", f"{PROGRAM}@v1.1.0") == PROGRAM_OUTPUT
