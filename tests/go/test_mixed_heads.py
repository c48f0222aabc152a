"""Real go clients before a tree whose lookups carry the heads of five publishes.

Each go version there is: a client that knows nothing, one that remembers each head that
the tree showed, and one that remembers a head which the tree never showed; whichever
lookup it asks for first, and several at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gosync.sumdb.record import parse_record
from gosync.sumdb.tlog import parse_tree
from tests.go.mirrors import serve
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.standard import UPPER, module

pytestmark = [pytest.mark.go, pytest.mark.slow]

# Over the ends of tiles at level 0 and 1.
GROWTH = (0, 7, 300, 900, 66_000)
OUTSIDE = 1_000
VERSIONS = [f"v1.{number}.0" for number in range(len(GROWTH))]
WANTED = [f"{UPPER}@{version}" for version in VERSIONS]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(records=250) as sim:
        yield sim


@pytest.fixture(scope="module")
def site(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A tree that was published five times, while the log grew."""
    folder = tmp_path_factory.mktemp("mixedheads")
    site = Site(folder, sim, modules=[UPPER])
    site.declare(publish={"tree": "public", "heads": [OUTSIDE]})
    for version, records in zip(VERSIONS, GROWTH, strict=True):
        sim.log.grow(records)
        sim.publish(module(UPPER, version, day=1))
        site.sync("--refresh")
    yield site
    shutil.rmtree(folder)


def heads_of(site: Site, sim: Simulator) -> list[int]:
    """Return the size of the head that each version's lookup carries."""
    folder = site.tree / "sumdb" / sim.log.name / "lookup"
    notes = [
        parse_record(next(folder.rglob(f"*@{version}")).read_bytes()).rest
        for version in VERSIONS
    ]
    return [parse_tree(note.partition(b"\n\n")[0] + b"\n").n for note in notes]


def test_each_publish_left_its_own_head(sim: Simulator, site: Site) -> None:
    heads = heads_of(site, sim)
    assert heads == sorted(set(heads))
    assert heads[-1] == sim.log.size


ORDERS = {
    "oldest first": WANTED,
    "newest first": WANTED[::-1],
    "newest and oldest in turn": [WANTED[at] for at in (4, 0, 3, 1, 2)],
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("transport", ["nginx", "file"])
def test_every_client_is_served_in_every_order(
    *,
    sim: Simulator,
    site: Site,
    golang: Path,
    tmp_path: Path,
    order: Sequence[str],
    transport: str,
) -> None:
    known = [0, OUTSIDE, *heads_of(site, sim)]
    with serve(transport, tmp_path / "mirror", site.tree) as mirror:
        for size in known if transport == "file" else known[:3]:
            folder = tmp_path / f"client{size}"
            url, key = mirror.url, sim.verifier_key
            with GoClient(folder, goproxy=url, gosumdb=key, go=golang) as client:
                if size:
                    latest = folder / "gopath/pkg/sumdb" / sim.log.name / "latest"
                    latest.parent.mkdir(parents=True)
                    latest.write_bytes(sim.log.head(size))
                for wanted in order:
                    client.run("mod", "download", wanted)
                client.clean()  # the head that it remembers stays
                client.run("mod", "download", *order)
