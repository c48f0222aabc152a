"""Whatever odd upstream ``go`` takes a version from, gosync takes it from, too.

Both ask the same server for the same modules (tests/simulator/odd.py). What gosync
does not take although ``go`` does stands in ``STRICTER``, with the reason.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.go.golangs import NEWEST, need_go
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import GoClient
from tests.simulator.odd import COMMITS, ODD, TAGS, OddUpstream, modules_of

# Compressed bytes that were not asked for, taken for plain ones, would be told as a
# changed go.mod or zip; and a label that lies is not worth finding out.
STRICTER = {"encoding-false-br", "encoding-false-zstd"}
# What @latest said is all that ``go`` knows of that version; a mirror that has no
# .info to give would have to make one up.
STRICTER |= {"info-missing"}

pytestmark = pytest.mark.go


def taken_by_go(client: GoClient) -> set[str]:
    """Return which versions ``go`` gets: listed, latest, and downloaded."""
    tagged, untagged = zip(*map(modules_of, ODD), strict=True)
    listed = objects(client, "list", "-m", "-e", "-json", "-versions", *tagged)
    found = {
        f"{each['Path']}@{version}"
        for each in listed
        for version in each.get("Versions", ())
    }
    latest = [f"{path}@latest" for path in untagged]
    for each in objects(client, "list", "-m", "-e", "-json", *latest):
        if "Error" not in each:
            found.add(f"{each['Path']}@{each['Version']}")
    got = objects(client, "mod", "download", "-json", *sorted(found))
    return {
        f"{each['Path']}@{each['Version']}" for each in got if not each.get("Error")
    }


def objects(client: GoClient, *arguments: str) -> list[dict[str, Any]]:
    """Return the JSON objects that a go command prints, one after the other."""
    text = client.try_run(*arguments).stdout
    decoder, found, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


@pytest.mark.long
def test_gosync_takes_what_go_takes(tmp_path: Path) -> None:
    with Simulator() as sim, OddUpstream(sim) as odd:
        with GoClient(
            tmp_path / "go", goproxy=odd.url, gosumdb="off", go=need_go(NEWEST)
        ) as client:
            go = taken_by_go(client)
        site = Site(
            tmp_path / "site",
            sim,
            modules=[path for name in ODD for path in modules_of(name)],
            upstream={
                "proxies": odd.url,
                "sumdb": f"{sim.verifier_key} {sim.start_database()}",
                "retries": 0,
                "timeout_seconds": 10,
            },
        )
        result = site.sync(expect=None)
    carried = site.carried()
    every = {f"{path}@{v}" for path in modules_of("sound")[:1] for v in TAGS}
    assert every | {f"{modules_of('sound')[1]}@{COMMITS[1]}"} <= go & carried
    stricter = {each.split("/")[1] for each in go - carried}
    assert stricter == STRICTER, json.dumps(result.failed, indent=1)
    looser = {each.split("/")[1] for each in carried - go}
    # Where no list is had the newest version is followed, as `go get` would name it.
    latest = {"latest-not-implemented", "latest-not-allowed", "list-missing"}
    assert looser <= latest, looser
