"""Real heads of sum.golang.org: a real go remembers one that the tree never showed.

Asks the public module proxy for some 1 200 tiles.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gosync.sumdb.names import GOLANG_SUMDB
from gosync.sumdb.record import parse_record
from tests.go.world import tree_size
from tests.integration.site import OK, Site
from tests.simulator.goclient import GoClient

pytestmark = [pytest.mark.network, pytest.mark.go, pytest.mark.slow]

PROXY = os.environ.get("GOSYNC_TEST_PROXY", "https://proxy.golang.org")
WANTED = "rsc.io/quote@v1.5.2"
# Lookups come with the heads of the days on which somebody asked for them first.
OTHERS = ("github.com/pkg/errors@v0.9.1", "golang.org/x/text@v0.3.0", WANTED)


def head_of(lookup: str) -> bytes:
    answer = httpx.get(f"{PROXY}/sumdb/{GOLANG_SUMDB}/lookup/{lookup}", timeout=60)
    return parse_record(answer.raise_for_status().content).rest


@pytest.fixture(scope="module")
def made() -> Iterator[list[Site]]:
    """The one site, once a test made it; only tests may reach the network."""
    sites: list[Site] = []
    yield sites
    for site in sites:
        shutil.rmtree(site.folder)


@pytest.fixture
def site(made: list[Site], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that mirrors one module, and heads of other lookups beside it."""
    if not made:
        folder = tmp_path_factory.mktemp("public")
        upstream = {"proxies": PROXY, "sumdb": GOLANG_SUMDB}
        site = Site(folder, upstream=upstream, modules=[WANTED])
        published = site.sync().document["published"]
        assert published["upper_tiles"]
        assert published["tiles"] > 1_400
        for number, lookup in enumerate(OTHERS):
            (folder / f"latest{number}").write_bytes(head_of(lookup))
        made.append(site)
    return made[0]


@pytest.mark.parametrize("number", range(len(OTHERS)))
def test_heads_of_other_lookups_are_served_once_they_are_named(
    site: Site, number: int, golang: Path, tmp_path: Path
) -> None:
    file = site.folder / f"latest{number}"
    note = file.read_bytes()
    done = site.run("publish", "--head", str(file), expect=OK).document
    served = {"size": tree_size(note), "served": True, "ahead": False}
    assert done["heads"] == [served]
    with GoClient(
        tmp_path, goproxy=f"file://{site.tree}", gosumdb=GOLANG_SUMDB, go=golang
    ) as client:
        latest = client.folder / "gopath/pkg/sumdb" / GOLANG_SUMDB / "latest"
        latest.parent.mkdir(parents=True)
        latest.write_bytes(note)
        client.run("mod", "download", WANTED)
        assert tree_size(latest.read_bytes()) == done["head"] > tree_size(note)
