"""Real go clients that remember a tree head which this tree never showed.

Each go version there is, over nginx and from a folder: with heads of many sizes around
the places where levels begin and tiles are filled, the tree serves all of them, and a
client ahead of the mirror is told what to do.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.go.mirrors import Mirror, serve
from tests.integration.site import OK, Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.standard import UPPER, module

pytestmark = [pytest.mark.go, pytest.mark.slow]

RECORDS = 67_000
WANTED = f"{UPPER}@v1.0.0"
_random = random.Random("older tree heads")
SIZES = (
    *(1, 255, 256, 257, 511, 65_280, 65_535, 65_536, 65_537, 65_792, 66_816),
    *(RECORDS - 1, RECORDS, RECORDS + 1),
    *sorted(_random.sample(range(1, RECORDS), 6)),
)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(records=RECORDS) as sim:
        sim.publish(module(UPPER, "v1.0.0", day=1))
        yield sim


@pytest.fixture(scope="module")
def site(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A tree that serves heads of these sizes, and none of level 0 besides."""
    folder = tmp_path_factory.mktemp("oldheads")
    site = Site(folder, sim, modules=[UPPER])
    site.declare(publish={"tree": "public", "heads": list(SIZES)})
    site.sync()
    sim.log.grow(300)  # what no tree shows yet
    yield site
    shutil.rmtree(folder)


@pytest.fixture(params=["nginx", "file"])
def mirror(
    request: pytest.FixtureRequest, site: Site, tmp_path: Path
) -> Iterator[Mirror]:
    with serve(request.param, tmp_path / "mirror", site.tree) as mirror:
        yield mirror


def client_of(
    sim: Simulator, mirror: Mirror, golang: Path, folder: Path, size: int
) -> GoClient:
    """Return a client without a module cache that remembers a head of this size."""
    client = GoClient(folder, goproxy=mirror.url, gosumdb=sim.verifier_key, go=golang)
    latest = folder / "gopath" / "pkg" / "sumdb" / sim.log.name / "latest"
    latest.parent.mkdir(parents=True)
    latest.write_bytes(sim.log.head(size))
    return client


def test_every_head_up_to_the_tree_s_is_served(
    sim: Simulator, mirror: Mirror, golang: Path, tmp_path: Path
) -> None:
    for size in SIZES:
        with client_of(sim, mirror, golang, tmp_path / str(size), size) as client:
            client.run("mod", "download", WANTED)


def test_without_its_leaf_a_client_names_it(
    sim: Simulator, site: Site, golang: Path, tmp_path: Path
) -> None:
    """What go says is enough for `gosync publish --missing`, and then it works."""
    tiles = site.tree / "sumdb" / sim.log.name / "tile/8/0"
    leaf = next(leaf for leaf in range(100, 200) if not (tiles / f"{leaf}").exists())
    size = leaf * 256 + 77
    with serve("nginx", tmp_path / "mirror", site.tree) as mirror:
        with client_of(sim, mirror, golang, tmp_path / "first", size) as client:
            failed = client.try_run("mod", "download", WANTED)
            assert failed.returncode
            assert f"checking tree#{size}" in failed.stderr
        log = tmp_path / "mirror" / "access.log"
        assert f"tile/8/0/{leaf}.p/77" in log.read_text()
        heads = site.run("publish", "--missing", str(log), expect=OK).document["heads"]
        assert {"size": size, "served": True, "ahead": False} in heads
        with client_of(sim, mirror, golang, tmp_path / "then", size) as client:
            client.run("mod", "download", WANTED)


def test_a_client_ahead_of_the_mirror_is_told_by_the_404_text(
    sim: Simulator, mirror: Mirror, golang: Path, tmp_path: Path
) -> None:
    ahead = sim.log.size
    with client_of(sim, mirror, golang, tmp_path / "client", ahead) as client:
        failed = client.try_run("mod", "download", WANTED)
        assert failed.returncode
        if mirror.url.startswith("http"):
            assert f"Its tree head has {RECORDS + 1} records." in failed.stderr
            assert f"pkg/sumdb/{sim.log.name}/latest" in failed.stderr
            assert "version." in failed.stderr, "the whole text is shown"
        (client.folder / "gopath/pkg/sumdb" / sim.log.name / "latest").unlink()
        client.run("mod", "download", WANTED)
