"""Real heads of sum.golang.org: a real go remembers one that the tree never showed.

Asks the public module proxy for some 1 200 tiles.
"""

from __future__ import annotations

import os
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


def test_heads_of_other_lookups_are_served_once_they_are_named(
    tmp_path: Path, golang: Path
) -> None:
    site = Site(
        tmp_path / "site",
        upstream={"proxies": PROXY, "sumdb": GOLANG_SUMDB},
        modules=[WANTED],
    )
    site.sync()
    for number, lookup in enumerate(OTHERS):
        note = head_of(lookup)
        file = tmp_path / f"latest{number}"
        file.write_bytes(note)
        done = site.run("publish", "--head", str(file), expect=OK).document
        assert done["heads"][0] == {
            "size": tree_size(note),
            "served": True,
            "ahead": False,
        }
        with GoClient(
            tmp_path / f"client{number}",
            goproxy=f"file://{site.tree}",
            gosumdb=GOLANG_SUMDB,
            go=golang,
        ) as client:
            latest = client.folder / "gopath/pkg/sumdb" / GOLANG_SUMDB / "latest"
            latest.parent.mkdir(parents=True)
            latest.write_bytes(note)
            client.run("mod", "download", WANTED)
            assert tree_size(latest.read_bytes()) == done["head"] > tree_size(note)
