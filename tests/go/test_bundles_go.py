"""Real go commands before a tree that was carried in by bundles alone.

Outside syncs and makes bundles: a full one and increments. Inside has no network.
It takes the full one and 1; then 3, which waits; then 2, with which 3 is published;
then 5, for 4 was lost for good, and the repair that closes the gap. After each step
every go command builds from the tree, all proven by the database: once with a client
that remembers the head of each tree before, and once with one that knows nothing.
The tree has what was selected outside when the bundle was made that it shows, and
nothing else.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from gosync.bundle.read.folder import BundleFolder
from tests.go.cells import output_of, project
from tests.go.golangs import TRIED, need_go
from tests.go.served import Served
from tests.go.world import NEEDED, consumer_files, said, tree_size
from tests.integration.pair import GAP, Carried, Machines, Pair, carried_by
from tests.integration.site import digests
from tests.simulator import Simulator
from tests.simulator import standard as std
from tests.simulator.goclient import GoClient

pytestmark = [pytest.mark.go, pytest.mark.slow]


class Enclave:
    """The pair of sites, what was made, and the clients inside; use it in ``with``."""

    def __init__(self, folder: Path, sim: Simulator, machines: Machines) -> None:
        self.sim = sim
        self._needed = dict(NEEDED)
        self._folder = folder
        self._made: dict[int, tuple[Carried, dict[str, str]]] = {}
        self._steps = self._shown = 0
        self._resources = ExitStack()
        std.publish_standard(sim, spread=40)
        modules = ["std.example/*", std.DOTTED_MAJOR]
        self.pair = Pair(folder / "pair", sim, machines, modules=modules)
        self.pair.outside.select(modules, retracted=True, pseudo=True)
        self.pair.sync()

    def __enter__(self) -> Self:
        tree, key = self.pair.inside.tree, self.sim.verifier_key
        served = Served(tree, key, self._folder / "served", transport="file")
        self._served = self._resources.enter_context(served)
        self._lasting = {
            version: self._served.client(version, need_go(version)) for version in TRIED
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def grow(self, number: int) -> None:
        """Let upstream have a new version that clients then need, and many others."""
        version = f"v1.{number}.0"
        told = f"widget {version}"
        self.sim.publish(std.module(std.UPPER, version, say=told, day=80 + number))
        self.sim.log.grow(700)
        self.pair.sync()
        self._needed = {**self._needed, std.UPPER: version}

    def make(self, *arguments: str) -> Path:
        """Make a bundle, and take note of what its tree will have."""
        made = self.pair.make(*arguments)
        number = BundleFolder.open(made).header.sequence
        self._made[number] = carried_by(self.pair.outside), self._needed
        return made

    def check(self, number: int) -> None:
        """Look at the tree as it must be with this bundle, and build from it."""
        applied = [n for n, state in self.pair.came().items() if state == "applied"]
        assert max(applied) == number
        carried, needed = self._made[number]
        self.pair.check(want=carried)
        note = self.pair.inside.tree / "sumdb" / self.sim.log.name / "latest"
        before, self._shown = self._shown, tree_size(note.read_bytes())
        self._steps += 1
        for version, client in self._lasting.items():
            assert self._head(client) == before
            self._build(client, needed)
            assert self._head(client) == self._shown
            client.run("clean", "-modcache")
            fresh = f"{version}-{self._steps}"
            self._build(self._served.client(fresh, need_go(version)), needed)

    def _head(self, client: GoClient) -> int:
        """Return the size of the tree whose head a client remembers, 0 for none."""
        folder = client.folder / "gopath" / "pkg" / "sumdb" / self.sim.log.name
        latest = folder / "latest"
        return tree_size(latest.read_bytes()) if latest.exists() else 0

    def _build(self, client: GoClient, needed: dict[str, str]) -> None:
        folder = project(client, consumer_files(needed), f"at{self._steps}")
        client.run("mod", "tidy", cwd=folder)
        client.run("build", "-o", "consumer", cwd=folder)
        assert output_of(folder / "consumer") == said(self.sim, needed)


@pytest.fixture
def enclave(tmp_path: Path) -> Iterator[Enclave]:
    with (
        Simulator() as sim,
        Machines() as machines,
        Enclave(tmp_path, sim, machines) as enclave,
    ):
        yield enclave


@pytest.mark.long
def test_clients_inside_go_on_whatever_the_order_of_bundles(enclave: Enclave):
    pair = enclave.pair
    pair.take(enclave.make())
    pair.ack()
    enclave.check(1)

    enclave.grow(3)
    pair.take(enclave.make())
    pair.ack()
    enclave.check(2)

    before = digests(pair.inside.tree)
    enclave.grow(4)
    lacking = enclave.make()
    enclave.grow(5)
    pair.take(enclave.make("--base", "sealed"), expect=GAP)
    assert digests(pair.inside.tree) == before
    pair.take(lacking)
    pair.ack()
    enclave.check(4)

    enclave.grow(6)
    shutil.rmtree(enclave.make())
    enclave.grow(7)
    before = digests(pair.inside.tree)
    pair.take(enclave.make("--base", "sealed"), expect=GAP)
    assert digests(pair.inside.tree) == before
    pair.take(enclave.make("--need", str(pair.need)))
    enclave.check(7)
    assert pair.came() == dict.fromkeys((1, 2, 3, 4, 6, 7), "applied")
