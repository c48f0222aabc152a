"""Real go commands before a tree that was carried in by bundles alone.

Outside syncs and makes bundles: a full one and increments. Inside has no network.
It takes 1, then 3, which waits, then 2; then 5, for 4 was lost for good, and the
repair that closes the gap. After each a client that remembers the head of the tree
before goes on, and one that knows nothing starts; both prove all by the database.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.go.cells import output_of, project
from tests.go.golangs import NEWEST, VERSIONS, need_go
from tests.go.served import Served
from tests.go.world import NEEDED, consumer_files, said
from tests.integration.pair import GAP, Machines, Pair
from tests.integration.site import digests
from tests.simulator import Simulator
from tests.simulator import standard as std
from tests.simulator.goclient import GoClient

pytestmark = [pytest.mark.go, pytest.mark.slow]


class Enclave:
    """The pair of sites, what was made, and what clients inside need."""

    def __init__(self, folder: Path, sim: Simulator, machines: Machines) -> None:
        self.folder = folder
        self.sim = sim
        self.needed = dict(NEEDED)
        std.publish_standard(sim, spread=40)
        modules = ["std.example/*", std.DOTTED_MAJOR]
        self.pair = Pair(folder / "pair", sim, machines, modules=modules)
        self.pair.outside.select(modules, retracted=True, pseudo=True)
        self.pair.sync()
        self._served = 0

    def grow(self, number: int) -> None:
        """Let upstream have a new version that clients then need, and many others."""
        version = f"v1.{number}.0"
        told = f"widget {version}"
        self.sim.publish(std.module(std.UPPER, version, say=told, day=80 + number))
        self.sim.log.grow(700)
        self.pair.sync()
        self.needed = {**self.needed, std.UPPER: version}

    def check(self, *clients: tuple[str, Path]) -> None:
        """Build inside with clients of these names and go commands."""
        self.pair.check()
        self._served += 1
        folder = self.folder / f"served{self._served}"
        key, tree = self.sim.verifier_key, self.pair.inside.tree
        with Served(tree, key, folder, transport="file") as served:
            for name, go in clients:
                self._build(served.client(f"../{name}", go))

    def _build(self, client: GoClient) -> None:
        files = consumer_files(self.needed)
        folder = project(client, files, f"at{self._served}")
        client.run("mod", "tidy", cwd=folder)
        client.run("build", "-o", "consumer", cwd=folder)
        assert output_of(folder / "consumer") == said(self.sim, self.needed)
        client.run("clean", "-modcache")


@pytest.fixture
def enclave(tmp_path: Path) -> Iterator[Enclave]:
    with Simulator() as sim, Machines() as machines:
        yield Enclave(tmp_path, sim, machines)


def test_clients_inside_go_on_whatever_the_order_of_bundles(enclave: Enclave):
    pair, newest = enclave.pair, need_go(NEWEST)
    old = ("old", newest)
    pair.take(pair.make())
    pair.ack()
    enclave.check(old, ("first", newest))

    before = digests(pair.inside.tree)
    enclave.grow(3)
    two = pair.make()
    enclave.grow(4)
    pair.take(pair.make("--base", "sealed"), expect=GAP)
    assert digests(pair.inside.tree) == before
    pair.take(two)
    assert pair.came() == dict.fromkeys((1, 2, 3), "applied")
    pair.ack()
    enclave.check(old, ("second", newest))

    enclave.grow(5)
    shutil.rmtree(pair.make())
    enclave.grow(6)
    pair.take(pair.make("--base", "sealed"), expect=GAP)
    pair.take(pair.make("--need", str(pair.need)))
    enclave.check(old, *((version, need_go(version)) for version in VERSIONS))
