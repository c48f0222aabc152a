"""One go version before one kind of mirror, and clients that know nothing else.

A client has caches of its own, GOPROXY with the mirror alone, GOSUMDB with the
upstream's key; but for flags of the compiler all is as Go makes it. Whatever it sends
elsewhere ends at a tripwire, and where the tree is a folder (file://) and the
system lets us, go runs in a network namespace that has no interface at all.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Self

from tests.go.mirrors import serve
from tests.go.tripwire import Tripwire
from tests.go.world import World, tree_size
from tests.simulator.goclient import GoClient


@cache
def without_network() -> tuple[str, ...]:
    """Return a command that runs another without any network; () for none."""
    for prefix in (("unshare", "-n"), ("unshare", "-rn")):
        try:
            done = subprocess.run([*prefix, "true"], capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return prefix
    return ()


class Cell:
    """A mirror, at first of the oldest tree, and its clients.

    Args:
        world: What is mirrored.
        go: The go command.
        transport: How the tree is reached.
        folder: An empty folder.
    """

    def __init__(self, world: World, go: Path, transport: str, folder: Path) -> None:
        self.world = world
        self._go = go
        self._transport = transport
        self._folder = folder
        self._resources = ExitStack()
        self._mark = world.sim.mark()

    def __enter__(self) -> Self:
        enter = self._resources.enter_context
        self.tripwire = enter(Tripwire())
        tree = self.world.trees[0]
        self.mirror = enter(serve(self._transport, self._folder / "mirror", tree))
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def move(self, number: int) -> None:
        """Serve a later tree."""
        self.mirror.move(self.world.trees[number])

    def client(self, name: str = "client", **variables: str) -> GoClient:
        """Return a client without any cache but the compiler's."""
        client = GoClient(
            self._folder / name,
            goproxy=self.mirror.url,
            gosumdb=self.world.sim.verifier_key,
            go=self._go,
            env={"GOTOOLCHAIN": "auto", **self.tripwire.environment(), **variables},
            prefix=without_network() if self._transport == "file" else (),
        )
        return self._resources.enter_context(client)

    def head(self, client: GoClient) -> int:
        """Return the size of the log that the client remembers."""
        folder = client.folder / "gopath" / "pkg" / "sumdb" / self.world.sim.log.name
        return tree_size((folder / "latest").read_bytes())

    def tile_levels(self, client: GoClient) -> set[str]:
        """Return the levels of the tiles in the client's cache."""
        folder = client.modcache / "cache" / "download" / "sumdb"
        tiles = folder / self.world.sim.log.name / "tile" / "8"
        return {each.name for each in tiles.iterdir()} if tiles.is_dir() else set()

    def assert_nothing_else_was_contacted(self) -> None:
        """Neither the upstream behind the mirror nor anything beyond loopback."""
        assert self.tripwire.hits == []
        assert self.world.sim.requests_since(self._mark) == []


def project(client: GoClient, files: dict[str, str], name: str = "project") -> Path:
    """Write a main module and return its folder."""
    folder = client.work / name
    folder.mkdir()
    for file, text in files.items():
        (folder / file).write_text(text)
    return folder


def empty_project(client: GoClient, name: str = "empty") -> Path:
    """Write a main module that needs nothing yet."""
    return project(client, {"go.mod": "module main.example/main\n\ngo 1.21\n"}, name)


def required(folder: Path) -> dict[str, str]:
    """Return what a project's go.mod requires."""
    words = [
        line.removeprefix("require ").split("//")[0].split()
        for line in (folder / "go.mod").read_text().splitlines()
    ]
    return {pair[0]: pair[1] for pair in words if len(pair) == 2 and pair[1][0] == "v"}


def output_of(program: Path) -> str:
    """Run a program that was built and return what it printed."""
    return subprocess.run(
        [program], capture_output=True, text=True, check=True, timeout=60
    ).stdout
