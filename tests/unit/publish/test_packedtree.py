"""Compressed copies beside texts: never behind their files, gone with them."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import brotli
import pytest
import zstandard
from msgspec.structs import replace

from gosync.errors import UsageError
from gosync.publish.pages.pageoptions import PageOptions
from gosync.publish.storage.localtree import LocalTree
from gosync.publish.storage.packedtree import NOTE, PackedTree
from gosync.publish.work import TreeTarget
from tests.bench.upstream import find_nginx, free_port
from tests.tiers import spread
from tests.unit.publish.test_crash import Killed, killed_at
from tests.unit.publish.world import World

M = "example.com/m"
LIST = f"{M}/@v/list"
VERSIONS = [f"v1.{number}.0-of-a-list-that-is-long" for number in range(40)]
ALL = ("br", "gzip", "zstd")


def pack(world: World, *codings: str) -> None:
    """Publish with these codings from now on."""
    world.options = replace(
        world.options, pages=PageOptions(precompress=tuple(sorted(codings)))
    )
    tree = PackedTree(world.root, codings)
    world.tree = TreeTarget(tree, world.tree.id)


def copies(root: Path, suffix: str) -> dict[str, bytes]:
    """Return what the copies say, by the file that each is of."""
    unpack = {".br": brotli.decompress, ".gz": gzip.decompress, ".zst": _unzstd}[suffix]
    found = root.rglob(f"*{suffix}")
    return {
        f"{each.relative_to(root)}".removesuffix(suffix): unpack(each.read_bytes())
        for each in found
    }


def _unzstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data)


def check(root: Path, *suffixes: str) -> None:
    """Check that each copy says what its file says, and that texts have one."""
    for suffix in suffixes:
        found = copies(root, suffix)
        assert found == {name: (root / name).read_bytes() for name in found}
        texts = {f"{p.relative_to(root)}" for p in root.rglob("*.html")}
        large = {name for name in texts if (root / name).stat().st_size >= 1024}
        assert {*large, LIST} <= found.keys()


def test_texts_have_copies_that_say_the_same(world: World) -> None:
    pack(world, *ALL)
    world.add(M, *VERSIONS)
    world.add("example.com/still", *VERSIONS)
    world.publish()
    check(world.root, ".br", ".gz", ".zst")
    still = world.root / "example.com/still/@v/list.gz"
    stamp = still.stat().st_mtime_ns
    assert not world.publish().written
    world.add(M, "v2.0.0+incompatible")
    world.add("example.com/n", "v1.0.0")
    world.publish()
    check(world.root, ".br", ".gz", ".zst")
    assert b"v2.0.0+incompatible" in copies(world.root, ".gz")[LIST]
    assert still.stat().st_mtime_ns == stamp
    small = world.root / "example.com/n/@v"
    assert not (small / "list.gz").exists()
    assert (small / "index.html.gz").exists()
    assert not list((world.root / "sumdb").rglob("*.gz"))


def test_a_copy_goes_with_its_file_and_with_its_coding(world: World) -> None:
    pack(world, *ALL)
    world.add(M, *VERSIONS)
    world.publish()
    writer = world.tree.storage.writer()
    writer.open()
    writer.write(LIST, b"v1.0.0\n")
    assert not (world.root / f"{LIST}.gz").exists(), "before its file is shorter"
    writer.commit()
    writer.remove(f"{M}/@v/index.html")
    assert not (world.root / f"{M}/@v/index.html.gz").exists()
    pack(world, "gzip")
    world.publish()
    check(world.root, ".gz")
    assert not [*world.root.rglob("*.zst"), *world.root.rglob("*.br")]
    theirs = [world.root / name for name in ("robots.txt", "robots.txt.gz")]
    for each in theirs:
        each.write_bytes(b"somebody else's")
    pack(world)
    world.tree.storage.writer().open()  # whoever writes first removes them
    assert list(world.root.rglob("*.gz")) == theirs[1:]
    assert (world.root / NOTE).read_bytes() == b"[]\n"
    world.publish()
    world.tree = TreeTarget(LocalTree(world.root), world.tree.id)
    assert not world.publish().written, "as if there had never been any"


def test_without_brotli_nothing_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    pack(world, "br")
    world.add(M, *VERSIONS)
    with pytest.raises(UsageError) as caught:
        world.publish()
    assert str(caught.value.hint) == 'pip install "gosync[serve]"'
    assert not world.root.exists()


@pytest.mark.sampled
def test_killed_at_every_step_no_copy_is_behind(tmp_path: Path) -> None:
    def begun(folder: Path) -> World:
        world = World(folder)
        pack(world, "gzip")
        world.add(M, *VERSIONS, private=True)
        world.publish()
        world.add(M, "v1.500.0", private=True)
        return world

    with begun(tmp_path / "whole") as world, killed_at(-1) as steps:
        world.publish()
    for step in spread(range(steps[0]), 6):
        with begun(tmp_path / f"{step}") as world:
            with killed_at(step), pytest.raises(Killed):
                world.publish()
            plain = (world.root / LIST).read_text().split()
            packed = gzip.decompress((world.root / f"{LIST}.gz").read_bytes())
            for version in {*plain, *packed.decode().split()}:
                assert (world.root / f"{M}/@v/{version}.zip").exists()
            assert set(plain) <= set(packed.decode().split())
            world.publish()
            check(world.root, ".gz")


@pytest.fixture
def served(world: World, tmp_path: Path) -> Iterator[str]:
    """Serve a packed tree by nginx with gzip_static."""
    pack(world, "gzip")
    world.add(M, *VERSIONS)
    world.publish()
    port, config = free_port(), tmp_path / "nginx.conf"
    config.write_text(
        f"pid {tmp_path}/nginx.pid;\ndaemon off;\nmaster_process off;\n"
        f"error_log {tmp_path}/error.log;\nevents {{}}\nhttp {{\n"
        f"  access_log off;\n  client_body_temp_path {tmp_path}/body;\n"
        f"  proxy_temp_path {tmp_path}/p;\n  fastcgi_temp_path {tmp_path}/f;\n"
        f"  uwsgi_temp_path {tmp_path}/u;\n  scgi_temp_path {tmp_path}/s;\n"
        f"  server {{\n    listen 127.0.0.1:{port};\n    root {world.root};\n"
        '    default_type "text/plain; charset=utf-8";\n'
        "    gzip_static on;\n    gzip_vary on;\n  }\n}\n"
    )
    command = find_nginx()
    assert command is not None
    server = subprocess.Popen([command, "-c", str(config)])
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=60).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        else:
            return


def test_nginx_sends_the_copies(served: str, world: World) -> None:
    plain = (world.root / LIST).read_bytes()
    packed = (world.root / f"{LIST}.gz").read_bytes()

    def ask(method: str = "GET", **headers: str) -> tuple[dict[str, str], bytes]:
        request = Request(f"{served}/{LIST}", headers=headers, method=method)
        with urlopen(request, timeout=60) as answer:
            return {k.lower(): v for k, v in answer.headers.items()}, answer.read()

    zipped = {"Accept-Encoding": "gzip"}
    (own, body), (its, copy) = ask(), ask(**zipped)
    assert (body, copy) == (plain, packed)
    assert own.get("content-encoding") is None
    assert its["content-encoding"] == "gzip"
    assert own["vary"] == its["vary"] == "Accept-Encoding"
    assert own["content-type"] == its["content-type"]
    assert own["etag"] != its["etag"]
    head, none = ask("HEAD", **zipped)
    assert (head["content-length"], none) == (str(len(packed)), b"")
    assert ask(Range="bytes=0-9")[1] == plain[:10]
    assert ask(Range="bytes=0-9", **zipped)[1] == packed, "nginx sends copies whole"
